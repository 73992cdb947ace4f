"""How a model is built, loaded, run and differentiated in Keras.

`in_pytorch.py` is its twin. What depends on Keras's backend lives here and in
`keras_training.py`. Only on TensorFlow does Keras compute in float64: its type
promotion turns float64 into float32 on JAX and on PyTorch.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras  # after the settings it reads
import tensorflow

from compare.cases import Input, check_outputs
from compare.errors import BadInput
from compare.transfer import Layer

# What a model raises when it rejects its input.
REFUSALS = (ValueError, tensorflow.errors.InvalidArgumentError)


def versions() -> dict[str, str]:
    """What runs the models."""
    backend = f"tensorflow {tensorflow.__version__}"
    return {"keras": keras.__version__, "backend": backend}


@contextmanager
def settled(dtype: str):
    """Layers made inside compute in `dtype`, for which `set_floatx` is not enough."""
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


class Twin:
    """A model in one precision, ready to run; each call returns its stages.

    Args:
        make: builds the model, with weights of any value.
        inputs: name, shape and kind of each argument; None in a shape admits any size.
        dtype: "float32" or "float64".
        outputs: names of the stages that the model returns, in order.
    """

    def __init__(
        self,
        make: Callable[[], keras.Model],
        inputs: Sequence[Input],
        dtype: str,
        outputs: Sequence[str],
    ):
        self.inputs, self.dtype, self.outputs = inputs, dtype, outputs
        self.traces = 0
        self._names = []
        if keras.backend.result_type(dtype, dtype) != dtype:
            raise BadInput(
                f"KERAS_BACKEND={keras.backend.backend()}: expected a backend on which "
                f"Keras computes in {dtype}, which is to judge, got one on which it "
                "falls back to float32; set KERAS_BACKEND=tensorflow"
            )
        with settled(dtype):
            self.model = make()
            if type(self.model).build is keras.Model.build:
                # Calling the model builds its layers; Keras would trace it once more
                # just for that.
                self.model.built = True
            args = [
                keras.Input(batch_shape=each.shape, dtype=each.dtype or dtype)
                for each in inputs
            ]
            named = {each.name: x for each, x in zip(inputs[1:], args[1:], strict=True)}
            self._functional = keras.Model(args, self.model(args[0], **named))
        # Eager Keras takes about 1 ms a step; one trace serves every length.
        self._run = self.traced(self._compute)
        self._gradients = {}

    def __call__(self, *arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Every stage of the model on its inputs, in the order of computation.

        Args:
            arrays: one for each of `inputs`; floats in float32, lengths in int64.

        Returns:
            Arrays by stage: the output of every layer by its attribute name, a
            recurrent one's (batch, time, hidden_size), with its final states as
            `<name>.h` and `<name>.c`; and the model's own results. A recurrent layer
            without `return_sequences` has no output at every step to return.
        """
        # What does not fit the trace goes to the model itself: the refusal is not ours.
        run = self._run if _fits(self.inputs, arrays) else self._compute
        with settled(self.dtype):
            results = run(*self.tensors(arrays))
        return {
            name: keras.ops.convert_to_numpy(tensor)
            for name, tensor in zip(self._names, results, strict=True)
        }

    def gradients(
        self,
        loss: Callable,
        arrays: Sequence[np.ndarray],
        targets: Sequence[np.ndarray],
        valid: Sequence[np.ndarray | None],
    ) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, Layer]]:
        """A loss, and its gradients by input and by layer.

        Args:
            loss: takes a result of the model and its target.
            arrays: one for each of `inputs`.
            targets: one for each result that counts, in order; the losses are added.
            valid: for each target, where a result is not valid, True where it is,
                shaped to broadcast over it; or None. What is not valid counts as zero.
        """
        behind = {  # TensorFlow's variables; Keras's have no zeros to stand for nothing
            name: {key: variable.value for key, variable in holds.items()}
            for name, holds in holders(self.model).items()
        }
        masks = [where for where in valid if where is not None]

        def compute(*args):
            args = iter(args)
            tensors = list(islice(args, len(arrays)))
            aims = list(islice(args, len(targets)))
            where = [None if each is None else next(args) for each in valid]
            floats = [x for x in tensors if x.dtype.is_floating]
            with tensorflow.GradientTape() as tape:
                tape.watch(floats)
                value = self.loss(loss, tensors, aims, where)
            zero = tensorflow.UnconnectedGradients.ZERO
            return value, *tape.gradient(
                value, [floats, behind], unconnected_gradients=zero
            )

        if loss not in self._gradients:  # one trace serves every batch and length
            specs = [self.spec(*each) for each in enumerate(targets)]
            specs += [tensorflow.TensorSpec((None,) * w.ndim, bool) for w in masks]
            self._gradients[loss] = self.traced(compute, *specs)
        with settled(self.dtype):
            value, by_input, by_layer = self._gradients[loss](
                *self.tensors(arrays), *self.targets(targets), *masks
            )
        names = [each.name for each in self.inputs if not each.dtype]
        by_input = [keras.ops.convert_to_numpy(tensor) for tensor in by_input]
        found = {
            name: Layer(
                _kind(getattr(self.model, name)),
                {key: keras.ops.convert_to_numpy(g) for key, g in gradients.items()},
            )
            for name, gradients in by_layer.items()
        }
        return value.numpy(), dict(zip(names, by_input, strict=True)), found

    def spec(self, number: int, target: np.ndarray) -> tensorflow.TensorSpec:
        """What a trace knows of the target of a result: the result's own sizes."""
        if target.dtype.kind != "f":
            return tensorflow.TensorSpec((None, *target.shape[1:]), target.dtype)
        return tensorflow.TensorSpec(self._functional.outputs[number].shape, self.dtype)

    def traced(self, function, *more):
        """A function of the inputs, and of `more`, as one that TensorFlow compiles."""
        specs = [
            tensorflow.TensorSpec(each.shape, each.dtype or self.dtype)
            for each in self.inputs
        ]
        # TensorFlow counts the traces of one piece of code together, those of different
        # models too, and warns; it knows a partial as something of its own.
        return tensorflow.function(
            partial(function), input_signature=[*specs, *more], autograph=False
        )

    def tensors(self, arrays):
        """The inputs in the twin's precision."""
        return [
            keras.ops.convert_to_tensor(array, dtype=each.dtype or self.dtype)
            for each, array in zip(self.inputs, arrays, strict=True)
        ]

    def targets(self, targets):
        """Floats in the twin's precision, labels as they are."""
        return [
            keras.ops.convert_to_tensor(
                t, dtype=self.dtype if t.dtype.kind == "f" else t.dtype
            )
            for t in targets
        ]

    def loss(self, loss, tensors, targets, valid, training=False):
        """The loss on tensors, of the results that have a target."""
        total = 0
        results = self._functional(list(tensors), training=training)
        results = results if isinstance(results, list | tuple) else (results,)
        for result, target, where in zip(results, targets, valid, strict=False):
            if where is not None:
                result = keras.ops.where(where, result, 0)
            total = total + loss(result, target)
        return total

    def _compute(self, *args):
        """The stages as a list; their names go to `self._names`."""
        self.traces += 1
        stages = {}
        children = {}
        for name, attribute in vars(self.model).items():
            if isinstance(attribute, list) and not name.startswith("_"):
                attribute = attribute[-1]  # what a stack of layers hands on
            if isinstance(attribute, keras.Layer):
                children[name] = attribute
        try:
            for name, layer in children.items():
                vars(layer)["call"] = self._record(stages, name, layer)
            results = self._functional(list(args), training=False)
        finally:
            for layer in children.values():
                vars(layer).pop("call", None)
        results = results if isinstance(results, list | tuple) else (results,)
        check_outputs(self, results)
        stages = {
            name: tensor
            for name, tensor in stages.items()
            if all(tensor is not result for result in results)
        }
        stages |= zip(self.outputs, results, strict=True)
        self._names = list(stages)
        return list(stages.values())

    def _record(self, stages, name, layer):
        call = layer.call

        def record(*args, **kwargs):
            if not isinstance(layer, keras.layers.RNN):
                result = call(*args, **kwargs)
                # A Bidirectional may return its final states behind its output, or,
                # like any recurrent layer, no output at every step to compare.
                if getattr(layer, "return_sequences", True):
                    several = isinstance(result, list | tuple)
                    stages[name] = result[0] if several else result
                return result
            asked = layer.return_state
            layer.return_state = (
                True  # changes what is handed out, not what is computed
            )
            try:
                result, *states = call(*args, **kwargs)  # states: (batch, hidden_size)
            finally:
                layer.return_state = asked
            if layer.return_sequences:
                stages[name] = result
            keys = (f"{name}.{letter}" for letter in "hc")
            stages.update(zip(keys, states, strict=False))
            return (result, *states) if asked else result

        return record


