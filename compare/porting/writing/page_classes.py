"""A class of a port, complete, before it is put into a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from compare.kinds.page import Page
from compare.kinds.source import TensorText
from compare.porting.writing.handed_states import with_handed_states
from compare.porting.writing.lines import quoted
from compare.porting.writing.unread import names_in, without_unread


@dataclass(frozen=True)
class ClassText:
    """A class of a port.

    Args:
        name: of the class.
        model: what the user called the model.
        arguments: of `forward`, by name.
        results: what `forward` returns: one tensor, or lists and dictionaries of them.
        page: modules, lines and helpers.
        masks_taken: the masks that `forward` takes behind its arguments: which steps of
            each argument count, "" where all do.
        masks_returned: the masks that it returns behind its results, by their numbers.
        is_again: whether it stands in the file already, since another model is alike.
    """

    name: str
    model: str
    arguments: Mapping[str, TensorText]
    results: Any
    page: Page
    masks_taken: tuple[str, ...] = ()
    masks_returned: Mapping[int, str] | None = None
    is_again: bool = False

    def is_like(self, other: ClassText) -> bool:
        """Whether another class does the same, with weights of its own or with these.

        What is called with masks is not: each place may leave out others of them.
        """
        if any(self.masks_taken) or any(other.masks_taken) or self.masks_returned:
            return False
        return (
            self.model == other.model
            and self.arguments == other.arguments
            and self.results == other.results
            and self.page.attributes == other.page.attributes
            and self.page.lines == other.page.lines
            and self.page.notes == other.page.notes
        )

    @property
    def mask_names(self) -> tuple[str, ...]:
        """The masks that it returns, without those that it returns twice."""
        return tuple(dict.fromkeys((self.masks_returned or {}).values()))

    @property
    def result(self) -> str:
        """What `forward` returns, as text."""
        texts = [results_text(self.results), *self.mask_names]
        if self.mask_names and isinstance(self.results, list | tuple):
            texts[0] = f"({texts[0]})"
        return ", ".join(texts)

    def trimmed(self) -> ClassText:
        """The class without the lines whose results nobody reads."""
        lines = with_handed_states(self.page.lines, self.result)
        self.page.lines[:] = without_unread(lines, self.result)
        return self

    def without_masks_returned(self) -> ClassText:
        """The class, whose masks nobody reads outside."""
        return replace(self, masks_returned=None).trimmed()

    def without_unread_masks(self) -> ClassText:
        """The class without the masks that it is given and does not read."""
        read = names_in("\n".join([*self.page.lines, self.result]))
        taken = tuple(name if name in read else "" for name in self.masks_taken)
        return replace(self, masks_taken=taken)


def ordered(value: Any) -> list[Any]:
    """What stands in lists and dictionaries, in Keras's order: that of sorted keys."""
    if isinstance(value, Mapping):
        return [item for key in sorted(value) for item in ordered(value[key])]
    if isinstance(value, list | tuple):
        return [item for part in value for item in ordered(part)]
    return [value]


def results_text(value: Any, inside: bool = False) -> str:
    """Tensors in lists and dictionaries, as an expression.

    Args:
        value: a `TensorText`, or lists and dictionaries of some.
        inside: whether it stands in another list or dictionary.
    """
    if isinstance(value, TensorText):
        return value.text
    if isinstance(value, Mapping):
        pieces = [
            f"{quoted(str(key))}: {results_text(item, True)}"
            for key, item in value.items()
        ]
        return "{" + ", ".join(pieces) + "}"
    text = ", ".join(results_text(item, True) for item in value)
    if len(value) == 1:
        text += ","
    return f"({text})" if inside else text
