"""Settings of layers that no Keras writes, and classes that it does not have."""

from __future__ import annotations

from typing import Any

from case import Case
from keras_bytes import (
    Config,
    Model,
    called,
    dense,
    drawn,
    functional,
    input_layer,
    layer,
    right,
    sequential,
    weights_of_dense,
)

from areas.ports.ported import both

CODE = "__import__('os').system('touch canary-of-a-setting')"
# Closes the text or the call that it is written into, and runs code.
INJECTIONS = (f'"); {CODE}; ("', CODE)

UNITS: dict[str, Any] = {
    "a-trillion": 10**12,
    "minus-one": -1,
    "zero": 0,
    "a-half": 1.5,
    "text": "64",
    "NaN": float("nan"),
    "infinite": float("inf"),
    "true": True,
    "null": None,
    "a-list": [2],
    "an-object": {"class_name": "Lambda", "config": {}},
    "left-out": ...,
}

# Layers that keep the shape, with one setting that is wrong.
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "slope-of-text": ("LeakyReLU", {"negative_slope": "0.3"}),
    "slope-of-NaN": ("LeakyReLU", {"negative_slope": float("nan")}),
    "slope-of-a-list": ("LeakyReLU", {"negative_slope": [0.1, 0.2]}),
    "rate-of-text": ("Dropout", {"rate": "0.5"}),
    "rate-of-2": ("Dropout", {"rate": 2.0}),
    "rate-of-null": ("Dropout", {"rate": None}),
    "axis-of-text": ("Softmax", {"axis": "last"}),
    "axis-of-99": ("Softmax", {"axis": 99}),
    "alpha-of-an-object": ("ELU", {"alpha": {"a": 1}}),
    "relu-of-text": ("ReLU", {"max_value": "6"}),
    "masking-with-text": ("Masking", {"mask_value": "0"}),
    "masking-with-a-list": ("Masking", {"mask_value": [0.0]}),
    "norm-without-epsilon": ("LayerNormalization", {"epsilon": "1e-3"}),
    "rescaling-of-text": ("Rescaling", {"scale": "2", "offset": 0.0}),
    "reshape-of-text": ("Reshape", {"target_shape": "3"}),
    "reshape-of-halves": ("Reshape", {"target_shape": [1.5, 2]}),
    "reshape-of-minus-ones": ("Reshape", {"target_shape": [-1, -1]}),
    "permute-of-nothing": ("Permute", {"dims": [9, 9]}),
    "repeat-of-text": ("RepeatVector", {"n": "2"}),
    "noise-of-null": ("GaussianNoise", {"stddev": None}),
}
ACTIVATIONS: dict[str, Any] = {
    "unknown": "my_own_activation",
    "a-number": 3,
    "a-list": ["relu"],
    "true": True,
    "a-foreign-object": {
        "module": "os",
        "class_name": "system",
        "config": {"command": "touch canary"},
        "registered_name": "os>system",
    },
    "a-function": {"module": "builtins", "class_name": "function", "config": "exec"},
    "a-lambda": {
        "class_name": "__lambda__",
        "config": {"value": ["4wAAAA==", None, None]},
    },
    "an-object-of-nothing": {},
    "a-slope-of-code": {"class_name": "LeakyReLU", "config": {"alpha": INJECTIONS[0]}},
}
CLASSES: dict[str, Any] = {
    "empty": "",
    "a-number": 7,
    "null": None,
    "a-list": ["Dense"],
    "private": "__class__",
    "dotted": "Dense.__init__",
    "code": INJECTIONS[0],
    "custom": "MyDense",
    "registered": "mine>MyDense",
    "of-torch": "TorchModuleWrapper",
    "of-tensorflow": "TFSMLayer",
    "of-jax": "JaxLayer",
    "10000-letters": "D" * 10_000,
}


def cases() -> list[Case]:
    """Configurations of which nothing can be made, and nothing may be run."""
    made = []
    for name, units in UNITS.items():
        made += both(f"units-{name}", _with_units(units), "odd.")
    for name, (cls, config) in SETTINGS.items():
        made += both(f"setting-{name}", _with(layer(cls, "odd_one", **config)), "odd")
    for name, value in ACTIVATIONS.items():
        changed = dense()
        changed["config"]["activation"] = value
        model = Model(sequential(input_layer(3), changed), weights_of_dense())
        made += both(f"activation-{name}", model, "fc")
    for name, cls in CLASSES.items():
        made += both(f"class-{name}", _with({**layer("Dense", "d"), "class_name": cls}))
    made += _own_code()
    made += _injected()
    return made


def _with_units(units: Any) -> Model:
    config = dense(units=units)
    if units is ...:
        del config["config"]["units"]
    return Model(sequential(input_layer(3), config), weights_of_dense())


def _with(odd: Config) -> Model:
    """The right model with one more layer."""
    return Model(sequential(input_layer(3), dense(), odd), weights_of_dense())