def _fits(inputs, arrays):
    """Whether arrays have the shapes of the inputs, and lengths are those of sequences.

    A traced model cannot refuse a value, only a shape; the eager one can refuse both.
    """
    for each, array in zip(inputs, arrays, strict=True):
        if array.ndim != len(each.shape) or any(
            want not in (None, have)
            for want, have in zip(each.shape, array.shape, strict=True)
        ):
            return False
        if each.name == "lengths":
            batch, time = arrays[0].shape[:2]
            if len(array) != batch or not all(1 <= n <= time for n in array):
                return False
    return True


def layers(model: keras.Model) -> dict[str, Layer]:
    """The layers of a model that hold arrays, by attribute name.

    A list of layers, such as the layers of a stack, counts as one, and the names of its
    arrays begin with the position in the list; so do those of a `Bidirectional` with
    the direction: `1.backward.kernel`.

    Raises:
        BadInput: if the model has no weights yet, or some outside its layers, or
            some in bfloat16.
    """
    found, count = {}, 0
    for name, holds in holders(model).items():
        count += len(holds)
        for key, variable in holds.items():
            if variable.dtype == "bfloat16":
                raise BadInput(
                    f"{name}.{key}: expected numbers that NumPy has as well, got "
                    "bfloat16; give the layer another dtype first"
                )
        arrays = {key: variable.numpy() for key, variable in holds.items()}
        found[name] = Layer(_kind(getattr(model, name)), arrays)
    if not found or count != len(model.weights):
        raise BadInput(
            f"{type(model).__name__}: expected a built Keras model whose layers hold "
            f"all its weights, got {len(model.weights)} weights, {count} of them in "
            "layers; call it once on an input first"
        )
    return found


