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
    """Make a mistake in PyTorch's twin of every precision.

    Args:
        twins: as they were again afterwards.
        effect: what the mistake changes.
        layer: where, by name; "" where the mistake is not in a layer.
        following: the layer that is computed next, where the mistake is between two.
    """
    torch_twins = twins.of_side("torch").values()
    changed = [(twin, set(twin.changed)) for twin in torch_twins]
    try:
        with ExitStack() as stack:
            for twin in torch_twins:
                stack.enter_context(injected(twin, effect, layer, following))
            yield
    finally:
        for twin, names in changed:  # inputs that the mistake alone writes into
            twin.changed = names
