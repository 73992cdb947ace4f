"""What the suite answers for each layer of Keras that is of no kind, see the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import torch
from answers import Answer, Function, Pair, image, indices, numbers
from torch import nn
from torch.nn import functional

L = keras.layers
IMAGE = (6, 6, 3)
SERIES = (5, 4)


def same(
    torch_model: Callable[[], nn.Module],
    keras_layer: Callable[[], Any],
    *inputs: Any,
) -> Answer:
    return Answer("same", Pair(torch_model, keras_layer, inputs or (numbers(SERIES),)))


def unchanged(*arguments: Any) -> Callable[[str], Answer]:
    """A layer that changes images in training alone."""

    def answer(name: str) -> Answer:
        def make() -> Any:
            return getattr(L, name)(*arguments)

        return Answer("same", Pair(nn.Identity, make, (image(IMAGE),)))

    return answer


def told(
    torch_model: Callable[[], nn.Module],
    keras_layer: Callable[[], Any],
    words: str,
    *inputs: Any,
) -> Answer:
    return Answer("different", Pair(torch_model, keras_layer, inputs), words)


def of_two(function: Callable[..., torch.Tensor], layer: Any) -> Answer:
    inputs = numbers(SERIES), numbers(SERIES)
    return same(lambda: Function(function), layer, *inputs)


class Recurrent(nn.Module):
    """The output of a recurrent layer without its states."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.rnn = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rnn(x)[0]


