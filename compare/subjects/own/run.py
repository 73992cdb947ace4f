"""Two models that a user brings, run as the built-in pairs are; loads frameworks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from compare.in_keras import models as in_keras
from compare.in_pytorch import precision as in_pytorch_precision
from compare.judging.arrays import sequence
from compare.judging.evidence import (
    BOTH_REFUSE,
    DIFFERENT,
    ONE_REFUSES,
    SAME,
    SAME_IN_FLOAT32,
    SIDES,
    Result,
)
from compare.subjects import subject as harness
from compare.subjects.cases import Case
from compare.subjects.own import calls as own_inputs
from compare.subjects.own import constants
from compare.subjects.own import models as live
from compare.subjects.own import pairings as alternatives
from compare.subjects.own import weights as own_weights
from compare.subjects.own.pair import OwnPair
from compare.subjects.own.pair_file import blamed
from compare.subjects.own.weights import AS_IS, RANDOM

# PyTorch comes first.
from compare.twins.frameworks import FRAMEWORKS, LAYERS
from compare.twins.twins import Twins


def run(pair: OwnPair, notes: list[str], gradients: bool = False) -> list[Result]:
    """The results of a pair.

    Args:
        pair: what to compare.
        notes: gets what a reader must know, a sentence each.
        gradients: whether to compare those of the pair's loss as well.

    Raises:
        BadInput: if layers have no twins, or nothing was compared.
    """
    with settled(pair):
        made = _run(pair, gradients)
        for otherwise in (_paired_otherwise, _built_for_its_steps, _as_written):
            if _wrong(made.results):
                made = otherwise(made, gradients) or made
    notes += [*made.notes, *_said_of_weights(made.results), *live.notes(pair.models)]
    for side, said in made.twins.only32.items():
        notes.append(
            f"{SIDES[side]}'s model cannot be run in float64, so this is judged in "
            f"float32, which proves less ({said}). Take out what asks for float32, or "
            "write a pair file, whose functions make the models in either: python -m "
            "compare new my_pair.py."
        )
    return made.results


@dataclass(frozen=True)
class _Run:
    """A pair as it was run; `length` is None where any number of steps was open."""

    pair: OwnPair
    twins: Twins
    length: int | None
    results: list[Result]
    notes: list[str]


def _run(pair, gradients, said=(), written=False):
    """Run a pair as it is; what is said of it goes before the notes.

    With constants as they were written down, if that is asked for.
    """
    notes, unlike = [*said], []
    twins, length = build(pair, notes)
    if written:
        constants.as_written(twins)
    cases = own_inputs.cases(pair, length)
    subject = harness.Subject(
        name=pair.name,
        cases=cases,
        build=lambda length: twins,
        draw=partial(own_inputs.cut, pair.arrays, twins.inputs),
        loads=own_weights.loads(pair, twins, notes, unlike),
        probe=lambda case: True,
        loss=pair.loss if gradients else "",
        seed=pair.seed,
    )
    results = [
        _as_expected(pair, result, cases[0], notes) for result in harness.run(subject)
    ]
    if {r.verdict for r in results if r.direction == AS_IS} == {SAME}:
        notes += unlike
    masked = own_inputs.masked(twins, pair.arrays)
    if masked:
        notes.append(masked)
    return _Run(pair, twins, length, results, notes)


def _wrong(results):
    """The results in which the models are not the same; not those of gradients."""
    return [
        result
        for result in results
        if not result.as_expected
        and not result.loss
        and result.verdict in (DIFFERENT, ONE_REFUSES)
    ]


def _paired_otherwise(made, gradients):
    """The run with layers of the same sizes paired so that the models are the same.

    None, with a note on the run as it is, where no pairing makes them so.
    """
    twins, pair = made.twins, made.pair
    if twins.only32 or twins.refusals:
        return None
    groups = alternatives.interchangeable(twins, pair.table)
    if not groups:
        return None
    case = Case(None, None, own_inputs.FEW, SAME)
    few = own_inputs.cut(pair.arrays, twins.inputs, case)
    if twins.run(*few)[1]:  # what one refuses is no matter of pairs
        return None
    others = alternatives.others_that_fit(twins, groups, few, pair.seed)
    names = ", ".join(name for group in groups for name in group)
    if others is None:
        made.notes.append(
            f"{names} have twins of the same kind and sizes, told apart by order: if "
            "it tells wrongly, give names, a table of PyTorch's layers and Keras's."
        )
        return None
    said = (
        f"{names}: paired with those of Keras's layers of the same sizes with which "
        "the models are the same; in order of execution they are not."
    )
    pair.otherwise.update(others)
    return _run(pair, gradients, [said])


def _built_for_its_steps(made, gradients):
    """The run for exactly the steps of the input, where the models are the same so."""
    pair, x = made.pair, sequence(made.pair.arrays)
    if made.length is not None or x is None:
        return None
    twins, found = _build(pair, pair.models, x.shape[1])
    if not found or twins.only32:
        return None
    if not _same(twins, made):
        return None
    said = (
        f"Judged for exactly {x.shape[1]} steps, as the models are called: traced once "
        "for any number of steps Keras's works differently, since a part of it reads "
        "that number from the shape."
    )
    return _run(replace(pair, free=False), gradients, [said])


def _as_written(made, gradients):
    """The run with constants that are not rounded to float32, where that is all."""
    pair, twins = made.pair, made.twins
    if twins.only32 or twins.refusals:
        return None
    names = constants.as_written(twins)
    if not names:
        return None
    if not _same(twins, made):
        return None
    said = f"{names}: judged as they were written, not as float32 rounds them."
    return _run(pair, gradients, [said], written=True)


def _same(twins, made):
    """Whether twins are the same with the weights with which those of a run are not."""
    pair = made.pair
    own_weights.loads(pair, twins, [])[_wrong(made.results)[0].direction](twins)
    return twins.compare(*pair.arrays)["verdict"] == SAME


def _said_of_weights(results):
    own = {r.verdict for r in results if r.direction != RANDOM}
    random = {r.verdict for r in results if r.direction == RANDOM}
    if DIFFERENT in own and random and random <= {SAME, BOTH_REFUSE}:
        yield (
            "With random weights, transferred, the models are the same: what differs "
            "is in the weights alone, not in what is computed with them."
        )


@contextmanager
def settled(pair: OwnPair) -> Iterator[None]:
    """A user's models, and the random numbers, are left as they were."""
    modes = live.modes_kept(pair.models)
    with (
        blamed(pair.file),
        in_keras.untouched(),
        in_pytorch_precision.one_thread(),
        modes,
    ):
        yield


