"""What makes Keras compute in float64 on TensorFlow, constants included."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow

from compare.in_keras import double
from compare.in_keras.by_thread import replaced
from compare.in_keras.internals import every_layer
from compare.judging.words import Precision

LESS = (tensorflow.float32, tensorflow.float16, tensorflow.bfloat16)  # than float64


@contextmanager
def settled(dtype: Precision, exact: bool = True) -> Iterator[None]:
    """Layers made inside compute in `dtype`, for which `set_floatx` is not enough.

    Args:
        dtype: "float32" or "float64".
        exact: whether constants are, see `exact_constants`. Those of Keras's optimizers
            are not to be: what they are rounded to is part of how Keras learns. What
            learns takes many steps, for which TensorFlow may rewrite its graphs.
    """
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        with ExitStack() as stack:
            if exact:
                stack.enter_context(exact_constants(dtype))
                stack.enter_context(graphs_as_traced())
            yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


@contextmanager
def graphs_as_traced() -> Iterator[None]:
    """Let graphs run as they were traced; TensorFlow does not rewrite them first.

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
def exact_constants(dtype: str, home: Any = tensorflow) -> Iterator[None]:
    """Numbers of a model's own have all their digits in float64 inside.

    TensorFlow takes them through float32: `tf.cast(0.1, "float64")` is 1.5e-9 off,
    the slope of `tf.nn.leaky_relu` is a float32 attribute of its kernel, and
    `tf.nn.gelu` casts its constants. PyTorch holds them in float64, so correct twins
    would differ by what float32 rounds, which does not shrink. Keras's backend looks
    these functions up where it calls them, as a user's own layers do. This thread finds
    exact ones there; all others find TensorFlow's own. So it does with functions that
    have no float64 at all, those of `double`.

    Source: https://www.tensorflow.org/api_docs/python/tf/cast, "this operation can lead
        to a loss of precision when converting native Python float".
    """
    if dtype != "float64":
        yield
        return
    exact = {
        (home, "cast"): _cast,
        (home, "constant"): _without_dtype,
        (home, "convert_to_tensor"): _without_dtype,
        (home, "sqrt"): _of_number,
        (home.math, "sqrt"): _of_number,
        (home.math, "rsqrt"): _of_number,
        (home.nn, "leaky_relu"): _leaky_relu,
        (home.nn, "gelu"): _gelu,
        (home.nn, "max_pool"): double.pool,
        (home.nn, "avg_pool"): double.pool,
        (home.nn, "local_response_normalization"): double.local_response,
        (home.nn, "lrn"): double.local_response,
        (home.image, "resize"): double.resize,
    }
    with replaced(exact):
        yield


def _cast(function):
    def cast(x, dtype, name=None):
        to = tensorflow.as_dtype(dtype)
        is_double = to == tensorflow.float64 and _is_of_python(x)
        # As users write the scale of an embedding: tf.sqrt(tf.cast(size, tf.float32)).
        is_size = to == tensorflow.float32 and type(x) is int
        if is_double or (is_size and _is_called_by_user()):
            return tensorflow.convert_to_tensor(x, tensorflow.float64, name=name)
        return function(x, dtype, name=name)

    return cast


def _is_called_by_user() -> bool:
    """Whether neither Keras nor TensorFlow calls the function that asks this."""
    module = sys._getframe(2).f_globals.get("__name__", "")  # noqa: SLF001
    return not module.startswith(("keras.", "tensorflow."))


def _without_dtype(function):
    def converted(value, dtype=None, *args, **kwargs):
        if dtype is None and _is_of_python(value):
            dtype = tensorflow.float64
        return function(value, dtype, *args, **kwargs)

    return converted


def _of_number(function):
    def computed(x, name=None):
        if _is_of_python(x):
            x = tensorflow.convert_to_tensor(x, tensorflow.float64)
        return function(x, name=name)

    return computed


def _is_of_python(x):
    """Whether this is a number of Python's, or lists of them, some not whole."""
    numbers = keras.tree.flatten(x) if isinstance(x, float | list | tuple) else []
    plain = all(type(number) in (int, float) for number in numbers)
    return plain and any(type(number) is float for number in numbers)


def _leaky_relu(function):
    def leaky_relu(features, alpha=0.2, name=None):
        if not double.is_double(features):
            return function(features, alpha=alpha, name=name)
        slope = tensorflow.constant(np.asarray(alpha, np.float64))
        return tensorflow.where(features > 0, features, slope * features, name=name)

    return leaky_relu


def _gelu(function):
    def gelu(features, approximate=False, name=None):
        if not double.is_double(features):
            return function(features, approximate=approximate, name=name)
        if approximate:
            inner = features + 0.044715 * tensorflow.pow(features, 3)
            return 0.5 * features * (1 + tensorflow.tanh(np.sqrt(2 / np.pi) * inner))
        return 0.5 * features * tensorflow.math.erfc(-features * np.sqrt(0.5))

    return gelu


# `tensorflow.is_tensor` asks a protocol, which takes a hundred times as long.
TENSORS = (
    tensorflow.Tensor,
    tensorflow.Variable,
    tensorflow.SparseTensor,
    tensorflow.RaggedTensor,
)


def widen(model: keras.Model) -> None:
    """Let tensors that layers of float64 hold beside their weights be float64.

    A `Normalization` takes the root of the variance that it was given in float32, also
    where it computes in float64.
    """
    for layer in every_layer(model):
        if layer.compute_dtype != "float64":
            continue
        for name, value in vars(layer).items():
            if isinstance(value, TENSORS) and value.dtype == tensorflow.float32:
                vars(layer)[name] = tensorflow.cast(value, tensorflow.float64)


def narrowing(graph: Any) -> str:
    """The node of a graph that takes float64 to less, or "".

    Args:
        graph: a `GraphDef` of TensorFlow.
    """
    graphs = [list(graph.node)]
    graphs += [list(function.node_def) for function in graph.library.function]
    double = tensorflow.float64.as_datatype_enum
    less = [dtype.as_datatype_enum for dtype in LESS]
    for nodes in graphs:
        for node in nodes:
            if node.op != "Cast":
                continue
            before, after = node.attr["SrcT"].type, node.attr["DstT"].type
            is_narrowed = before == double and after in less
            if is_narrowed and not _is_taken_to_bits(node, nodes):
                return str(node.name)
    return ""


def _is_taken_to_bits(node: Any, nodes: list[Any]) -> bool:
    """Whether all that is read of what a node makes are its bits.

    `keras.ops.argmax` asks for the sign of its input so, which every precision has.
    """
    takers = [
        taker
        for taker in nodes
        if any(name.split(":")[0] == node.name for name in taker.input)
    ]
    return bool(takers) and all(taker.op == "Bitcast" for taker in takers)
