"""Evidence whose every text is one clean line, whatever a user has called things."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from compare.one_line import sentence

T = TypeVar("T")


def cleaned(value: T) -> T:
    """A value whose texts show control characters and are of bounded length.

    Args:
        value: a text, or texts in lists, tuples, dictionaries and dataclasses. It
            is returned itself where all in it is clean already.
    """
    result: Any = value
    if isinstance(value, str):
        result = sentence(value)
    elif isinstance(value, dict):
        result = _cleaned_dictionary(value)
    elif isinstance(value, list | tuple) and type(value) in (list, tuple):
        result = _cleaned_sequence(value)
    elif is_dataclass(value) and not isinstance(value, type):
        changes = {}
        for field in fields(value):
            before = getattr(value, field.name)
            after = cleaned(before)
            if after is not before:
                changes[field.name] = after
        if changes:
            result = replace(value, **changes)
    kind: T = result
    return kind


def _cleaned_dictionary(value: dict[Any, Any]) -> dict[Any, Any]:
    result = {cleaned(key): cleaned(inner) for key, inner in value.items()}
    pairs = zip(result.items(), value.items(), strict=False)
    if len(result) == len(value) and all(_are_same(*pair) for pair in pairs):
        return value
    return result


def _cleaned_sequence(value: list[Any] | tuple[Any, ...]) -> object:
    result = [cleaned(inner) for inner in value]
    return value if _are_same(result, value) else type(value)(result)


def _are_same(after: Iterable[Any], before: Iterable[Any]) -> bool:
    """Whether two of the same length hold the very same objects."""
    return all(a is b for a, b in zip(after, before, strict=True))
