"""What a user's twins do otherwise as they learn, and what makes them alike."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from compare.judging.compiled import Compiled
from compare.judging.model_causes import (
    ADD_LOSS,
    CLIPPING,
    CONSTRAINTS,
    MOMENTUM,
    OF_SIDE,
    PADDING,
    REGULARISERS,
    SOFTMAX,
    Alignment,
)
from compare.judging.optimizers import VARIANCE, VARIANCES
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.twins.stillness import Still
from compare.twins.training_facts import Facts, alike, statistics_of_both
from compare.twins.twins import Twins


def causes(
    facts: Facts, compiled: Compiled | None, twice: Collection[Side]
) -> dict[str, str]:
    """What makes the models drift apart, by name, with the sentence that says it.

    Args:
        facts: of both models.
        compiled: what Keras's model was compiled with, if it is used.
        twice: the sides whose cross-entropy takes the softmax of probabilities.
    """
    return dict(_causes(facts, compiled, twice))


def _causes(
    facts: Facts, compiled: Compiled | None, twice: Collection[Side]
) -> Iterator[tuple[str, str]]:
    keras = facts["keras"]
    if keras.regularisers:
        words = _listed(keras.regularisers)
        yield REGULARISERS, f"Keras alone adds regularisers to its loss: {words}"
    if keras.added:
        layers = ", ".join(keras.added)
        yield ADD_LOSS, f"Keras alone adds to its loss what add_loss is given: {layers}"
    if keras.constraints:
        words = _listed(keras.constraints)
        yield CONSTRAINTS, f"Keras alone constrains weights after a step: {words}"
    if compiled is not None and compiled.clips:
        words = ", ".join(f"{key}={value:g}" for key, value in compiled.clips.items())
        yield CLIPPING, f"Keras alone clips gradients: {words}"
    statistics = statistics_of_both(facts)
    if facts["torch"].less_one:
        yield VARIANCE, VARIANCES
    for name, _, torch, keras_value in statistics:
        if torch is None or keras_value is None or alike(torch, keras_value):
            continue
        yield (
            MOMENTUM,
            f"a batch leaves {torch:g} of {name}'s running statistics in PyTorch, "
            f"{keras_value:g} in Keras: Keras's momentum is 1 less PyTorch's; no loss "
            "depends on it while the models learn",
        )
    rows = {
        name: row
        for name, row in facts["torch"].padding.items()
        if keras.padding.get(name) != row
    }
    if rows:
        words = ", ".join(f"row {row} of {name}" for name, row in rows.items())
        yield (
            PADDING,
            f"PyTorch alone learns nothing of what padding_idx names: {words}",
        )
    if len(twice) == 1:
        (side,) = twice
        yield (
            SOFTMAX,
            f"{SIDES[side]}'s model ends with a softmax, and its cross-entropy takes "
            "logits: there the softmax is taken twice",
        )


def _listed(words: Mapping[str, str]) -> str:
    return ", ".join(f"{text} of {place}" for place, text in words.items())


def alignment(
    side: Side, facts: Facts, follow: Side, removed: Collection[str], still: Still
) -> Alignment:
    """What one side does otherwise than its model.

    Args:
        side: which.
        facts: of both models.
        follow: the side that the other follows.
        removed: the causes of drift that are removed.
        still: arrays that are not learnt.
    """
    follows = side != follow
    momenta: dict[str, float] = {}
    if follows and MOMENTUM in removed:
        for torch_name, keras_name, torch, keras in statistics_of_both(facts):
            if torch is None or keras is None:
                continue
            if side == "torch":
                momenta[torch_name] = keras
            else:
                momenta[keras_name] = torch
    variance: set[str] = set()
    if follows and VARIANCE in removed:
        for torch_name, keras_name, _, _ in statistics_of_both(facts):
            if torch_name in facts["torch"].less_one:
                variance.add(torch_name if side == "torch" else keras_name)
    return Alignment(
        left_out=frozenset(name for name in removed if OF_SIDE.get(name) == side),
        variance=frozenset(variance),
        momenta=momenta,
        still=still.get(side, {}),
    )


@contextmanager
def left_out(twins: Twins, names: Collection[str]) -> Iterator[None]:
    """Leave causes out of what the models learn by inside the block.

    Args:
        twins: whose gradients are to be computed.
        names: of causes; those that are not of one model are ignored.
    """
    of_probabilities = twins.of_probabilities
    if SOFTMAX in names:
        twins.of_probabilities |= twins.probabilities
    for side in SIDES:
        of_one_side = frozenset(name for name in names if OF_SIDE.get(name) == side)
        for twin in twins.of_side(side).values():
            twin.left_out = of_one_side
    try:
        yield
    finally:
        twins.of_probabilities = of_probabilities
        for side in SIDES:
            for twin in twins.of_side(side).values():
                twin.left_out = frozenset()
