"""Both twins of a loss make the same number and gradients, and refuse the same."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

NAMES = ("mean_squared_error", "cross_entropy", "negative_sharpe_ratio")
SIDES = ("PyTorch", "Keras", "Keras traced")
LIMIT64 = 1e-14
LIMIT32 = 1e-5


@pytest.fixture(scope="module")
def frameworks():
    """The frameworks and both modules; torch before Keras, which brings TensorFlow."""
    return SimpleNamespace(
        torch=import_module("torch"),
        keras=import_module("keras"),
        tensorflow=import_module("tensorflow"),
        pytorch_losses=import_module("pytorch_models.losses"),
        keras_losses=import_module("keras_models.losses"),
    )


def typed(arrays, dtype):
    """Floats in that dtype, labels as they are."""
    return [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]


def in_pytorch(frameworks, name, arrays):
    tensors = [
        frameworks.torch.tensor(array, requires_grad=array.dtype.kind == "f")
        for array in arrays
    ]
    value = getattr(frameworks.pytorch_losses, name)(*tensors)
    value.backward()
    gradients = [t.grad.numpy() for t in tensors if t.requires_grad]
    return value.detach().numpy(), gradients


def in_keras(frameworks, name, arrays, traced):
    """Traced, the function is made for a batch of any size."""
    tensorflow = frameworks.tensorflow

    def compute(*tensors):
        floats = [tensor for tensor in tensors if tensor.dtype.is_floating]
        with tensorflow.GradientTape() as tape:
            tape.watch(floats)
            value = getattr(frameworks.keras_losses, name)(*tensors)
        return value, tape.gradient(value, floats)

    if traced:
        specs = [tensorflow.TensorSpec((None, *a.shape[1:]), a.dtype) for a in arrays]
        compute = tensorflow.function(compute, input_signature=specs, autograph=False)
    value, gradients = compute(*map(tensorflow.constant, arrays))
    return value.numpy(), [gradient.numpy() for gradient in gradients]


def compute(frameworks, side, name, arrays, dtype="float64"):
    """The loss, and its gradient by every argument that is not labels."""
    arrays = typed(arrays, dtype)
    if side == "PyTorch":
        return in_pytorch(frameworks, name, arrays)
    return in_keras(frameworks, name, arrays, side == "Keras traced")


def softmax(x):
    odds = np.exp(x - x.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def inputs(name):
    """Seeded arguments that float32 holds exactly."""
    rng = np.random.default_rng(5)
    if name == "mean_squared_error":
        arrays = rng.normal(size=(2, 40, 3))
    elif name == "cross_entropy":
        arrays = 3 * rng.normal(size=(40, 4)), rng.integers(0, 4, 40)
    else:
        returns = rng.normal(0.002, 0.01, (40, 4))
        arrays = softmax(rng.normal(size=(40, 4))), returns
    return typed(typed(arrays, "float32"), "float64")


def expected(name, first, second):
    """The loss and its gradients by NumPy, a third opinion."""
    n = len(first)
    if name == "mean_squared_error":
        slope = 2 * (first - second) / first.size
        return np.mean((first - second) ** 2), [slope, -slope]
    if name == "cross_entropy":
        chances = softmax(first)
        right = np.eye(first.shape[1])[second]
        return -np.log(chances[right == 1]).mean(), [(chances - right) / n]
    daily = (first * second).sum(axis=1)
    mean, std = daily.mean(), daily.std(ddof=0)
    slope = ((mean * (daily - mean) / std**2 - 1) / (n * std))[:, None]
    return -mean / std, [slope * second, slope * first]


def gap(ours, theirs):
    """The largest difference beside the largest value, once the shapes are the same."""
    assert ours.shape == theirs.shape
    return np.abs(ours - theirs).max() / np.abs(theirs).max()


def worst(ours, theirs):
    """The largest gap of several arrays; NaN if one of them is."""
    return np.max([gap(*pair) for pair in zip(ours, theirs, strict=True)])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_value_is_numpys(frameworks, name, side):
    value, _ = compute(frameworks, side, name, inputs(name))

    np.testing.assert_allclose(value, expected(name, *inputs(name))[0], LIMIT64)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_the_formula(frameworks, name, side):
    _, ours = compute(frameworks, side, name, inputs(name))
    _, theirs = expected(name, *inputs(name))

    assert worst(ours, theirs) < LIMIT64


@pytest.mark.parametrize("side", SIDES[1:])
@pytest.mark.parametrize("name", NAMES)
def test_twins_agree(frameworks, name, side):
    value, gradients = compute(frameworks, "PyTorch", name, inputs(name))
    keras_value, keras_gradients = compute(frameworks, side, name, inputs(name))

    assert gap(keras_value, value) < LIMIT64
    assert worst(keras_gradients, gradients) < LIMIT64


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_float32_is_near(frameworks, name, side):
    value, ours = compute(frameworks, side, name, inputs(name), "float32")
    true_value, theirs = expected(name, *inputs(name))

    assert gap(value, true_value) < LIMIT32
    assert worst(ours, theirs) < LIMIT32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_precision_is_kept(frameworks, name, side, dtype):
    value, gradients = compute(frameworks, side, name, inputs(name), dtype)

    assert {value.dtype, *(g.dtype for g in gradients)} == {np.dtype(dtype)}
    assert value.shape == ()


# Refusals


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
            ((2, 5, 3), (2, 5)),
            ((5, 3), (5, 1)),
            ((5, 3), (5, 3)),
            ((5, 3), (4,)),
            ((5, 3), ()),
            ((0, 3), (0,)),
            ((5, 0), (5,)),
        ],
        "logits of shape (batch >= 1, num_outputs >= 1) and labels of shape (batch,)",
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
def test_a_wrong_shape_is_refused(frameworks, name, shapes, side):
    second = "int64" if name == "cross_entropy" else "float64"
    arrays = np.zeros(shapes[0]), np.zeros(shapes[1], second)

    with pytest.raises(ValueError, match=name) as refusal:
        compute(frameworks, side, name, arrays)
    wanted = f"{name} expects {WRONG[name][1]}, got {shapes[0]} and {shapes[1]}"
    assert str(refusal.value) == wanted


def test_without_the_refusal_a_broadcast_is_a_number(frameworks):
    """The right one is 0: the prediction is the target."""
    for module in frameworks.torch, frameworks.keras.ops:
        column = module.reshape(module.arange(5.0), (5, 1))
        loss = module.mean(module.square(column - module.arange(5.0)))

        assert float(loss) == 4


def test_a_traced_function_refuses_what_it_knows(frameworks):
    specs = [frameworks.tensorflow.TensorSpec(s, "float32") for s in [(None,), (9, 1)]]
    loss = frameworks.tensorflow.function(frameworks.keras_losses.mean_squared_error)

    with pytest.raises(ValueError, match=r"got \(None,\) and \(9, 1\)"):
        loss.get_concrete_function(*specs)


@pytest.mark.parametrize("name", NAMES)
def test_a_traced_function_refuses_what_it_learns_when_it_runs(frameworks, name):
    """One row would be broadcast: while tracing its size is as unknown as the other."""
    first, second = inputs(name)

    with pytest.raises(frameworks.tensorflow.errors.InvalidArgumentError):
        compute(frameworks, "Keras traced", name, (first, second[:1]))


@pytest.mark.parametrize("name", NAMES)
def test_a_traced_function_takes_a_size_known_on_one_side_only(frameworks, name):
    first, second = inputs(name)
    loss = frameworks.tensorflow.function(
        getattr(frameworks.keras_losses, name),
        input_signature=[
            frameworks.tensorflow.TensorSpec((None, None), first.dtype),
            frameworks.tensorflow.TensorSpec(second.shape, second.dtype),
        ],
    )

    value = loss(first, second).numpy()
    assert gap(value, expected(name, first, second)[0]) < LIMIT64


@pytest.mark.parametrize("dtype", ["int32", "uint8", "float64"])
@pytest.mark.parametrize("side", SIDES)
def test_labels_of_another_type_are_refused(frameworks, side, dtype):
    """Keras alone would cut a label of 1.7 to 1, and PyTorch take uint8."""
    logits, labels = inputs("cross_entropy")
    arrays = logits, labels.astype(dtype)

    with pytest.raises(ValueError, match=f"expects labels in int64, got {dtype}$"):
        compute(frameworks, side, "cross_entropy", arrays)


@pytest.mark.parametrize("label", [-100, -1, 4])
@pytest.mark.parametrize("side", SIDES)
def test_a_label_out_of_range_is_refused(frameworks, side, label):
    """PyTorch alone would leave out -100 and say nothing."""
    logits, labels = inputs("cross_entropy")
    labels[7] = label
    refusals = IndexError, frameworks.tensorflow.errors.InvalidArgumentError

    with pytest.raises(refusals, match=str(label)):
        compute(frameworks, side, "cross_entropy", (logits, labels))


# Cross entropy


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", SIDES)
def test_logits_of_ten_thousand_are_exact(frameworks, side, dtype):
    logits = np.array([[1e4, 0, -1e4]] * 3)
    arrays = logits, np.array([0, 1, 2])

    value, (gradient,) = compute(frameworks, side, "cross_entropy", arrays, dtype)
    assert value == (0 + 1e4 + 2e4) / 3
    np.testing.assert_allclose(3 * gradient, [[0, 0, 0], [1, -1, 0], [1, 0, -1]], 1e-6)


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "traced"])
def test_a_softmax_is_not_looked_behind(frameworks, traced):
    """A model that ends in softmax, trained on it as on logits, is the same in both."""

    def of_keras(logits, labels):
        chances = frameworks.keras.ops.softmax(logits)
        return frameworks.keras_losses.cross_entropy(chances, labels)

    if traced:
        of_keras = frameworks.tensorflow.function(of_keras)
    logits, labels = inputs("cross_entropy")
    value = of_keras(*map(frameworks.tensorflow.constant, (logits, labels))).numpy()

    assert gap(value, expected("cross_entropy", softmax(logits), labels)[0]) < LIMIT64


def test_keras_alone_looks_behind_it(frameworks):
    """Why the test above could fail."""
    ops = frameworks.keras.ops
    logits, labels = map(ops.convert_to_tensor, inputs("cross_entropy"))
    chances = ops.softmax(logits)

    with pytest.warns(UserWarning, match="does not represent logits"):
        losses = ops.sparse_categorical_crossentropy(labels, chances, from_logits=True)
    true_value, _ = expected("cross_entropy", *inputs("cross_entropy"))
    assert gap(losses.numpy().mean(), true_value) < LIMIT64


# The Sharpe ratio


@pytest.mark.parametrize("side", SIDES)
def test_the_variance_divides_by_the_number_of_days(frameworks, side):
    weights, returns = inputs("negative_sharpe_ratio")
    daily = (weights * returns).sum(axis=1)

    value, _ = compute(frameworks, side, "negative_sharpe_ratio", (weights, returns))
    assert gap(value, -daily.mean() / daily.std(ddof=0)) < LIMIT64
    assert gap(value, -daily.mean() / daily.std(ddof=1)) > 0.01


@pytest.mark.parametrize("side", SIDES)
def test_the_ratio_has_no_unit(frameworks, side):
    """Returns in percent give the same number."""
    weights, returns = inputs("negative_sharpe_ratio")
    name = "negative_sharpe_ratio"

    value, _ = compute(frameworks, side, name, (weights, returns))
    in_percent, _ = compute(frameworks, side, name, (weights, 100 * returns))
    assert gap(in_percent, value) < LIMIT64


def constant(case, dtype):
    """Weights and returns of a portfolio that earns the same every day."""
    days = 10_000 if case == "ten thousand days" else 64
    rng = np.random.default_rng(11)
    earned = {"losses": -0.0123, "ten thousand days": 0.3}.get(case, 0.01)
    weights = softmax(rng.normal(size=(days, 5)).astype(dtype))
    returns = np.full((days, 5), earned, dtype)
    if case == "one day":
        return weights[:1], rng.normal(size=(1, 5))
    if case == "zero returns":
        return weights, 0 * returns
    if case == "zero weights":
        return 0 * weights, returns
    if case == "equal in every bit":
        return np.full_like(weights, 0.25), returns
    assert np.ptp((weights * returns).sum(axis=1)) > 0  # rounding alone
    return weights, returns


CONSTANT = (
    "equal in every bit",
    "equal up to rounding",
    "losses",
    "zero returns",
    "zero weights",
    "one day",
    "ten thousand days",  # whose float32 mean is off by 1.5e-6 in Keras
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("case", CONSTANT)
def test_constant_returns_have_loss_zero_and_gradient_zero(
    frameworks, case, side, dtype
):
    arrays = constant(case, dtype)

    value, gradients = compute(frameworks, side, "negative_sharpe_ratio", arrays, dtype)
    assert value == 0
    assert all((gradient == 0).all() for gradient in gradients)


def around_one(step):
    """One asset that earns 1 - step and 1 + step in turn, all exact in float32."""
    return np.ones((6, 1)), np.array([[1 - step], [1 + step]] * 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("step", "loss"), [(2.0**-20, 0), (2.0**-19, -(2.0**19)), (2.0**-12, -(2.0**12))]
)
def test_the_ratio_begins_just_above_1e_6(frameworks, side, dtype, step, loss):
    """2^-20 is 0.95e-6, 2^-19 is 1.9e-6. At 2^-12 E[R^2] - E[R]^2 is 0 in float32."""
    arrays = around_one(step)

    value, gradients = compute(frameworks, side, "negative_sharpe_ratio", arrays, dtype)
    assert value == loss
    assert all(np.isfinite(g).all() and g.any() == bool(loss) for g in gradients)


@pytest.mark.parametrize("factor", [0.999, 1.001])
@pytest.mark.parametrize("side", SIDES)
def test_the_threshold_is_relative_to_the_largest_return(frameworks, side, factor):
    weights, returns = around_one(factor * 1e-6)

    value, _ = compute(
        frameworks, side, "negative_sharpe_ratio", (weights, -0.01 * returns)
    )
    np.testing.assert_allclose(value, 0 if factor < 1 else 1e6 / factor, 1e-9)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("which", [0, 1], ids=["weights", "returns"])
def test_a_nan_is_not_taken_for_a_constant(frameworks, side, which):
    arrays = inputs("negative_sharpe_ratio")
    arrays[which][3, 2] = np.nan

    value, _ = compute(frameworks, side, "negative_sharpe_ratio", arrays)
    assert np.isnan(value)
