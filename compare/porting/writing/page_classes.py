"""A class of a port, complete, before it is put into a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compare.kinds.source import Page, TensorText


@dataclass(frozen=True)
class ClassText:
    """A class of a port.

    Args:
        name: of the class.
        model: what the user called the model.
        arguments: of `forward`, by name.
        result: what `forward` returns, as text.
        page: modules, lines and helpers.
    """

    name: str
    model: str
    arguments: Mapping[str, TensorText]
    result: str
    page: Page
