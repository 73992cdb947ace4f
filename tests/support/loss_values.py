"""Losses in NumPy, in PyTorch and in Keras."""

import numpy as np
import tensorflow
import torch

from keras_models import losses as keras_losses
from pytorch_models import losses as pytorch_losses

NAMES = ("mean_squared_error", "cross_entropy", "negative_sharpe_ratio")


SIDES = ("PyTorch", "Keras", "Keras traced")


LIMIT64 = 1e-14


def typed(arrays, dtype):
    """Floats in that dtype, labels as they are."""
    return [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]


def in_pytorch(name, arrays):
    tensors = [
        torch.tensor(array, requires_grad=array.dtype.kind == "f") for array in arrays
    ]
    value = getattr(pytorch_losses, name)(*tensors)
    value.backward()
    gradients = [t.grad.numpy() for t in tensors if t.requires_grad]
    return value.detach().numpy(), gradients


def in_keras(name, arrays, traced):
    """Traced, the function is made for a batch of any size."""

    def compute(*tensors):
        floats = [tensor for tensor in tensors if tensor.dtype.is_floating]
        with tensorflow.GradientTape() as tape:
            tape.watch(floats)
            value = getattr(keras_losses, name)(*tensors)
        return value, tape.gradient(value, floats)

    if traced:
        specs = [tensorflow.TensorSpec((None, *a.shape[1:]), a.dtype) for a in arrays]
        compute = tensorflow.function(compute, input_signature=specs, autograph=False)
    value, gradients = compute(*map(tensorflow.constant, arrays))
    return value.numpy(), [gradient.numpy() for gradient in gradients]


def compute(side, name, arrays, dtype="float64"):
    """The loss, and its gradient by every argument that is not labels."""
    arrays = typed(arrays, dtype)
    if side == "PyTorch":
        return in_pytorch(name, arrays)
    return in_keras(name, arrays, side == "Keras traced")


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