def _as_expected(pair, result, whole, notes):
    """What is offered besides the user's own input may be refused, by either."""
    expected = result.expected
    if result.verdict == SAME_IN_FLOAT32:
        expected = SAME_IN_FLOAT32
    sizes = result.timesteps, result.batch
    offered = result.timesteps is not None and sizes != (whole.timesteps, whole.batch)
    if result.verdict == BOTH_REFUSE and offered:
        expected = BOTH_REFUSE
    if result.verdict == ONE_REFUSES and offered and not pair.steps:
        expected = ONE_REFUSES
        (side, said), *_ = result.refusals.items()
        steps = "1 step" if result.timesteps == 1 else f"{result.timesteps} steps"
        note = (
            f"Of {steps}, which you did not ask for, {SIDES[side]} alone says: {said}."
        )
        if note not in notes:
            notes.append(note)
        return replace(result, expected=expected, explanation=None)
    return replace(result, expected=expected)


# ----------------------------------------------------------------------------- building


def build(pair: OwnPair, notes: list[str]) -> tuple[Twins, int | None]:
    """The twins, and the number of steps that they are fixed to, or None.

    Any number of steps is tried first, where the models may take it.

    Args:
        pair: what to build.
        notes: gets which layer is the twin of which.

    Raises:
        BadInput: if layers have no twins.
    """
    models = dict(pair.models)
    for side, model in models.items():
        if side == "keras" and live.is_live(side, model):
            own_weights = pair.transfer not in ("to_keras", RANDOM)
            in_keras.check_unbuilt(model, own_weights)
    x = sequence(pair.arrays)
    whole = None if x is None else x.shape[1]
    fixed = None if x is None else own_inputs.own_steps(models["keras"])
    lengths = [None, whole] if pair.free and fixed is None else [whole]
    for length in dict.fromkeys(lengths):
        twins, found = _build(pair, models, length)
        if found:
            break
    if found:
        matched = [
            f"{name or 'the model itself'} = {' + '.join(each)}"
            for name, each in found.items()
        ]
        notes.append(f"matched (PyTorch = Keras): {'; '.join(matched)}.")
        notes += _said_of_constants(twins)
    return twins, length


def _said_of_constants(twins):
    for side, framework in LAYERS.items():
        model = twins.twins[side, "float32"].model
        names = list(framework.constants(model))
        if names:
            yield (
                f"{', '.join(names)} of {SIDES[side]}'s: constants of the model, not "
                "weights. No twin is looked for; they stay as they are."
            )


def _build(pair, models, length):
    inputs = own_inputs.inputs(pair, models["keras"], length)
    calls = {side: partial(own_inputs.call, side, pair.names) for side in FRAMEWORKS}
    uncopied = set()
    while True:
        make = {s: live.Maker(s, m, s in uncopied) for s, m in models.items()}
        copied = {s: models[s] for s, each in make.items() if each.copies}
        with live.noticing(copied) as ran:
            twins = Twins(make, inputs, None, calls=calls, alike=False)
            found = {}
            if not twins.refusals:
                twins.match(pair.arrays, pair.table)
                twins.pair_otherwise(pair.otherwise)
                _drop_narrow(twins, pair.arrays)
                refusals = twins.run(*pair.arrays)[1]
                found = {} if refusals else twins.found
        if not ran:
            return twins, found
        uncopied |= ran  # a copy that runs its original's layers is none


def _drop_narrow(twins, arrays):
    """A model that works in float32 inside proves nothing in float64."""
    for side in FRAMEWORKS:
        if (side, "float64") in twins.twins:
            name = twins.twins[side, "float64"].narrows(arrays)
            if name:
                del twins.twins[side, "float64"]
                twins.only32[side] = f"{name} takes it to a lower precision"
