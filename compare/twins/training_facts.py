"""What twins do while they learn and not while they predict, and where that differs.

Twins that are the same in what they predict may learn otherwise. What is compared here
is what the models themselves say; results show none of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from compare.errors import BadInput
from compare.in_keras import training_facts as keras_facts
from compare.in_pytorch import training_facts as pytorch_facts
from compare.judging.arrays import sequence
from compare.judging.explanation import listed
from compare.judging.result import SIDES
from compare.judging.training_facts import Draw, TrainingFacts
from compare.judging.words import Side
from compare.kinds.layer import Layer
from compare.listing import bounded
from compare.matching.rewriting import rewrite, shapes
from compare.twins.frameworks import LAYERS, REFUSALS
from compare.twins.twins import Twins

FACTS: dict[Side, ModuleType] = {"torch": pytorch_facts, "keras": keras_facts}
OPENING = "same as they predict; in training these differ"
FEW_EXAMPLES = 4  # on which the models run as they learn, where each is small
LEAST_EXAMPLES = 2  # a batch norm takes no single one
ENOUGH = 1000  # numbers of an input, that no dropout spares by chance
NEAR = 1e-9  # of two momenta: 1 - 0.99 is not 0.01

Facts = Mapping[Side, TrainingFacts]


def read(twins: Twins, arrays: Sequence[np.ndarray], takes_few: bool = False) -> Facts:
    """Read the facts from both models, which run as they do while they learn.

    Args:
        twins: that run in float32.
        arrays: one for each input.
        takes_few: whether they are known to run on few samples.
    """
    size = arrays[0][:1].size or 1
    examples = int(np.clip(-(-ENOUGH // size), LEAST_EXAMPLES, FEW_EXAMPLES))
    few = [array[:examples] for array in arrays]
    takes_any = twins.inputs[0].shape[0] is None
    if not (takes_few or (takes_any and _run(twins, few))):
        few = list(arrays)  # one size of a batch is taken, and no other
    facts: dict[Side, TrainingFacts] = {}
    for side, adapter in FACTS.items():
        twin = twins.of_side(side)["float32"]
        facts[side] = adapter.facts(twin, few)
    return facts


def _run(twins: Twins, arrays: Sequence[np.ndarray]) -> bool:
    """Whether both models run in float32."""
    for side in SIDES:
        try:
            twins.of_side(side)["float32"](*arrays)
        except REFUSALS[side]:
            return False
    return True


def note(twins: Twins, arrays: Sequence[np.ndarray], takes_few: bool = False) -> str:
    """A line on what differs in training between twins that are the same, or "".

    Arguments as for `read`.
    """
    sentences = differences(read(twins, arrays, takes_few), twins, arrays)
    return f"{OPENING}: {'; '.join(sentences)}." if sentences else ""


def differences(
    facts: Facts, twins: Twins, arrays: Sequence[np.ndarray]
) -> tuple[str, ...]:
    """What differs in training, a clause each; none where the sides agree.

    Args:
        facts: as `read` returns them.
        twins: that they were read from.
        arrays: as in `read`.
    """
    x = sequence(arrays)
    steps = 1 if x is None else x.shape[1]
    clauses = [
        *_draws(facts, steps),
        *_statistics(facts),
        *_of_keras_alone(facts["keras"]),
        *_frozen(facts, twins),
        *_padding(facts),
        *_softmax(twins),
    ]
    return tuple(clauses)


# ------------------------------------------------------------------------ random draws


@dataclass(frozen=True)
class _Dropout:
    """What two draws must have in common to be alike."""

    kind: str
    rate: float | None


def _draws(facts: Facts, steps: int) -> Iterator[str]:
    """Where one side draws other random numbers than its twin."""
    counted = {side: _counted(facts[side].draws, steps) for side in SIDES}
    torch, keras = counted["torch"], counted["keras"]
    unlike = {"torch": torch - keras, "keras": keras - torch}
    for side, opposite in (("torch", "keras"), ("keras", "torch")):
        # Numbers that nobody knows the use of may be those of any layer.
        unknown = any(drop.kind == "random numbers" for drop in unlike[side])
        if unknown and unlike[opposite]:
            return
    if not unlike["torch"] and not unlike["keras"]:
        return
    words = [f"{SIDES[side]} {_drawn_in_words(facts[side])}" for side in SIDES]
    yield f"what is dropped or drawn at random ({', '.join(words)})"


def _counted(draws: Sequence[Draw], steps: int) -> Counter[_Dropout]:
    """How often each sort of dropout acts; what acts at every step acts once.

    Args:
        draws: in order.
        steps: number of time steps that a model may loop over.
    """
    by_place = Counter((draw.place, draw.kind, draw.rate) for draw in draws)
    counted: Counter[_Dropout] = Counter()
    for (_, kind, rate), times in by_place.items():
        if steps > 1 and times % steps == 0:
            times //= steps
        counted[_Dropout(kind, rate)] += times
    return counted


def _drawn_in_words(facts: TrainingFacts) -> str:
    """What one side draws, and which dropouts of it never act."""
    places = dict.fromkeys(draw.in_words() for draw in facts.draws)
    words = listed(list(places)) if places else "none"
    if facts.idle:
        words += f": {'; '.join(facts.idle)}"
    return words


# ------------------------------------------------------------------------------ layers


def statistics_of_both(
    facts: Facts,
) -> list[tuple[str, str, float | None, float | None]]:
    """The batch norms of both sides, in pairs.

    Returns:
        The name in PyTorch, that in Keras, and what a batch leaves of the statistics in
        PyTorch and in Keras. Nothing where one side has more of them.
    """
    torch, keras = facts["torch"].statistics, facts["keras"].statistics
    if len(torch) != len(keras):
        return []  # results tell
    if torch.keys() == keras.keys():
        return [(name, name, torch[name], keras[name]) for name in torch]
    return [
        (torch_name, keras_name, torch[torch_name], keras[keras_name])
        for torch_name, keras_name in zip(torch, keras, strict=True)
    ]


def _statistics(facts: Facts) -> Iterator[str]:
    """Where batch norms keep statistics in other ways."""
    for name, _, torch, keras in statistics_of_both(facts):
        if alike(torch, keras):
            continue
        if torch is None or keras is None:
            in_torch, in_keras = _update_in_words(torch), _update_in_words(keras)
            yield (
                f"the statistics of {name} ({in_torch} in PyTorch, {in_keras} in Keras)"
            )
        else:
            yield (
                f"the momentum of {name}'s statistics (PyTorch's {1 - torch:g} is "
                f"{torch:g} in Keras's words, Keras's is {keras:g})"
            )


def alike(torch: float | None, keras: float | None) -> bool:
    """Whether two momenta, in Keras's words, are the same."""
    if torch is None or keras is None:
        return torch is keras
    return abs(torch - keras) <= NEAR