def load(model: keras.Model, arrays: Mapping[str, Mapping[str, np.ndarray]]):
    """Write arrays, by layer and name, into a model, each in the model's precision."""
    for name, values in arrays.items():
        for key, variable in variables(getattr(model, name)).items():
            variable.assign(values[key])


def holders(model) -> dict[str, dict[str, keras.Variable]]:
    """What each layer of a model holds, by attribute name and its own."""
    found = {
        name: variables(attribute)
        for name, attribute in vars(model).items()
        if not name.startswith("_")  # Keras's own lists of the layers
    }
    return {name: holds for name, holds in found.items() if holds}


def _parts(attribute):
    """The layers inside a list or a `Bidirectional`, by the prefix of their arrays."""
    if isinstance(attribute, list | tuple):
        layers = [part for part in attribute if isinstance(part, keras.Layer)]
        return {f"{number}.": part for number, part in enumerate(layers)}
    if isinstance(attribute, keras.layers.Bidirectional):
        both = attribute.forward_layer, attribute.backward_layer
        return dict(zip(("forward.", "backward."), both, strict=True))
    return {}


def variables(attribute) -> dict[str, keras.Variable]:
    """What a layer, or a list of layers, holds, by name."""
    parts = _parts(attribute)
    if parts:
        return {
            prefix + name: variable
            for prefix, part in parts.items()
            for name, variable in variables(part).items()
        }
    weights = attribute.weights if isinstance(attribute, keras.Layer) else ()
    return {variable.name: variable for variable in weights}


# What PyTorch's layers compute. A Keras layer may be asked for something else.
IN_PYTORCH = {
    "LSTM": dict(activation=["tanh"], recurrent_activation=["sigmoid"]),
    "GRU": dict(
        activation=["tanh"], recurrent_activation=["sigmoid"], reset_after=[True]
    ),
    "SimpleRNN": dict(activation=["tanh", "relu"]),  # PyTorch's nonlinearity
    "Dense": dict(activation=["linear"]),
}


def _kind(attribute):
    """Name of the layer's class, with the options in it that PyTorch has no layer for.

    Of an `RNN` around a cell, the cell's; of several parts, the first one's.
    """
    for part in _parts(attribute).values():
        return _kind(part)
    kind = type(attribute).__name__
    if type(attribute) is keras.layers.RNN:
        return type(attribute.cell).__name__.removesuffix("Cell")
    asked = []
    if getattr(attribute, "go_backwards", False):  # beside no forward direction
        asked.append("go_backwards=True")
    for option, known in IN_PYTORCH.get(kind, {}).items():
        value = getattr(attribute, option)
        value = getattr(value, "__name__", value)
        if value not in known:
            asked.append(f"{option}={value}")
    if asked:
        return f"{kind}({', '.join(asked)})"
    relu = kind == "SimpleRNN" and attribute.activation.__name__ == "relu"
    return f"{kind}(relu)" if relu else kind


def message(error: Exception) -> str:
    """What a refusal says, in one line.

    Keras wraps it and makes it bold; TensorFlow puts it behind where it arose.
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    wrapping = ("Exception encountered", "Graph execution error", "Detected at", "[[")
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(wrapping)]
    return lines[-1 if "Graph execution error" in text else 0]
