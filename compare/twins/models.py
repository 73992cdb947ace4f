"""The built-in models and losses of both frameworks, by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from compare.judging.losses import CROSS_ENTROPY, CROSS_ENTROPY_OF_PROBABILITIES
from compare.judging.words import Side

# PyTorch comes first: loaded after TensorFlow it is slower.
HOMES: dict[Side, str] = {"torch": "pytorch_models", "keras": "keras_models"}


def twin_makers(file: str, cls: str, sizes: Mapping[str, Any]) -> dict[Side, Callable]:
    """What builds a built-in pair's model of "torch" and of "keras".

    Args:
        file: name of the module in both packages.
        cls: name of the model's class.
        sizes: arguments of the class.
    """
    makers: dict[Side, Callable] = {}
    for side, home in HOMES.items():
        model = getattr(import_module(f"{home}.{file}"), cls)
        makers[side] = partial(model, **sizes)
    return makers


def losses(
    name: str, probabilities: Collection[Side] = (), twice: bool = True
) -> dict[Side, Callable]:
    """A loss of "torch" and of "keras", as users of the framework take it.

    The cross-entropy of PyTorch takes logits, whatever it gets; that of Keras takes
    probabilities, where the model ends with a softmax.

    Args:
        name: of a function of `losses.py` in both folders of models.
        probabilities: the sides whose results are probabilities.
        twice: whether PyTorch's cross-entropy takes the softmax of those, as it does.
    """
    functions = {}
    for side, home in HOMES.items():
        function = name
        once = side == "keras" or not twice
        if name == CROSS_ENTROPY and side in probabilities and once:
            function = CROSS_ENTROPY_OF_PROBABILITIES
        functions[side] = getattr(import_module(f"{home}.losses"), function)
    return functions
