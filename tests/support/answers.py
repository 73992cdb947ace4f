"""What an answer for a layer of a framework is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

BATCH = 3


@dataclass(frozen=True)
class Pair:
    """A layer alone in a model, and what is written for it on the other side.

    Args:
        torch: makes PyTorch's model.
        keras: makes a layer of Keras, or a function of symbols.
        inputs: of both, batch first.
    """

    torch: Callable[[], nn.Module]
    keras: Callable[[], Any]
    inputs: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Answer:
    """What `check` says of a layer beside its twin.

    Args:
        verdict: "same" or "different", or "refused".
        pair: both models.
        words: what the explanation or the refusal has in it.
    """

    verdict: str
    pair: Pair
    words: str = ""


class Function(nn.Module):
    """A function as a model of PyTorch."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs)


def numbers(shape: tuple[int, ...]) -> np.ndarray:
    """Numbers from -2 to 2, another draw for each shape."""
    rng = np.random.default_rng(sum(shape))
    return rng.uniform(-2, 2, (BATCH, *shape)).astype("float32")


def image(shape: tuple[int, ...]) -> np.ndarray:
    """Numbers from 0 to 255."""
    rng = np.random.default_rng(0)
    return rng.uniform(0, 255, (BATCH, *shape)).astype("float32")


def indices(shape: tuple[int, ...], words: int) -> np.ndarray:
    """Whole numbers from 0 on."""
    return np.random.default_rng(0).integers(0, words, (BATCH, *shape))
