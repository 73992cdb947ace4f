"""Weights that a right port keeps in an order of its own, and layouts of its inputs."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from keras import layers
from torch import nn

import compare

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(4, 6, 5, 1)).astype("float32")
FILMS = RNG.normal(size=(2, 4, 5, 6, 2)).astype("float32")


class Flattening(nn.Module):
    """Convolves, flattens channels first with `view`, and has a dense layer.

    Args:
        adds_bias: whether the convolution does so.
    """

    def __init__(self, adds_bias: bool) -> None:
        super().__init__()
        self.adds_bias = adds_bias
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(4 * 4 * 3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bias = self.conv.bias if self.adds_bias else 0 * self.conv.bias
        x = torch.relu(nn.functional.conv2d(x, self.conv.weight, bias))
        return self.fc(x.view(x.size(0), -1))


def flattening(
    axes: tuple[int, ...], adds_bias: bool = True
) -> tuple[nn.Module, keras.Model]:
    """Both models; the rows of the dense kernel are put in this order of axes."""
    torch.manual_seed(0)
    first = Flattening(adds_bias)
    second = keras.Sequential(
        [
            keras.Input((6, 5, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    conv, fc = (
        [parameter.detach().numpy() for parameter in layer.parameters()]
        for layer in (first.conv, first.fc)
    )
    rows = fc[0].reshape(2, 4, 4, 3).transpose(axes).reshape(48, 2)
    arrays = [conv[0].transpose(2, 3, 1, 0), conv[1], rows, fc[1]]
    second.set_weights(arrays)
    return first, second


def test_rows_of_a_dense_kernel_in_the_order_of_pytorchs_axes_are_a_right_port():
    """The input has one channel, whose strides alone do not tell its layout."""
    evidence = compare.check(*flattening((2, 3, 1, 0)), IMAGES)

    assert evidence.verdict == "same"
    assert any("in another order" in note for note in evidence.notes)


def test_rows_in_an_order_with_which_the_models_differ_are_told():
    evidence = compare.check(*flattening((3, 2, 1, 0)), IMAGES)

    assert evidence.verdict == "different"


def test_an_order_of_weights_hides_no_bias_that_was_dropped():
    """The bias is zero as it stands, and random weights show that it is not added."""
    first, second = flattening((2, 3, 1, 0), adds_bias=False)
    with torch.no_grad():
        first.conv.bias.zero_()
    second.layers[0].bias.assign(np.zeros(4, "float32"))

    evidence = compare.check(first, second, IMAGES)

    assert evidence.verdict == "different"


class Film(nn.Module):
    """A convolution of each step of a film, added up over the steps."""

    def __init__(self, summed: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)
        self.summed = summed

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        steps = [self.conv(x[:, step]) for step in range(x.shape[1])]
        return sum(steps) if self.summed else torch.stack(steps, 1)


@pytest.mark.parametrize("summed", [True, False], ids=["an image", "a film"])
@pytest.mark.parametrize("first", [True, False], ids=["given first", "given last"])
def test_films_are_given_with_the_channels_of_each_step_first(summed, first):
    inputs = keras.Input((4, 5, 6, 2))
    x = layers.TimeDistributed(layers.Conv2D(3, 3))(inputs)
    model = keras.Model(inputs, keras.ops.sum(x, axis=1) if summed else x)
    films = np.ascontiguousarray(FILMS.transpose(0, 1, 4, 2, 3)) if first else FILMS

    evidence = compare.check(Film(summed), model, films, "to_keras")

    assert evidence.verdict == "same"
    assert any("(batch, time, channels, ...)" in note for note in evidence.notes)


def test_a_model_that_picks_channels_is_not_given_rows_in_their_place():
    """Rows 2, 1 and 0 are three, as channels are, and the convolution takes them."""

    class Reversed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x[:, [2, 1, 0]]).mean((2, 3))

    inputs = keras.Input((6, 5, 3))
    x = layers.Conv2D(4, 1)(inputs[..., ::-1])
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(x))
    images = RNG.normal(size=(3, 6, 5, 3)).astype("float32")

    assert compare.check(Reversed(), model, images, "to_keras").verdict == "same"


def test_a_model_with_a_function_of_float32_alone_is_judged_in_float32():
    """TensorFlow has its local response norm in no other precision of these."""
    inputs = keras.Input((6, 5, 2))
    x = layers.Lambda(tf.nn.local_response_normalization)(layers.Conv2D(3, 1)(inputs))
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(x))

    class Norm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 3, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            norm = nn.LocalResponseNorm(11, alpha=11.0, beta=0.5, k=1.0)
            return norm(self.conv(x)).mean((2, 3))

    first = Norm()
    arrays = [parameter.detach().numpy() for parameter in first.conv.parameters()]
    model.set_weights([arrays[0].transpose(2, 3, 1, 0), arrays[1]])
    images = RNG.normal(size=(3, 6, 5, 2)).astype("float32")

    assert compare.check(first, model, images).verdict == "same in float32"
