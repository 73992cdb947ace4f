"""What makes Keras compute in float64 on TensorFlow, constants included."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import wraps
from types import ModuleType

import numpy as np

# It sets what Keras reads, and comes first.
import compare.keras_layers  # noqa: F401

import keras  # isort: skip
import tensorflow  # isort: skip


@contextmanager
def settled(dtype: str, exact: bool = True) -> Iterator[None]:
    """Layers made inside compute in `dtype`, for which `set_floatx` is not enough.

    Args:
        dtype: "float32" or "float64".
        exact: whether constants are, see `exact_constants`. Those of Keras's optimizers
            are not to be: what they are rounded to is part of how Keras learns.
    """
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        with exact_constants(dtype) if exact else nullcontext():
            yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


@contextmanager
def exact_constants(dtype: str) -> Iterator[None]:
    """Numbers of a model's own have all their digits in float64 inside.

    TensorFlow takes them through float32: `tf.cast(0.1, "float64")` is 1.5e-9 off,
    the slope of `tf.nn.leaky_relu` is a float32 attribute of its kernel, and
    `tf.nn.gelu` casts its constants. PyTorch holds them in float64, so correct twins
    would differ by what float32 rounds, which does not shrink. Keras's backend looks
    these functions up where it calls them, as a user's own layers do. This thread finds
    exact ones there; all others find TensorFlow's own, which stay in their places.

    Source: https://www.tensorflow.org/api_docs/python/tf/cast, "this operation can lead
        to a loss of precision when converting native Python float".
    """
    if dtype != "float64":
        yield
        return
    exact = {}
    for module, name, make in (
        (tensorflow, "cast", _cast),
        (tensorflow.nn, "leaky_relu", _leaky_relu),
        (tensorflow.nn, "gelu", _gelu),
    ):
        function = vars(module)[name]  # not what this thread finds, which may be exact
        exact[id(function)] = wraps(function)(make(function))
    before = _found.instead
    with _looked_up_by_thread(tensorflow), _looked_up_by_thread(tensorflow.nn):
        _found.instead = exact
        try:
            yield
        finally:
            _found.instead = before


class _Found(threading.local):
    """What this thread finds in a module, by the `id` of what the module holds."""

    instead: Mapping[int, Callable] = {}


class _ByThread(ModuleType):
    """A module in which each thread finds what `_found` has for it."""

    def __getattribute__(self, name: str) -> object:
        held = super().__getattribute__(name)
        return _found.instead.get(id(held), held)


_found = _Found()
_counting = threading.Lock()
_blocks = Counter()  # by module, how many `_looked_up_by_thread` run in all threads
_classes = {}  # by module, its own


@contextmanager
def _looked_up_by_thread(module: ModuleType) -> Iterator[None]:
    """While a block runs, in whatever thread, the module is a `_ByThread` as well.

    Source: https://docs.python.org/3/reference/datamodel.html, "Customizing module
        attribute access".
    """
    with _counting:
        _blocks[module] += 1
        if _blocks[module] == 1:
            own = _classes[module] = type(module)
            module.__class__ = type(own.__name__, (_ByThread, own), {})
    try:
        yield
    finally:
        with _counting:
            _blocks[module] -= 1
            if _blocks[module] == 0:
                module.__class__ = _classes[module]


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
