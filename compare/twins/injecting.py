"""A mistake made in the PyTorch twins of every precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from compare.in_pytorch.mistakes import injected
from compare.kinds.mistake import Effect

if TYPE_CHECKING:
    from compare.twins.twins import Twins


@contextmanager
def injected_everywhere(
    twins: Twins, effect: Effect, layer: str = "", following: str | None = None
) -> Iterator[None]:
    """As `injected`, in PyTorch's twins of every precision."""
    with ExitStack() as stack:
        for (side, _), twin in twins.twins.items():
            if side == "torch":
                stack.enter_context(injected(twin, effect, layer, following))
        yield
