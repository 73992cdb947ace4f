"""Statistics of batches are kept alike, or it is said in which way they are not."""

import io

import keras
import pytest
import torch
from learning import CLASSES, SIZE, train
from rich.console import Console
from torch import nn

from compare.judging.optimizers import CAUSES
from compare.reports.training import print_training


class Normed(nn.Module):
    """A convolution whose bias the batch norm takes away."""

    def __init__(self, momentum=0.01):
        super().__init__()
        self.conv = nn.Conv1d(SIZE, 4, 2)
        self.norm = nn.BatchNorm1d(4, eps=1e-3, momentum=momentum)
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x):
        return self.head(self.norm(self.conv(x.transpose(1, 2))).mean(2))


def normed():
    layers = keras.layers
    norm = layers.BatchNormalization(momentum=0.99)
    mean = layers.GlobalAveragePooling1D()
    conv = layers.Conv1D(4, 2)
    return keras.Sequential([conv, norm, mean, layers.Dense(CLASSES)])


@pytest.mark.parametrize("follow", ["torch", "keras"])
def test_batch_norms_are_in_step(follow):
    """The running variance divides as the other's, and the bias before is left alone.

    Adam would make a whole step of the rounding in its gradient.
    """
    evidence = train(Normed, normed, epochs=12, batch_size=8, follow=follow)

    assert evidence.in_step, evidence.deciding
    assert "conv.bias: the gradient is zero but for rounding" in evidence.notes[0]


@pytest.mark.parametrize(
    ("follow", "words"),
    [
        ("torch", "by all values less one in Keras as well, as in PyTorch"),
        ("keras", "by all values in PyTorch as well, as in Keras"),
    ],
)
def test_variances_that_are_aligned_are_told(follow, words):
    report = io.StringIO()
    evidence = train(Normed, normed, follow=follow)

    print_training(Console(file=report, width=200), evidence)

    assert words in report.getvalue()


def test_running_variances_part_by_themselves():
    """By n - 1 against n. With one rate SGD is the same in both."""
    evidence = train(
        Normed, normed, optimizer="sgd", learning_rate=0.1, removed=frozenset()
    )
    parted = [t.stage for t in evidence.tensors if t.verdict == "different"]

    assert list(evidence.drift) == ["running_variance"]
    assert parted == ["norm.moving_variance"]


@pytest.mark.parametrize("follow", ["torch", "keras"])
def test_a_copied_momentum_is_named(follow):
    copied = lambda: Normed(0.99)  # noqa: E731
    evidence = train(copied, normed, follow=follow)

    assert list(evidence.drift) == ["running_momentum"]
    assert "PyTorch's 0.99 is 0.01 in Keras's words" in evidence.notes[0]
    removed = frozenset([*CAUSES, "running_momentum"])
    assert train(copied, normed, follow=follow, removed=removed).in_step


def test_a_variance_of_ones_own_is_not_corrected():
    """A batch norm that divides by n in PyTorch, as Keras's does."""

    class Biased(nn.BatchNorm1d):
        def forward(self, x):
            if not self.training:
                return super().forward(x)
            with torch.no_grad():
                self.running_mean.lerp_(x.mean((0, 2)), self.momentum)
                self.running_var.lerp_(x.var((0, 2), correction=0), self.momentum)
            affine = self.weight, self.bias, True, 0.0, self.eps
            return nn.functional.batch_norm(x, None, None, *affine)

    class OwnNorm(Normed):
        def __init__(self):
            super().__init__()
            self.norm = Biased(4, eps=1e-3, momentum=0.01)

    evidence = train(OwnNorm, normed)

    assert "running_variance" not in evidence.drift
    assert evidence.in_step, evidence.deciding
