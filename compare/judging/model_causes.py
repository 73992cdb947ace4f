"""What makes twins drift apart that their user wrote, and no framework defines.

A run removes these only if it is asked to: without them it says less than what the
models would do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from compare.judging.optimizers import CAUSES
from compare.judging.words import Side

REGULARISERS = "regularisers"
ADD_LOSS = "add_loss"
CONSTRAINTS = "constraints"
CLIPPING = "clipping"
MOMENTUM = "running_momentum"
PADDING = "padding_idx"
SOFTMAX = "softmax"

# The side that alone has each; None where both have it, and one follows the other.
OF_SIDE: Mapping[str, Side | None] = {
    REGULARISERS: "keras",
    ADD_LOSS: "keras",
    CONSTRAINTS: "keras",
    CLIPPING: "keras",
    MOMENTUM: None,
    PADDING: "torch",
    SOFTMAX: "torch",
}
ALL_CAUSES = (*CAUSES, *OF_SIDE)


@dataclass(frozen=True)
class Alignment:
    """What one side of a run does otherwise than its model, to be as its twin.

    Args:
        left_out: those of OF_SIDE that this side has and leaves out.
        variance: batch norms whose running variance divides as the other framework's
            does, by all values or by one less.
        momenta: what batch norms go by, in Keras's words, by layer.
        still: arrays that are not learnt, by layer, since the gradient of each is zero
            but for rounding.
    """

    left_out: frozenset[str] = frozenset()
    variance: frozenset[str] = frozenset()
    momenta: Mapping[str, float] = field(default_factory=dict)
    still: Mapping[str, frozenset[str]] = field(default_factory=dict)
