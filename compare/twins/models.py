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
LOSSES = {side: import_module(f"{home}.losses") for side, home in HOMES.items()}


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


def losses(name: str, of_probabilities: Collection[Side] = ()) -> dict[Side, Callable]:
    """A loss in "torch" and in "keras".

    Args:
        name: of a function of `losses.py` in both folders of models.
        of_probabilities: the sides whose cross-entropy takes probabilities, not logits.
    """
    functions = {}
    for side, module in LOSSES.items():
        function = name
        if name == CROSS_ENTROPY and side in of_probabilities:
            function = CROSS_ENTROPY_OF_PROBABILITIES
        functions[side] = getattr(module, function)
    return functions
