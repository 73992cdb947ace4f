"""The built-in models and losses of both frameworks, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module

# PyTorch comes first: loaded after TensorFlow it is slower.


def twin_makers(file: str, cls: str, sizes: Mapping) -> dict[str, Callable]:
    """What builds a built-in pair's model of "torch" and of "keras"."""
    homes = {"torch": "pytorch_models", "keras": "keras_models"}
    return {
        side: partial(getattr(import_module(f"{home}.{file}"), cls), **sizes)
        for side, home in homes.items()
    }


def losses(name: str) -> dict[str, Callable]:
    """A loss in "torch" and in "keras"."""
    return {
        "torch": getattr(import_module("pytorch_models.losses"), name),
        "keras": getattr(import_module("keras_models.losses"), name),
    }
