"""Calls of models in a model: which masks go into them, and come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compare.kinds.graph import LayerPlan
from compare.kinds.page import Page
from compare.kinds.source import TensorText
from compare.porting.writing.lines import quoted
from compare.porting.writing.page_classes import ClassText, ordered
from compare.porting.writing.unread import read_after

# Layers that a mask changes, and why a model with some is not written where each step
# that goes through it has a mask of its own.
MASKED = {"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "GlobalAveragePooling1D"}
MASKED_INSIDE = (
    "TimeDistributed: a mask inside of each step, which layers of its model read"
)


def reads_masks(layer: LayerPlan) -> bool:
    """Whether a layer, or one inside it, is changed by a mask."""
    if layer.keras in MASKED:
        return True
    parts = list(layer.inside)
    if layer.model is not None:
        parts += layer.model.layers.values()
    return any(map(reads_masks, parts))


@dataclass(frozen=True)
class ModelCall:
    """A line of `forward` that calls a model.

    Args:
        line: its number.
        model: full name of the model.
        function: such as "self.encoder".
        targets: the variables that get the results.
        masks: the variables that get the masks that it returns.
        given: what it is called with.
        masks_given: the mask of each of these.
    """

    line: int
    model: str
    function: str
    targets: tuple[str, ...]
    masks: tuple[str, ...]
    given: tuple[str, ...]
    masks_given: tuple[str, ...]

    def text(self, inside: ClassText) -> str:
        """The line, by what the class takes and returns."""
        taken = [
            mask
            for mask, name in zip(self.masks_given, inside.masks_taken, strict=True)
            if name
        ]
        targets = ", ".join(self.targets)
        if inside.mask_names:
            several = len(self.targets) > 1
            targets = ", ".join([f"({targets})" if several else targets, *self.masks])
        return f"{targets} = {self.function}({', '.join([*self.given, *taken])})"


def settle_masks(
    page: Page, calls: Sequence[ModelCall], classes: dict[str, ClassText], result: str
) -> None:
    """Take out of the models inside the masks that nobody reads.

    Args:
        page: of the model that calls them.
        calls: in order.
        classes: of the models inside, by their full names; they are replaced.
        result: what the model returns, as text.
    """
    for name in reversed(list(dict.fromkeys(call.model for call in calls))):
        of_model = [call for call in calls if call.model == name]
        inside = classes[name]
        read: set[str] = set()
        for call in of_model:
            read |= {*call.masks} & read_after(page.lines, call.line, result)
        if not read:
            inside = inside.without_masks_returned()
        classes[name] = inside = inside.without_unread_masks()
        for call in of_model:
            _, *comment = page.lines[call.line].split("  # ")
            page.lines[call.line] = "  # ".join([call.text(inside), *comment])


def in_order_of(inputs: Any, given: Any) -> list[Any]:
    """The tensors that a model is called with, in the order of its inputs.

    Args:
        inputs: of the model: a tensor, or lists and dictionaries of some.
        given: what it is called with, in the same form or as a list.
    """
    if isinstance(inputs, Mapping) and isinstance(given, Mapping):
        return [item for key in inputs for item in ordered(given[key])]
    return ordered(given)


def parts_of(results: Any, variable: str) -> list[str]:
    """Each result of a model that returns a dictionary, as an expression.

    Args:
        results: of the model.
        variable: that holds them.
    """
    if isinstance(results, TensorText):
        return [variable]
    if isinstance(results, Mapping):
        pairs = [(quoted(str(key)), results[key]) for key in sorted(results)]
    else:
        pairs = [(str(number), item) for number, item in enumerate(results)]
    return [
        part for key, item in pairs for part in parts_of(item, f"{variable}[{key}]")
    ]
