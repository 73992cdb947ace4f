"""Both twins of a loss refuse the same targets and results."""

import keras
import numpy as np
import pytest
import tensorflow
import torch
from loss_values import LIMIT64, NAMES, SIDES, compute, expected, gap, inputs, softmax

from keras_models import losses as keras_losses

WRONG = {
    "mean_squared_error": (
        [
            ((5,), (5, 1)),
            ((5, 1), (5,)),
            ((5, 1), (1, 1)),
            ((5, 1), (5, 2)),
            ((), (1,)),
            ((0, 1), (0, 1)),
        ],
        "prediction and target of one shape that is not empty",
    ),
    "cross_entropy": (
        [
            ((5,), (5,)),
            ((2, 5, 3), (2,)),
            ((2, 5, 3), (2, 5, 3)),
            ((5, 3), (5, 1)),
            ((5, 3), (5, 3)),
            ((5, 3), (4,)),
            ((5, 3), ()),
            ((0, 3), (0,)),
            ((5, 0), (5,)),
        ],
        "logits of shape (batch >= 1, ..., num_outputs >= 1) and labels of shape "
        "(batch, ...)",
    ),
    "negative_sharpe_ratio": (
        [
            ((4,), (4,)),
            ((5, 4), (4,)),
            ((5, 4), (1, 4)),
            ((5, 1), (5, 4)),
            ((5, 4), (4, 4)),
            ((2, 5, 4), (2, 5, 4)),
            ((0, 4), (0, 4)),
            ((5, 0), (5, 0)),
        ],
        "weights and returns of one shape (batch >= 1, num_assets >= 1)",
    ),
}


@pytest.mark.parametrize("side", SIDES[:2])
@pytest.mark.parametrize(
    ("name", "shapes"),
    [(name, shapes) for name, (cases, _) in WRONG.items() for shapes in cases],
    ids=str,
)
def test_a_wrong_shape_is_refused(name, shapes, side):
    second = "int64" if name == "cross_entropy" else "float64"
    arrays = np.zeros(shapes[0]), np.zeros(shapes[1], second)

    with pytest.raises(ValueError, match=name) as refusal:
        compute(side, name, arrays)
    wanted = f"{name} expects {WRONG[name][1]}, got {shapes[0]} and {shapes[1]}"
    assert str(refusal.value) == wanted


def test_without_the_refusal_a_broadcast_is_a_number():
    """The right one is 0: the prediction is the target."""
    for module in torch, keras.ops:
        column = module.reshape(module.arange(5.0), (5, 1))
        loss = module.mean(module.square(column - module.arange(5.0)))

        assert float(loss) == 4


def test_a_traced_function_refuses_what_it_knows():
    specs = [tensorflow.TensorSpec(s, "float32") for s in [(None,), (9, 1)]]
    loss = tensorflow.function(keras_losses.mean_squared_error)

    with pytest.raises(ValueError, match=r"got \(None,\) and \(9, 1\)"):
        loss.get_concrete_function(*specs)


@pytest.mark.parametrize("name", NAMES)
def test_a_traced_function_refuses_what_it_learns_when_it_runs(name):
    """One row would be broadcast: while tracing its size is as unknown as the other."""
    first, second = inputs(name)

    with pytest.raises(tensorflow.errors.InvalidArgumentError):
        compute("Keras traced", name, (first, second[:1]))


@pytest.mark.parametrize("name", NAMES)
def test_a_traced_function_takes_a_size_known_on_one_side_only(name):
    first, second = inputs(name)
    loss = tensorflow.function(
        getattr(keras_losses, name),
        input_signature=[
            tensorflow.TensorSpec((None, None), first.dtype),
            tensorflow.TensorSpec(second.shape, second.dtype),
        ],
    )

    value = loss(first, second).numpy()
    assert gap(value, expected(name, first, second)[0]) < LIMIT64


@pytest.mark.parametrize("dtype", ["int32", "uint8", "float64"])
@pytest.mark.parametrize("side", SIDES)
def test_labels_of_another_type_are_refused(side, dtype):
    """Keras alone would cut a label of 1.7 to 1, and PyTorch take uint8."""
    logits, labels = inputs("cross_entropy")
    arrays = logits, labels.astype(dtype)

    with pytest.raises(ValueError, match=f"expects labels in int64, got {dtype}$"):
        compute(side, "cross_entropy", arrays)


@pytest.mark.parametrize("label", [-100, -1, 4])
@pytest.mark.parametrize("side", SIDES)
def test_a_label_out_of_range_is_refused(side, label):
    """PyTorch alone would leave out -100 and say nothing."""
    logits, labels = inputs("cross_entropy")
    labels[7] = label
    refusals = IndexError, tensorflow.errors.InvalidArgumentError

    with pytest.raises(refusals, match=str(label)):
        compute(side, "cross_entropy", (logits, labels))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", SIDES)
def test_logits_of_ten_thousand_are_exact(side, dtype):
    logits = np.array([[1e4, 0, -1e4]] * 3)
    arrays = logits, np.array([0, 1, 2])

    value, (gradient,) = compute(side, "cross_entropy", arrays, dtype)
    assert value == (0 + 1e4 + 2e4) / 3
    np.testing.assert_allclose(3 * gradient, [[0, 0, 0], [1, -1, 0], [1, 0, -1]], 1e-6)


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "traced"])
def test_a_softmax_is_not_looked_behind(traced):
    """A model that ends in softmax, trained on it as on logits, is the same in both."""

    def of_keras(logits, labels):
        chances = keras.ops.softmax(logits)
        return keras_losses.cross_entropy(chances, labels)

    if traced:
        of_keras = tensorflow.function(of_keras)
    logits, labels = inputs("cross_entropy")
    value = of_keras(*map(tensorflow.constant, (logits, labels))).numpy()

    assert gap(value, expected("cross_entropy", softmax(logits), labels)[0]) < LIMIT64


def test_keras_alone_looks_behind_it():
    """Why the test above could fail."""
    ops = keras.ops
    logits, labels = map(ops.convert_to_tensor, inputs("cross_entropy"))
    chances = ops.softmax(logits)

    with pytest.warns(UserWarning, match="does not represent logits"):
        losses = ops.sparse_categorical_crossentropy(labels, chances, from_logits=True)
    true_value, _ = expected("cross_entropy", *inputs("cross_entropy"))
    assert gap(losses.numpy().mean(), true_value) < LIMIT64
