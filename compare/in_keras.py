"""How a model is built, loaded and run in Keras; `in_pytorch.py` is its twin.

What depends on Keras's backend lives here alone. Only on TensorFlow does Keras compute
in float64: its type promotion turns float64 into float32 on JAX and on PyTorch.
"""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import contextmanager

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras  # after the settings it reads
import tensorflow

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
        input_shape: of one input, (time, features); time None admits any length.
        dtype: "float32" or "float64".
        output: name of the stage that the model returns.
    """

    def __init__(
        self,
        make: Callable[[], keras.Model],
        input_shape: tuple[int | None, ...],
        dtype: str,
        output: str,
    ):
        self.dtype, self.output, self.input_shape = dtype, output, input_shape
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
            x = keras.Input(input_shape, dtype=dtype)
            self._functional = keras.Model(x, self.model(x))
        # Eager Keras takes about 1 ms a step; one trace serves every length.
        spec = tensorflow.TensorSpec((None, *input_shape), dtype)
        self._run = tensorflow.function(
            self._compute, input_signature=[spec], autograph=False
        )

    def __call__(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Every stage of the model on x, in the order of computation.

        Args:
            x: float32, (batch, time, features).

        Returns:
            Arrays by stage: the output of every layer by its attribute name, an LSTM's
            final states as `<name>.h` and `<name>.c`, and the model's own result. An
            LSTM without `return_sequences` has no output at every step to return.
        """
        fits = len(x.shape) == len(self.input_shape) + 1 and all(
            want in (None, have)
            for want, have in zip(self.input_shape, x.shape[1:], strict=True)
        )
        run = (
            self._run if fits else self._compute
        )  # the refusal is the model's, not ours
        with settled(self.dtype):
            results = run(keras.ops.convert_to_tensor(x, dtype=self.dtype))
        return {
            name: keras.ops.convert_to_numpy(tensor)
            for name, tensor in zip(self._names, results, strict=True)
        }

    def _compute(self, x):
        """The stages as a list; their names go to `self._names`."""
        self.traces += 1
        stages = {}
        children = _children(self.model)
        try:
            for name, layer in children.items():
                vars(layer)["call"] = self._record(stages, name, layer)
            result = self._functional(x, training=False)
        finally:
            for layer in children.values():
                vars(layer).pop("call", None)
        stages = {name: t for name, t in stages.items() if t is not result}
        stages[self.output] = result
        self._names = list(stages)
        return list(stages.values())

    def _record(self, stages, name, layer):
        call = layer.call

        def record(*args, **kwargs):
            if not isinstance(layer, keras.layers.LSTM):
                stages[name] = call(*args, **kwargs)
                return stages[name]
            asked = layer.return_state
            layer.return_state = (
                True  # changes what is handed out, not what is computed
            )
            try:
                result, h, c = call(*args, **kwargs)  # h, c: (batch, hidden_size)
            finally:
                layer.return_state = asked
            if layer.return_sequences:
                stages[name] = result
            stages.update({f"{name}.h": h, f"{name}.c": c})
            return (result, h, c) if asked else result

        return record


def _children(model):
    """Layers by attribute name, in the order of their assignment."""
    return {n: a for n, a in vars(model).items() if isinstance(a, keras.Layer)}


def layers(model: keras.Model) -> dict[str, Layer]:
    """The layers of a model that hold arrays, by attribute name.

    Raises:
        BadInput: if the model has no weights yet, or some outside its layers.
    """
    found, count = {}, 0
    for name, layer in _children(model).items():
        if layer.weights:
            arrays = {v.name: v.numpy() for v in layer.weights}
            count += len(layer.weights)
            found[name] = Layer(type(layer).__name__, arrays)
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
        for variable in getattr(model, name).weights:
            variable.assign(values[variable.name])


def message(error: Exception) -> str:
    """What a refusal says, in one line: Keras wraps it and makes it bold."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    lines = [line for line in text.splitlines() if line.strip()]
    return next(line for line in lines if not line.startswith("Exception encountered"))