def _own_code() -> list[Case]:
    """Layers whose code is in the file, or in a package."""
    marshalled = {"class_name": "__lambda__", "config": {"value": "4wAAAAAA"}}
    old = ["4wEAAAABAAAA\n", None, None]
    own = {**layer("MyLayer", "own"), "module": "os.path", "registered_name": "My>Own"}
    foreign = {**layer("Dense", "own", units=2), "module": "subprocess"}
    subclassed = {
        "module": "__main__",
        "class_name": "MyModel",
        "config": {"a": 1},
        "registered_name": "MyModel",
    }
    no_layers = {"class_name": "Sequential", "config": {"name": "m"}}
    bidirectional = layer("Bidirectional", "b", layer=layer("Lambda", "l"))
    return [
        *both("lambda", _with(layer("Lambda", "l", function=marshalled)), "Lambda"),
        *both("lambda-of-keras-2", _with(layer("Lambda", "l", function=old)), "Lambda"),
        *both("layer-of-the-users-own", _with(own), "own"),
        *both("dense-of-another-package", _with(foreign), "own"),
        *both("model-of-the-users-own", Model(subclassed, weights_of_dense())),
        *both("model-without-layers", Model(no_layers, weights_of_dense())),
        *both("model-of-no-layers", Model(sequential(), {})),
        *both("lambda-in-a-wrapper", _with(bidirectional), "Lambda"),
        *both("wrapper-of-nothing", _with(layer("TimeDistributed", "t"))),
        *both("wrapper-of-null", _with(layer("TimeDistributed", "t", layer=None))),
        *both("rnn-of-nothing", _with(layer("RNN", "r", cell=None))),
        *both("settings-of-a-list", _with({**layer("Dense", "d"), "config": []})),
        *both("settings-of-null", _with({**layer("Dense", "d"), "config": None})),
        *both("layer-of-text", _with("Dense")),  # type: ignore[arg-type]
    ]


def _injected() -> list[Case]:
    """Code in the place of settings that are written into the port's source."""
    made = []
    for number, code in enumerate(INJECTIONS[:1]):
        odd = [
            layer("LeakyReLU", "odd_one", negative_slope=code),
            layer("Softmax", "odd_one", axis=code),
            layer("Reshape", "odd_one", target_shape=[1, code]),
            layer("Rescaling", "odd_one", scale=code, offset=code),
            layer("Rescaling", "odd_one", scale=[code, 1.0], offset=0.0),
            layer("LayerNormalization", "odd_one", epsilon=code),
            layer("ReLU", "odd_one", max_value=code, negative_slope=code),
            layer("ELU", "odd_one", alpha=code),
            layer("GaussianNoise", "odd_one", stddev=code),
            layer("Activation", "odd_one", activation=code),
            layer("Dropout", "odd_one", rate=0.5, noise_shape=[code]),
            layer("CategoryEncoding", "odd_one", num_tokens=4, output_mode=code),
            layer("Discretization", "odd_one", bin_boundaries=[code]),
            layer("Normalization", "odd_one", mean=[code], variance=[code], axis=-1),
            layer("Masking", "odd_one", mask_value=code),
        ]
        for config in odd:
            name = f"code-{number}-in-{config['class_name'].lower()}"
            names = [case.name for case in made]
            if f"ports/{name}-in-zip" in names:
                name += "-again"
            made += both(name, _with(config), "odd")
        made += _in_images(number, code)
        made += _in_calls(number, code)
    return made


def _in_images(number: int, code: str) -> list[Case]:
    """Code in settings of layers that read images."""
    kernel = {"layers/conv2d": [drawn(2, 2, 3, 2), drawn(2)]}
    window = {"filters": 2, "kernel_size": [2, 2]}
    odd: list[tuple[Config, dict[str, Any]]] = [
        (layer("Conv2D", "odd_one", **{**window, "strides": [code, 1]}), kernel),
        (layer("Conv2D", "odd_one", **window, padding=code), kernel),
        (layer("Conv2D", "odd_one", **window, data_format=code), kernel),
        (layer("Conv2D", "odd_one", **window, dilation_rate=code), kernel),
        (layer("MaxPooling2D", "odd_one", pool_size=[code, 2]), {}),
        (layer("ZeroPadding2D", "odd_one", padding=[[code, 1], [1, 1]]), {}),
        (layer("Cropping2D", "odd_one", cropping=[[code, 1], [1, 1]]), {}),
        (layer("UpSampling2D", "odd_one", size=[2, 2], interpolation=code), {}),
        (layer("Resizing", "odd_one", height=code, width=4), {}),
        (layer("Resizing", "odd_one", height=4, width=4, interpolation=code), {}),
        (layer("CenterCrop", "odd_one", height=code, width=code), {}),
        (layer("Permute", "odd_one", dims=[2, 1, code]), {}),
        (layer("GlobalAveragePooling2D", "odd_one", keepdims=code), {}),
    ]
    made = []
    for place, (config, arrays) in enumerate(odd):
        model = Model(sequential(input_layer(8, 8, 3), config), arrays)
        name = f"code-{number}-in-image-{place}-{config['class_name'].lower()}"
        made += both(name, model, "odd")
    return made


def _in_calls(number: int, code: str) -> list[Case]:
    """Code in what operations are called with."""
    made = []
    operations: dict[str, dict[str, Any]] = {
        "Mean": {"axis": code, "keepdims": False},
        "Einsum": {"subscripts": code},
        "Reshape": {"newshape": [1, code]},
        "Transpose": {"axes": [0, code]},
        "Cast": {"dtype": code},
        "LeakyRelu": {"negative_slope": code},
        "ExpandDims": {"axis": code},
        code: {},
    }
    for name, settings in operations.items():
        operation = {
            **layer(name, "odd_one"),
            "module": "keras.src.ops.numpy",
            "config": {"name": "odd_one", **settings},
        }
        config = functional(
            [called(input_layer(3)), called(dense(), "x"), called(operation, "fc")],
            [["x", 0, 0]],
            [["odd_one", 0, 0]],
        )
        shown = "a-class" if name == code else name.lower()
        model = Model(config, weights_of_dense())
        made += both(f"code-{number}-in-ops-{shown}", model, "odd")
    constant = called(layer("Add", "odd_one"), "fc")
    constant["inbound_nodes"][0]["args"].append(code)
    config = functional(
        [called(input_layer(3)), called(dense(), "x"), constant],
        [["x", 0, 0]],
        [["odd_one", 0, 0]],
    )
    made += both(f"code-{number}-as-constant", Model(config, right().arrays), "odd")
    return made
