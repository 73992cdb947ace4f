"""Operations of functional models, functions of `keras.ops`, written in PyTorch."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from ports import drawn, port_of, widest_gap

from compare.errors import BadInput

EXACT = 1e-12  # of results in float64


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def gap(operation, shape=(3, 4, 6), positive=False, whole=False):
    """The gap of a model that is one operation behind a layer."""
    x = keras.Input(shape[1:], dtype="int32" if whole else None)
    array = numbers(*shape)
    if positive:
        array = np.abs(array) / 4 + 0.1
    if whole:
        array = np.random.default_rng(0).integers(0, 4, shape).astype("int32")
    model = keras.Model(x, operation(x))
    return widest_gap(model, array)


OF_ONE = """
    abs ceil cos cosh erf exp expm1 floor negative sign sin sinh square tan tanh relu
    relu6 sigmoid silu softsign selu hard_sigmoid hard_silu log_sigmoid elu celu
    hard_tanh tanh_shrink soft_shrink hard_shrink squareplus isnan isinf isfinite
    round trunc logical_not stop_gradient glu softmax log_softmax normalize exp2
    arctan arcsinh nan_to_num zeros_like ones_like
"""


@pytest.mark.parametrize("name", OF_ONE.split())
def test_an_operation_of_one_tensor(name):
    assert gap(getattr(ops, name)) < EXACT


POSITIVE = "log log2 log10 log1p sqrt rsqrt reciprocal arccos arcsin arctanh erfinv"


@pytest.mark.parametrize("name", POSITIVE.split())
def test_an_operation_of_positive_numbers(name):
    assert gap(getattr(ops, name), positive=True) < EXACT


OF_TWO = """
    add subtract multiply divide true_divide maximum minimum power mod floor_divide
    equal not_equal greater greater_equal less less_equal arctan2 logaddexp
    logical_and logical_or logical_xor divide_no_nan