class Separable(nn.Module):
    """A depthwise and a pointwise convolution; features last."""

    def __init__(self, axes: int) -> None:
        super().__init__()
        convolution = getattr(nn, f"Conv{axes}d")
        self.depthwise = convolution(3, 3, 3, groups=3, bias=False)
        self.pointwise = convolution(3, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pointwise(self.depthwise(x.movedim(-1, 1))).movedim(1, -1)


class ConvLSTM(nn.Module):
    """One convolution of x and h side by side; features last."""

    def __init__(self, axes: int) -> None:
        super().__init__()
        self.gates = getattr(nn, f"Conv{axes}d")(2 + 3, 12, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.movedim(-1, 2)
        h = c = x.new_zeros(len(x), 3, *x.shape[3:])
        for step in x.unbind(1):
            i, f, o, g = self.gates(torch.cat([step, h], 1)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return h.movedim(1, -1)


class Frames(nn.Module):
    """A convolution of each frame of a video; features last."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        frames = self.conv(x.flatten(0, 1).movedim(-1, 1)).movedim(1, -1)
        return frames.unflatten(0, x.shape[:2])


def spectral() -> nn.Module:
    return nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3))


def resized(x: torch.Tensor) -> torch.Tensor:
    image_first = x.movedim(-1, 1)
    return functional.interpolate(image_first, (9, 9), mode="bilinear").movedim(1, -1)


def looked_up(x: torch.Tensor) -> torch.Tensor:
    """Place in the vocabulary from 1 on, 0 of what is not in it."""
    places = (x[..., None] == torch.tensor([3, 5, 7])) * torch.tensor([1, 2, 3])
    return places.sum(-1)


def rnn_of(cell: Any) -> Callable[[], Any]:
    return lambda: L.RNN(cell(3), return_sequences=True)


def stacked() -> Any:
    cells = L.StackedRNNCells([L.LSTMCell(3), L.LSTMCell(3)])
    return L.RNN(cells, return_sequences=True)


def conv_lstm(axes: int, *shape: int) -> Answer:
    layer = getattr(L, f"ConvLSTM{axes}D")
    return same(
        lambda: ConvLSTM(axes),
        lambda: layer(3, 3, padding="same"),
        numbers((*shape, 2)),
    )


DIVIDED = {"mean": [0.5, 0.1, 0.2, 0.3], "variance": [0.5, 1.0, 2.0, 3.0]}


class Normalised(nn.Module):
    """Numbers less a mean, by the root of a variance, both given."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(DIVIDED["mean"]))
        self.register_buffer("variance", torch.tensor(DIVIDED["variance"]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x - self.mean) / self.variance.sqrt()


def one_hot(x: torch.Tensor) -> torch.Tensor:
    return functional.one_hot(x, 5).amax(1).to(torch.get_default_dtype())


# Answers by the name in `keras.layers`.
ANSWERS: dict[str, Answer] = {
    "ActivityRegularization": same(nn.Identity, lambda: L.ActivityRegularization(0.1)),
    "GaussianNoise": same(nn.Identity, lambda: L.GaussianNoise(0.1)),
    "Identity": same(nn.Identity, lambda: L.Identity()),
    "Add": of_two(lambda a, b: a + b, lambda: L.Add()),
    "Average": of_two(lambda a, b: (a + b) / 2, lambda: L.Average()),
    "Concatenate": of_two(lambda a, b: torch.cat([a, b], -1), lambda: L.Concatenate()),
    "Dot": of_two(lambda a, b: a @ b.transpose(1, 2), lambda: L.Dot(2)),
    "Maximum": of_two(torch.maximum, lambda: L.Maximum()),
    "Minimum": of_two(torch.minimum, lambda: L.Minimum()),
    "Multiply": of_two(lambda a, b: a * b, lambda: L.Multiply()),
    "Subtract": of_two(lambda a, b: a - b, lambda: L.Subtract()),
    "Lambda": same(lambda: Function(lambda x: x**2), lambda: L.Lambda(lambda x: x**2)),
    "Masking": same(nn.Identity, lambda: L.Masking()),
    "Permute": same(
        lambda: Function(lambda x: x.transpose(1, 2)), lambda: L.Permute((2, 1))
    ),
    "RepeatVector": same(
        lambda: Function(lambda x: x[:, None].repeat(1, 3, 1)),
        lambda: L.RepeatVector(3),
        numbers((4,)),
    ),
    "Rescaling": same(
        lambda: Function(lambda x: x / 255 - 1), lambda: L.Rescaling(1 / 255, -1)
    ),
    "Normalization": same(
        Normalised, lambda: L.Normalization(**DIVIDED), numbers((4,))
    ),
    "CenterCrop": same(
        lambda: Function(lambda x: x[:, 1:5, 1:5]),
        lambda: L.CenterCrop(4, 4),
        image(IMAGE),
    ),
    "Resizing": same(lambda: Function(resized), lambda: L.Resizing(9, 9), image(IMAGE)),
    "CategoryEncoding": same(
        lambda: Function(one_hot), lambda: L.CategoryEncoding(5), indices((4,), 5)
    ),
    "Discretization": same(
        lambda: Function(
            lambda x: torch.bucketize(x, torch.tensor([-1.0, 0.0, 1.0]), right=True)
        ),
        lambda: L.Discretization([-1.0, 0.0, 1.0]),
        numbers((4,)),
    ),
    "IntegerLookup": same(
        lambda: Function(looked_up),
        lambda: L.IntegerLookup(vocabulary=[3, 5, 7]),
        indices((4,), 9),
    ),
    "SeparableConv1D": same(
        lambda: Separable(1), lambda: L.SeparableConv1D(4, 3), numbers((6, 3))
    ),
    "SeparableConv2D": same(
        lambda: Separable(2), lambda: L.SeparableConv2D(4, 3), image(IMAGE)
    ),
    "ConvLSTM1D": conv_lstm(1, 3, 6),
    "ConvLSTM2D": conv_lstm(2, 3, 6, 5),
    "ConvLSTM3D": conv_lstm(3, 2, 4, 3, 4),
    "TimeDistributed": same(
        Frames, lambda: L.TimeDistributed(L.Conv2D(4, 3)), numbers((3, *IMAGE))
    ),
    "Bidirectional": same(
        lambda: Recurrent(nn.GRU(4, 3, batch_first=True, bidirectional=True)),
        lambda: L.Bidirectional(L.GRU(3, return_sequences=True)),
    ),
    "RNN": same(lambda: Recurrent(nn.GRU(4, 3, batch_first=True)), rnn_of(L.GRUCell)),
    "GRUCell": same(
        lambda: Recurrent(nn.GRU(4, 3, batch_first=True)), rnn_of(L.GRUCell)
    ),
    "LSTMCell": same(
        lambda: Recurrent(nn.LSTM(4, 3, batch_first=True)), rnn_of(L.LSTMCell)
    ),
    "SimpleRNNCell": same(
        lambda: Recurrent(nn.RNN(4, 3, batch_first=True)), rnn_of(L.SimpleRNNCell)
    ),
    "StackedRNNCells": same(
        lambda: Recurrent(nn.LSTM(4, 3, 2, batch_first=True)), stacked
    ),
    "SpectralNormalization": same(
        spectral, lambda: L.SpectralNormalization(L.Dense(3)), numbers((4,))
    ),
    "Pipeline": same(
        lambda: Function(lambda x: 2 * x + 1),
        lambda: L.Pipeline([L.Rescaling(2.0, 1.0)]),
    ),
    # What is applied at inference as well, and no layer of PyTorch does.
    "AutoContrast": told(
        nn.Identity, lambda: L.AutoContrast(), "(AutoContrast)", image(IMAGE)
    ),
    "Hashing": told(nn.Identity, lambda: L.Hashing(7), "(Hashing)", indices((4,), 50)),
    "HashedCrossing": told(
        lambda: Function(lambda a, b: a),
        lambda: L.HashedCrossing(7),
        "(HashedCrossing)",
        indices((1,), 50),
        indices((1,), 50),
    ),
    "RandomCrop": told(
        lambda: Function(lambda x: x[:, 1:5, 1:5]),
        lambda: L.RandomCrop(4, 4),
        "",
        image(IMAGE),
    ),
    "ContrastLimitedAdaptiveHistogramEqualization": told(
        nn.Identity,
        lambda: L.ContrastLimitedAdaptiveHistogramEqualization(),
        "(ContrastLimitedAdaptiveHistogramEqualization)",
        image(IMAGE),
    ),
    "MelSpectrogram": told(
        nn.Identity,
        lambda: L.MelSpectrogram(fft_length=64, sequence_stride=16, num_mel_bins=8),
        "shapes: PyTorch",
        numbers((128,)),
    ),
}
AUGMENTING: dict[str, Callable[[str], Answer]] = {
    "AugMix": unchanged(),
    "CutMix": unchanged(),
    "MixUp": unchanged(),
    "RandAugment": unchanged(),
    "RandomBrightness": unchanged(0.2),
    "RandomColorDegeneration": unchanged(0.2),
    "RandomColorJitter": unchanged(),
    "RandomContrast": unchanged(0.2),
    "RandomElasticTransform": unchanged(),
    "RandomErasing": unchanged(),
    "RandomFlip": unchanged(),
    "RandomGaussianBlur": unchanged(),
    "RandomGrayscale": unchanged(),
    "RandomHue": unchanged(0.2),
    "RandomInvert": unchanged(),
    "RandomPerspective": unchanged(),
    "RandomPosterization": unchanged(4),
    "RandomRotation": unchanged(0.2),
    "RandomSaturation": unchanged(0.2),
    "RandomSharpness": unchanged(0.2),
    "RandomShear": unchanged(),
    "RandomTranslation": unchanged(0.1, 0.1),
    "RandomZoom": unchanged(0.1),
    "Solarization": unchanged(),
}
ANSWERS |= {name: answer(name) for name, answer in AUGMENTING.items()}

# What cannot be a layer between the numbers of a model, and why.
NO_LAYERS: dict[str, str] = {
    "Layer": "what all are derived from",
    "Wrapper": "what wrappers are derived from",
    "InputLayer": "an input",
    "StringLookup": "takes text, which `check` refuses: expected numbers",
    "TextVectorization": "takes text, which `check` refuses: expected numbers",
    "MaxNumBoundingBoxes": "takes images beside boxes, of a pipeline of data",
    "FlaxLayer": "code of JAX",
    "JaxLayer": "code of JAX",
    "TFSMLayer": "a saved graph of TensorFlow",
    "TorchModuleWrapper": "for Keras on PyTorch; the suite has Keras on TensorFlow",
    "Equalization": "Keras 3.15 cannot call it on symbols: a cycle of its own tensors",
    "STFTSpectrogram": "asks for SciPy, which the suite has no need of",
}
