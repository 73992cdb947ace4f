"""What a PyTorch model returns, one tensor or more, with others in their place."""

from __future__ import annotations

from collections.abc import Iterator

import torch


def with_first(results: object, made: torch.Tensor) -> object:
    """What a model returned, with another tensor in the place of the first."""
    if isinstance(results, dict):
        first = min(results)
        return {**results, first: with_first(results[first], made)}
    if isinstance(results, list | tuple):
        return (with_first(results[0], made), *results[1:])
    return made


def first(results: object) -> torch.Tensor:
    """The tensor that `with_first` puts another in the place of."""
    if isinstance(results, dict):
        return first(results[min(results)])
    return first(results[0]) if isinstance(results, list | tuple) else results


def filled(results: object, tensors: Iterator[torch.Tensor]) -> object:
    """Something of the form of results, with other tensors in it, as `flat` goes."""
    if isinstance(results, dict):
        return {name: filled(results[name], tensors) for name in sorted(results)}
    if isinstance(results, list | tuple):
        return tuple(filled(each, tensors) for each in results)
    return None if results is None else next(tensors)