"""


@pytest.mark.parametrize("name", OF_TWO.split())
def test_an_operation_of_two_tensors_or_of_one_and_a_number(name):
    operation = getattr(ops, name)

    assert gap(lambda x: operation(x, x[:, :1] + 1.0), positive=True) < EXACT
    assert gap(lambda x: operation(x, 2.0), positive=True) < EXACT
    assert gap(lambda x: operation(0.25, x), positive=True) < EXACT
    array = np.array([0.5, 0.25, 0.75, 2.0, 3.0, 4.0], "float32")
    assert gap(lambda x: operation(x, array), positive=True) < EXACT


def test_a_large_constant_is_a_buffer_of_the_port():
    array = numbers(4, 6)
    x = keras.Input((4, 6))
    model = keras.Model(x, ops.multiply(x + array, array))

    assert widest_gap(model, numbers(3, 4, 6, seed=1)) < EXACT
    assert len(port_of(model).state_dict()) == 2


AXES = {
    "mean of an axis": lambda x: ops.mean(x, axis=1),
    "mean of all": lambda x: ops.mean(x) + x,
    "mean of several": lambda x: ops.mean(x, axis=(1, 2), keepdims=True),
    "sum": lambda x: ops.sum(x, axis=-1),
    "max": lambda x: ops.max(x, axis=1),
    "min": lambda x: ops.min(x, axis=(1, -1)),
    "amax": lambda x: ops.amax(x, axis=1, keepdims=True),
    "prod": lambda x: ops.prod(x, axis=(1, 2)),
    "prod, kept": lambda x: ops.prod(x, axis=1, keepdims=True),
    "var": lambda x: ops.var(x, axis=1),
    "std": lambda x: ops.std(x, axis=-1, keepdims=True),
    "std of all": lambda x: ops.std(x) * x,
    "any": lambda x: ops.any(x > 0, axis=-1),
    "all": lambda x: ops.all(x, axis=1),
    "argmax": lambda x: ops.argmax(x, axis=-1),
    "argmin": lambda x: ops.argmin(x, axis=1, keepdims=True),
    "logsumexp": lambda x: ops.logsumexp(x, axis=1),
    "norm": lambda x: ops.norm(x, axis=-1, keepdims=True),
    "norm of order 1": lambda x: ops.norm(x, ord=1, axis=1),
    "moments": lambda x: ops.moments(x, axes=[1])[1],
    "softmax": lambda x: ops.softmax(x, axis=1),
    "normalize": lambda x: ops.normalize(x, axis=1, order=3),
    "matmul": lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))),
    "dot": lambda x: ops.dot(x, numbers(6, 3)),
    "einsum": lambda x: ops.einsum("bij,bkj->bik", x, x),
    "tensordot": lambda x: ops.tensordot(x, numbers(4, 6), axes=[[1, 2], [0, 1]]),
    "concatenate": lambda x: ops.concatenate([x, 2 * x], axis=1),
    "stack": lambda x: ops.stack([x, 2 * x], axis=-1),
    "split": lambda x: ops.add(*ops.split(x, 2, axis=1)),
    "split at": lambda x: ops.split(x, [1, 3], axis=-1)[1],
    "unstack": lambda x: ops.unstack(x, axis=1)[2],
    "reshape": lambda x: ops.reshape(x, (-1, 3, 8)),
    "transpose": lambda x: ops.transpose(x, (0, 2, 1)),
    "swapaxes": lambda x: ops.swapaxes(x, 1, 2),
    "moveaxis": lambda x: ops.moveaxis(x, 1, -1),
    "expand_dims": lambda x: ops.expand_dims(x, 1),
    "expand_dims, several": lambda x: ops.expand_dims(x, (1, -1)),
    "squeeze": lambda x: ops.squeeze(x[:, :1], 1),
    "flip": lambda x: ops.flip(x, axis=1),
    "repeat": lambda x: ops.repeat(x, 3, axis=1),
    "repeat, each so often": lambda x: ops.repeat(x, [1, 2, 0, 3], axis=1),
    "tile": lambda x: ops.tile(x, (1, 2, 3)),
    "broadcast_to": lambda x: ops.broadcast_to(x[:, :1], (3, 5, 6)),
    "pad": lambda x: ops.pad(x, [[0, 0], [2, 1], [0, 3]]),
    "pad with a number": lambda x: ops.pad(x, [[0, 0], [2, 1], [0, 0]], "constant", 2),
    "roll": lambda x: ops.roll(x, 2, axis=1),
    "take": lambda x: ops.take(x, [2, 0, 2], axis=1),
    "take one": lambda x: ops.take(x, 1, axis=-1),
    "take by a tensor": lambda x: ops.take(x, ops.argmax(x[0], axis=-1) - 2, axis=1),
    "take_along_axis": lambda x: ops.take_along_axis(x, ops.argsort(x, axis=1), axis=1),
    "cumsum": lambda x: ops.cumsum(x, axis=1),
    "sort": lambda x: ops.sort(x, axis=1),
    "top_k": lambda x: ops.top_k(x, 2)[0] + ops.cast(ops.top_k(x, 2)[1], "float32"),
    "clip": lambda x: ops.clip(x, -0.5, 0.25),
    "where": lambda x: ops.where(x > 0, x, 0.1 * x),
    "where of numbers": lambda x: ops.where(x > 0, 1.0, x),
    "cast": lambda x: ops.cast(x > 0, "float32") * x,
    "cast to whole numbers": lambda x: ops.cast(4 * x, "int32"),
    "one_hot": lambda x: ops.one_hot(ops.argmax(x, axis=-1), 5),
    "full_like": lambda x: ops.full_like(x, 2) * x,
    "operators": lambda x: -(1 - x) * 2 / (x**2 + 1),
    "comparison": lambda x: ops.where(x >= 0.1, x, -x),
}


@pytest.mark.parametrize("approximate", [True, False])
def test_the_error_function_of_gelu_or_a_tanh(approximate):
    """TensorFlow has its constants in float32, in float64 as well."""
    assert gap(lambda x: ops.gelu(x, approximate=approximate)) < 1e-8


def test_settings_of_operations():
    assert gap(lambda x: ops.threshold(x, 0.25, -2.0)) < EXACT
    assert gap(lambda x: ops.leaky_relu(x, negative_slope=0.25)) < EXACT
    assert gap(lambda x: ops.elu(x, alpha=0.5)) < EXACT
    assert gap(lambda x: ops.celu(x, alpha=0.5)) < EXACT
    assert gap(lambda x: ops.softmax(x, axis=1)) < EXACT


@pytest.mark.parametrize("name", AXES)
def test_an_operation_along_axes(name):
    assert gap(AXES[name]) < EXACT


INDICES = {
    "a step": lambda x: x[:, 1],
    "the last step": lambda x: x[:, -1],
    "a slice": lambda x: x[:, 1:3],
    "every second": lambda x: x[:, ::2, 1:-1],
    "reversed": lambda x: x[:, ::-1],
    "reversed behind": lambda x: x[..., ::-1],
    "a new axis": lambda x: x[:, None, :, 2],
    "the last number": lambda x: x[..., -1],
    "all": lambda x: x[:, :, :] + 1,
}


@pytest.mark.parametrize("name", INDICES)
def test_an_index(name):
    assert gap(INDICES[name]) < EXACT


def test_an_index_behind_a_convolution_is_of_keras_s_axes():
    x = keras.Input((8, 4))
    h = layers.Dense(4)(x)
    model = drawn(keras.Model(x, h[:, 2:5, 1]))

    assert widest_gap(model, numbers(3, 8, 4)) < EXACT


def test_whole_numbers_become_floats_as_in_keras():
    """Keras has them in float32, whatever floats are around."""
    assert gap(lambda x: ops.mean(x, axis=1), whole=True) < 1e-7
    assert gap(lambda x: x / 2, whole=True) < 1e-7
    assert gap(lambda x: ops.sqrt(x), whole=True) < 1e-7
    assert gap(lambda x: ops.add(x, np.array([0.5] * 6)), whole=True) < 1e-7


def test_what_pytorch_cannot_do_is_refused_with_the_layer_s_name():
    x = keras.Input((4, 6))
    y = ops.pad(x, [[0, 0], [1, 1], [0, 0]], "reflect")

    with pytest.raises(BadInput, match=r"pad.*expected a padding of constants"):
        port_of(keras.Model(x, y))
