"""What a reader must know of a run of two models, in sentences; loads frameworks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from compare.errors import command
from compare.judging.result import BOTH_REFUSE, DIFFERENT, SAME, SIDES, Result
from compare.judging.summary import MATCHED, WEIGHTS_ALONE
from compare.listing import bounded
from compare.matching.unmatched import called
from compare.subjects.own import rounded
from compare.subjects.own.weights import RANDOM
from compare.twins import reaching
from compare.twins.frameworks import LAYERS
from compare.twins.twins import Twins

INSIDE = "Inside, "  # begins a note on stages that differ while results agree


def on_float32(twins: Twins) -> Iterator[str]:
    """Why a side cannot be run in float64, and what to do."""
    for side, reason in twins.only32.items():
        if reason == rounded.REASON:  # a note says it already
            continue
        yield (
            f"{SIDES[side]}'s model cannot be run in float64, so this is judged in "
            f"float32, which proves less ({reason}). Take out what asks for float32, "
            "or write a pair file, whose functions make the models in either: "
            f"{command()} new my_pair.py."
        )


def on_matches(twins: Twins, ignore: Collection[str]) -> Iterator[str]:
    """Which layer is the twin of which, and which layers have none.

    Args:
        twins: matched.
        ignore: names that the user says do not count.
    """
    pairs = [
        f"{called(name)} = {' + '.join(keras_names)}"
        for name, keras_names in twins.matched.items()
    ]
    if pairs:
        yield f"{MATCHED}{bounded(pairs, '; ')}."
    yield from _on_constants(twins)
    yield from _on_computed(twins)
    yield from _on_what_is_ignored(twins, ignore)
    yield from _on_layers_alone(twins)


def on_weights(results: Sequence[Result]) -> Iterator[str]:
    """Say so where the weights alone differ."""
    if are_weights_alone(results):
        yield WEIGHTS_ALONE


def are_weights_alone(results: Sequence[Result]) -> bool:
    """Whether models differ that are the same with the same random weights."""
    verdicts = {r.verdict for r in results if r.direction != RANDOM}
    random = {r.verdict for r in results if r.direction == RANDOM}
    return DIFFERENT in verdicts and bool(random) and random <= {SAME, BOTH_REFUSE}


def on_few_samples(results: Sequence[Result], samples: int) -> Iterator[str]:
    """Say so where float64 or random weights ran on a few of the samples.

    Args:
        results: on the user's own inputs.
        samples: of those.
    """
    for few in dict.fromkeys(result.in_float64 for result in results):
        if few is not None:
            yield (
                f"Judged in float64 on {few} of {samples} samples and in float32 on "
                f"all {samples}, since the model is large."
            )
    batches = [result.batch or samples for result in results]
    directions = [result.direction for result in results]
    if RANDOM not in directions or set(directions) == {RANDOM}:
        return
    most = max(b for b, d in zip(batches, directions, strict=True) if d == RANDOM)
    if most < samples:
        yield (
            f"Random weights were compared on {most} of {samples} samples, since the "
            "model is large."
        )


def on_the_inside(results: Sequence[Result]) -> Iterator[str]:
    """Which stages differ inside the models, while what they return does not."""
    names: dict[str, None] = {}
    for result in results:
        names |= dict.fromkeys(result.differs_inside)
    if names:
        yield (
            f"{INSIDE}{bounded(names)} differs and does not reach the results "
            f"({reaching.TRIES} other inputs were tried)."
        )


def on_changed_inputs(twins: Twins) -> Iterator[str]:
    """Which inputs PyTorch's model changes in place."""
    changed: set[str] = set()
    for twin in twins.of_side("torch").values():
        changed |= twin.changed
    if changed:
        names = bounded(sorted(changed))
        yield (
            f"PyTorch's model changes its input in place ({names}): whoever calls it "
            "finds it changed. Each run here got a copy."
        )


def _on_constants(twins: Twins) -> Iterator[str]:
    for side, framework in LAYERS.items():
        model = twins.model(side, "float32")
        names = list(framework.constants(model))
        if names:
            yield (
                f"{bounded(names)} of {SIDES[side]}: constants of the model, not "
                "weights. No twin is looked for; they stay as they are."
            )


def _on_computed(twins: Twins) -> Iterator[str]:
    for side, framework in LAYERS.items():
        names = framework.computed(twins.model(side, "float32"))
        if names:
            yield (
                f"{bounded(names)} of {SIDES[side]}: computed by a norm of weights. "
                "What they come to is compared, not how they learn."
            )


def _on_what_is_ignored(twins: Twins, ignore: Collection[str]) -> Iterator[str]:
    for side, names in twins.ignored.items():
        unread = []
        for name in names:
            layer, _, _ = name.rpartition(".")
            if name not in ignore and layer not in ignore:
                unread.append(name)
        if unread:
            yield (
                f"{bounded(unread)} of {SIDES[side]}'s model: no part in what it "
                "returns, so no twin is looked for."
            )
    if ignore:
        yield f"{bounded(ignore)}: no twin was looked for, as you say."


def _on_layers_alone(twins: Twins) -> Iterator[str]:
    """Which layers no mistakes are made in, and no weights drawn for."""
    alone = [
        f"{bounded(map(called, names))} of {SIDES[side]}"
        for side, names in twins.alone.items()
        if names
    ]
    if alone:
        yield (
            f"Not looked into: {'; '.join(alone)}. There is no rule by which their "
            "weights could be moved, so the models are judged with the weights that "
            "they have, and with no others."
        )


def on_refusal(result: Result) -> str:
    """What one side alone says of a number of steps that the user did not ask for."""
    side, text = next(iter(result.refusals.items()))
    steps = "1 step" if result.timesteps == 1 else f"{result.timesteps} steps"
    return f"Of {steps}, which you did not ask for, {SIDES[side]} alone says: {text}."