def _update_in_words(momentum: float | None) -> str:
    """How a batch changes statistics."""
    if momentum is None:
        return "frozen, or the mean of all batches"
    return f"learnt with momentum {momentum:g} in Keras's words"


def _of_keras_alone(facts: TrainingFacts) -> Iterator[str]:
    """What PyTorch's models have no place for."""
    for word, by_place in (
        ("regularisers", facts.regularisers),
        ("constraints", facts.constraints),
    ):
        if by_place:
            words = [f"{text} of {place}" for place, text in by_place.items()]
            yield f"{word} (Keras alone: {', '.join(words)})"
    if facts.added:
        yield f"add_loss (Keras alone: {', '.join(facts.added)})"


def _frozen(facts: Facts, twins: Twins) -> Iterator[str]:
    """Where weights are frozen on one side and learnt on its twin."""
    try:
        torch_layers = LAYERS["torch"].layers(twins.model("torch", "float32"))
        keras_layers = shapes(LAYERS["keras"].held(twins.model("keras", "float32")))
    except BadInput:  # weights outside layers, of models that are judged as they are
        return
    frozen: dict[Side, list[str]] = {"torch": [], "keras": []}
    for name, flags in facts["torch"].learnt.items():
        if name not in facts["keras"].learnt or name not in keras_layers:
            continue
        layer = Layer(torch_layers[name].kind, flags)
        twin = {name: keras_layers[name]}
        rewritten: Mapping[str, Mapping[str, np.ndarray]] = {}
        with suppress(BadInput):  # no rule, or one that does not take these arrays
            rewritten, _ = rewrite({name: layer}, twin, "to_keras", strict=False)
        for key, array in rewritten.get(name, {}).items():
            in_keras = facts["keras"].learnt[name].get(key)
            if in_keras is None or array.shape != in_keras.shape:
                continue
            if array.any() and not in_keras.any():
                frozen["keras"].append(f"{name}.{key}")
            elif in_keras.any() and not array.any():
                frozen["torch"].append(f"{name}.{key}")
    words = [
        f"{SIDES[side]} alone: {bounded(arrays)}"
        for side, arrays in frozen.items()
        if arrays
    ]
    if words:
        yield f"frozen weights ({'; '.join(words)})"


def _padding(facts: Facts) -> Iterator[str]:
    """Where a row of an embedding learns on Keras's side alone."""
    for name, row in facts["torch"].padding.items():
        if row != facts["keras"].padding.get(name):
            yield (
                f"padding_idx={row} of {name} (PyTorch learns nothing of that row, "
                "Keras does)"
            )


def _softmax(twins: Twins) -> Iterator[str]:
    """Where the cross-entropy of one side alone takes a softmax twice."""
    twice = twins.probabilities - twins.of_probabilities
    if len(twice) == 1:
        (side,) = twice
        yield (
            f"the softmax ({SIDES[side]}'s model ends with one, and its cross-entropy, "
            "which takes logits, takes it again: return logits there)"
        )
