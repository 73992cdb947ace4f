"""What makes Keras compute in float64 on TensorFlow, constants included."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps

import numpy as np

# It sets what Keras reads, and comes first.
import compare.keras_layers  # noqa: F401

import keras  # isort: skip
import tensorflow  # isort: skip


@contextmanager
def settled(dtype: str, exact: bool = True):
    """Layers made inside compute in `dtype`, for which `set_floatx` is not enough.

    Args:
        dtype: "float32" or "float64".
        exact: whether constants are, see `exact_constants`. Those of Keras's optimizers
            are not to be: what they are rounded to is part of how Keras learns. What
            learns takes many steps, for which TensorFlow may prepare.
    """
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        with ExitStack() as stack:
            if exact:
                stack.enter_context(exact_constants(dtype))
                stack.enter_context(unprepared())
            yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


@contextmanager
def unprepared() -> Iterator[None]:
    """Graphs run inside as they were traced; TensorFlow does not rewrite them first.

    That takes as long as the trace where there are gradients, and is not earned back:
    a twin runs a few times on few steps.
    """
    options = tensorflow.config.optimizer
    before = options.get_experimental_options().get("disable_meta_optimizer", False)
    options.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        options.set_experimental_options({"disable_meta_optimizer": before})


@contextmanager
def exact_constants(dtype: str):
    """Numbers of a model's own have all their digits in float64 inside.

    TensorFlow takes them through float32: `tf.cast(0.1, "float64")` is 1.5e-9 off,
    the slope of `tf.nn.leaky_relu` is a float32 attribute of its kernel, and
    `tf.nn.gelu` casts its constants. PyTorch holds them in float64, so correct twins
    would differ by what float32 rounds, which does not shrink. Keras's backend looks
    these functions up where it calls them, as a user's own layers do.

    Source: https://www.tensorflow.org/api_docs/python/tf/cast, "this operation can lead
        to a loss of precision when converting native Python float".
    """
    exact = (tensorflow, "cast", _cast), (tensorflow.nn, "leaky_relu", _leaky_relu)
    exact = (*exact, (tensorflow.nn, "gelu", _gelu)) if dtype == "float64" else ()
    kept = [(home, name, getattr(home, name)) for home, name, _ in exact]
    try:
        for (home, name, make), (*_, function) in zip(exact, kept, strict=True):
            setattr(home, name, wraps(function)(make(function)))
        yield
    finally:
        for home, name, function in kept:
            setattr(home, name, function)


def _cast(function):
    def cast(x, dtype, name=None):
        double = tensorflow.as_dtype(dtype) == tensorflow.float64
        if double and _is_of_python(x):
            return tensorflow.convert_to_tensor(x, tensorflow.float64, name=name)
        return function(x, dtype, name=name)

    return cast


def _is_of_python(x):
    """Whether this is a number of Python's, or lists of them, some not whole."""
    numbers = keras.tree.flatten(x) if isinstance(x, float | list | tuple) else []
    plain = all(type(each) in (int, float) for each in numbers)
    return plain and any(type(each) is float for each in numbers)


def _leaky_relu(function):
    def leaky_relu(features, alpha=0.2, name=None):
        if not _is_double(features):
            return function(features, alpha=alpha, name=name)
        slope = tensorflow.constant(np.asarray(alpha, np.float64))
        return tensorflow.where(features > 0, features, slope * features, name=name)

    return leaky_relu


def _gelu(function):
    def gelu(features, approximate=False, name=None):
        if not _is_double(features):
            return function(features, approximate=approximate, name=name)
        if approximate:
            inner = features + 0.044715 * tensorflow.pow(features, 3)
            return 0.5 * features * (1 + tensorflow.tanh(np.sqrt(2 / np.pi) * inner))
        return 0.5 * features * tensorflow.math.erfc(-features * np.sqrt(0.5))

    return gelu


def _is_double(features):
    return getattr(features, "dtype", None) == tensorflow.float64


def widen(model: keras.Model):
    """Let tensors that layers of float64 hold beside their weights be float64.

    A `Normalization` takes the root of the variance that it was given in float32, also
    where it computes in float64.
    """
    for layer in model._flatten_layers():
        for name, value in vars(layer).items():
            own = tensorflow.is_tensor(value) and not isinstance(value, keras.Variable)
            if own and (value.dtype, layer.compute_dtype) == ("float32", "float64"):
                vars(layer)[name] = tensorflow.cast(value, tensorflow.float64)


def narrowing(graph) -> str:
    """The node of a graph that takes float64 to less, if one does.

    Args:
        graph: TensorFlow's, as a `GraphDef`.
    """
    nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
    double, *less = (
        getattr(tensorflow, name).as_datatype_enum
        for name in ("float64", "float32", "float16", "bfloat16")
    )
    for node in nodes:
        kinds = [node.attr[key].type for key in ("SrcT", "DstT")]
        if node.op == "Cast" and kinds[0] == double and kinds[1] in less:
            return node.name
    return ""
