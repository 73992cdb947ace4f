"""Configurations that ask for more numbers than there is memory."""

from __future__ import annotations

from typing import Any

from case import REFUSED, Case
from keras_bytes import (
    Model,
    dense,
    drawn,
    input_layer,
    layer,
    sequential,
    weights_of_dense,
)

from areas.ports.ported import EITHER, both

BILLION = 10**9

# What a layer makes of a vector of 3, and is not held by any array.
OF_A_VECTOR: dict[str, list[Any]] = {
    "repeat": [layer("RepeatVector", "odd", n=BILLION)],
    "reshape": [layer("Reshape", "odd", target_shape=[10**12])],
    "reshape-of-open-size": [layer("Reshape", "odd", target_shape=[-1, BILLION])],
    "one-hot": [
        layer("CategoryEncoding", "odd", num_tokens=BILLION, output_mode="one_hot")
    ],
    "repeat-twice": [
        layer("RepeatVector", "odd", n=30_000),
        layer("Flatten", "flat"),
        layer("RepeatVector", "odder", n=30_000),
    ],
}
OF_AN_IMAGE: dict[str, list[Any]] = {
    "upsampling": [layer("UpSampling2D", "odd", size=[10**6, 10**6])],
    "zero-padding": [layer("ZeroPadding2D", "odd", padding=[[BILLION] * 2] * 2)],
    "zero-padding-on-one-side": [
        layer("ZeroPadding2D", "odd", padding=[[BILLION, 0], [0, 0]])
    ],
    "resizing": [layer("Resizing", "odd", height=10**5, width=10**5)],
    "pooling": [layer("MaxPooling2D", "odd", pool_size=[10**8] * 2, padding="same")],
    "adaptive-pooling": [
        layer("AdaptiveAveragePooling2D", "odd", output_size=[10**5, 10**5])
    ],
    "upsampling-often": [
        layer("UpSampling2D", f"odd{n}", size=[8, 8]) for n in range(12)
    ],
}
OF_A_SEQUENCE: dict[str, list[Any]] = {
    "upsampling-of-steps": [layer("UpSampling1D", "odd", size=10**7)],
    "padding-of-steps": [layer("ZeroPadding1D", "odd", padding=[BILLION, BILLION])],
}
# Layers whose arrays are missing, or far smaller than the configuration says.
WITH_ARRAYS: dict[str, tuple[list[Any], dict[str, list[Any]]]] = {
    "dense": ([input_layer(3), dense("odd", BILLION)], weights_of_dense()),
    "dense-without-arrays": ([input_layer(3), dense("odd", BILLION)], {}),
    "embedding": (
        [
            input_layer(4),
            layer("Embedding", "odd", input_dim=BILLION, output_dim=64),
        ],
        {"layers/embedding": [drawn(5, 4)]},
    ),
    "embedding-without-arrays": (
        [
            input_layer(4),
            layer("Embedding", "odd", input_dim=BILLION, output_dim=64),
        ],
        {},
    ),
    "convolution": (
        [
            input_layer(8, 8, 3),
            layer("Conv2D", "odd", filters=2, kernel_size=[10**8, 10**8]),
        ],
        {"layers/conv2d": [drawn(2, 2, 3, 2), drawn(2)]},
    ),
    "lstm": (
        [input_layer(5, 3), layer("LSTM", "odd", units=10**6)],
        {"layers/lstm/cell": [drawn(3, 8), drawn(2, 8), drawn(8)]},
    ),
    "strides": (
        [
            input_layer(8, 8, 3),
            layer(
                "Conv2DTranspose",
                "odd",
                filters=2,
                kernel_size=[2, 2],
                strides=[10**6, 10**6],
            ),
        ],
        {"layers/conv2d_transpose": [drawn(2, 2, 2, 3), drawn(2)]},
    ),
    "dilation": (
        [
            input_layer(8, 8, 3),
            layer(
                "Conv2D",
                "odd",
                filters=2,
                kernel_size=[2, 2],
                dilation_rate=[10**8, 10**8],
                padding="same",
            ),
        ],
        {"layers/conv2d": [drawn(2, 2, 3, 2), drawn(2)]},
    ),
}
# Shapes of inputs; the layer that reads them has no arrays.
INPUTS: dict[str, list[Any]] = {
    "a-billion": [None, BILLION],
    "a-batch-of-a-billion": [BILLION, 3],
    "a-trillion-of-pixels": [None, 10**6, 10**6, 3],
    "more-than-64-bits": [None, 10**30],
    "negative": [None, -3],
    "zero": [None, 0],
    "a-half": [None, 1.5],
    "text": [None, "3"],
    "true": [None, True],
    "an-object": [None, {"a": 1}],
    "70-axes": [None] + [1] * 70,
    "nothing": [],
    "text-for-a-shape": "3",  # type: ignore[dict-item]
    "a-number-for-a-shape": 3,  # type: ignore[dict-item]
}
READ_AS_A_NUMBER_EACH = ("nothing",)  # whose shape is told, as that of a scalar
DTYPES: dict[str, Any] = {
    "string": "string",
    "complex": "complex64",
    "nothing-there-is": "float7",
    "a-number": 32,
    "code": "float32'); __import__('os').system('touch canary'); ('",
}


def cases() -> list[Case]:
    """Models that are refused before anything is made of them."""
    made = []
    for shape, group in (
        ((3,), OF_A_VECTOR),
        ((8, 8, 3), OF_AN_IMAGE),
        ((8, 3), OF_A_SEQUENCE),
    ):
        for name, layers in group.items():
            model = Model(sequential(input_layer(*shape), *layers), {})
            made += both(f"bomb-{name}", model, "odd")
    for name, (layers, arrays) in WITH_ARRAYS.items():
        made += both(f"bomb-{name}", Model(sequential(*layers), arrays), "odd")
    activation = layer("Activation", "odd", activation="relu")
    for name, value in INPUTS.items():
        x = layer("InputLayer", "x", batch_shape=value)
        statuses = EITHER if name in READ_AS_A_NUMBER_EACH else (REFUSED,)
        model = Model(sequential(x, activation), {})
        made += both(f"input-of-{name}", model, "", statuses)
    for name, value in DTYPES.items():
        x = layer("InputLayer", "x", batch_shape=[None, 3])
        x["config"]["dtype"] = value
        statuses = EITHER if name == "a-number" else (REFUSED,)
        model = Model(sequential(x, activation), {})
        made += both(f"input-dtype-{name}", model, "", statuses)
    return made
