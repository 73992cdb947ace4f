"""What a verdict is worth: which named mistakes would this very run have noticed?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compare import progress
from compare.in_pytorch import anatomy as in_pytorch_anatomy
from compare.in_pytorch import mistakes as pytorch_mistakes
from compare.judging.distances import near
from compare.judging.four import Four
from compare.judging.result import SAME
from compare.judging.sensitivity import Sensitivity, Survivor
from compare.judging.verdict import is_apart, is_apart32
from compare.judging.words import Precision
from compare.kinds.mistake import ArraysOfLayer, Computation, LossFactor, Mistake
from compare.mistakes import MISTAKES
from compare.mistakes.anatomy import Anatomy, applies
from compare.mistakes.runs import is_later, layer_of
from compare.twins import effort, few_samples
from compare.twins.injecting import injected_everywhere
from compare.twins.stages import Stages, StagesOfAll, with_valid_steps

if TYPE_CHECKING:
    from compare.twins.twins import Twins

TRIES = 12  # draws before a mistake is held to change nothing: signs alone are chance
UNREAD_TRIES = 2  # draws before what a mistake changes is held to be read by nobody
EQUIVALENT = "equivalent on this model: {} random draws do not show it either"
HERE = (
    "these inputs or weights cannot show it: give inputs of either sign, other weights"
)


def sensitivity(
    pair: str,
    twins: Twins,
    arrays: tuple[np.ndarray, ...],
    before: Sensitivity | None = None,
    stages: StagesOfAll | None = None,
) -> Sensitivity:
    """Make every mistake that can be made in a twin, and judge as the run does.

    PyTorch's model gets the mistake, in both precisions, and is compared with Keras's
    model as it is; where one precision alone proves that they are not the same, the
    other does not run. A mistake that makes the model refuse is noticed as well.
    In a large model some of the mistakes are made, see `effort`, and first on one
    sample: what is noticed there is noticed on all.

    Args:
        pair: its name.
        twins: loaded, and the same on these arrays.
        arrays: one for each input.
        before: what other weights showed; only what survived there is tried again.
        stages: that `Twins.run` returned for these arrays and weights, if it ran.
    """
    if stages is None:
        stages, _ = twins.run(*arrays)
    anatomy = in_pytorch_anatomy.anatomy(twins.twin("torch", "float64"), arrays)
    left_out = 0
    one_sample = is_large = False
    if before is None:
        applicable = _applicable(anatomy)
        of_layers = {name: effort.of_mistake(name, anatomy) for name in anatomy.kinds}
        efforts = [of_layers[name] for _, name in applicable]
        mistakes = effort.chosen(applicable, efforts)
        left_out = len(applicable) - len(mistakes)
        is_large = effort.is_large(efforts)
        one_sample = is_large and few_samples.can_be_cut(twins, arrays)
    else:
        mistakes = _applicable(anatomy, among=_mistakes_and_layers(before))
        left_out = before.left_out
    first_samples: tuple[np.ndarray, ...] = ()
    right: StagesOfAll = {}
    if one_sample:
        first_samples = few_samples.first(arrays, 1)
        right, refusals = twins.run(*first_samples)
        one_sample = not refusals
    survivors = []
    for number, (mistake, layer) in enumerate(mistakes, start=1):
        progress.say(f"mistake {number} of {len(mistakes)}")
        following = anatomy.following(layer)
        if isinstance(mistake.effect, ArraysOfLayer | Computation):  # in every run
            layer = layer_of(layer)
        if one_sample:
            wrong = _with_mistake(
                twins, first_samples, right, mistake, layer, following, is_large
            )
            if not wrong or twins.judge(right | wrong, first_samples).verdict != SAME:
                continue
        wrong = _with_mistake(
            twins, arrays, stages, mistake, layer, following, is_large
        )
        if not wrong:
            continue
        judgement = twins.judge(stages | wrong, arrays)
        if judgement.verdict == SAME:
            inside = _changes_the_inside(twins, stages, wrong)
            survivors.append(
                Survivor(mistake.name, layer, mistake.sentence, inside=inside)
            )
    tried = before.faults if before else len(mistakes)
    noticed = tried - len(survivors)
    return Sensitivity(pair, noticed, tried, tuple(survivors), left_out=left_out)


def _changes_the_inside(twins: Twins, right: StagesOfAll, wrong: StagesOfAll) -> bool:
    """Whether a mistake changes stages of PyTorch's model that it does not return."""
    precision = twins.precisions[-1]
    before, after = right["torch", precision], wrong["torch", precision]
    return any(
        name not in after or not near(array, after[name])
        for name, array in before.items()
        if name not in (twins.outputs or ())
    )


def _applicable(
    anatomy: Anatomy, among: Collection[tuple[str, str]] | None = None
) -> list[tuple[Mistake, str]]:
    """Every mistake that can be made in a model, with each layer that it applies to.

    Args:
        anatomy: of the model.
        among: names of mistakes, each with a layer; None for all.
    """
    applicable = []
    by_kind: dict[str, list[Mistake]] = {}
    for kind in set(anatomy.kinds.values()):
        by_kind[kind] = [mistake for mistake in MISTAKES if kind in mistake.kinds]
    last = list(anatomy.kinds)[-1:]
    for layer in anatomy.kinds:
        if is_later(layer) and layer not in last:
            continue  # what goes wrong in the first run stands for all
        for mistake in by_kind[anatomy.kinds[layer]]:
            in_all_runs = isinstance(mistake.effect, ArraysOfLayer | Computation)
            if in_all_runs and is_later(layer):
                continue
            name = layer_of(layer) if in_all_runs else layer
            asked = among is None or (mistake.name, name) in among
            if asked and applies(mistake, layer, anatomy):
                applicable.append((mistake, layer))
    return applicable


def _mistakes_and_layers(probed: Sensitivity) -> set[tuple[str, str]]:
    """The names of the mistakes that survived, each with its layer."""
    return {(survivor.fault, survivor.layer) for survivor in probed.survivors}


def loss_sensitivity(
    pair: str,
    twins: Twins,
    loss: str,
    arrays: tuple[np.ndarray, ...],
    targets: Sequence[np.ndarray],
) -> Sensitivity:
    """Make every mistake of a loss in that of PyTorch, and judge the gradients.

    Args:
        pair: its name.
        twins: loaded; their gradients are the same.
        loss: name of the loss.
        arrays: one for each input.
        targets: one for each result that counts.
    """
    shapes = [target.shape for target in targets]
    mistakes = [mistake for mistake in MISTAKES if _changes(mistake, loss, shapes)]
    survivors = []
    for mistake in mistakes:
        with injected_everywhere(twins, mistake.effect):
            judgement = twins.gradients(loss, arrays, targets)
        if judgement.verdict == SAME:
            survivors.append(Survivor(mistake.name, "loss", mistake.sentence, HERE))
    tried = len(mistakes)
    return Sensitivity(pair, tried - len(survivors), tried, tuple(survivors), loss)


def _changes(mistake: Mistake, loss: str, shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether a mistake changes a loss of results of these shapes."""
    effect = mistake.effect
    if not isinstance(effect, LossFactor) or loss not in mistake.kinds:
        return False
    return any(effect.factor(shape) is not None for shape in shapes)


def with_reasons(
    probed: Sensitivity,
    twins: Twins,
    arrays: tuple[np.ndarray, ...],
    reload: Callable[[int], None],
) -> Sensitivity:
    """The same, with the reason for each survivor: other weights and inputs tell.

    A mistake whose changes nobody reads, such as one of final states that are not used,
    makes no other function of the model. It counts no longer.

    Args:
        probed: with survivors.
        twins: their weights are changed.
        arrays: what they ran on; floats are drawn anew, of either sign.
        reload: draws weights from a seed and gives them to the twins.
    """
    last = probed
    unread = _inside(probed)
    anatomy = in_pytorch_anatomy.anatomy(twins.twin("torch", "float64"), arrays)
    draws = effort.draws(anatomy, UNREAD_TRIES, TRIES)
    for seed in range(draws):
        if seed == UNREAD_TRIES:
            last = _without(last, unread)
        if not last.survivors:
            break
        progress.say(f"other weights ({seed + 1} of {draws})")
        reload(seed)
        last = sensitivity(probed.pair, twins, _drawn_anew(arrays, seed), last)
        if seed < UNREAD_TRIES:
            unread &= _inside(last)
    never_noticed = _mistakes_and_layers(last)
    survivors = []
    for survivor in _without(probed, unread).survivors:
        reason = HERE
        if (survivor.fault, survivor.layer) in never_noticed:
            reason = EQUIVALENT.format(draws)
        survivors.append(replace(survivor, reason=reason))
    return replace(
        probed, survivors=tuple(survivors), faults=probed.noticed + len(survivors)
    )


def _inside(probed: Sensitivity) -> set[tuple[str, str]]:
    """Names and layers of the survivors that changed nothing that is returned."""
    return {(s.fault, s.layer) for s in probed.survivors if s.inside}


def _without(probed: Sensitivity, unread: set[tuple[str, str]]) -> Sensitivity:
    """The same without these survivors."""
    survivors = [s for s in probed.survivors if (s.fault, s.layer) not in unread]
    return replace(probed, survivors=tuple(survivors))


def _drawn_anew(arrays: Sequence[np.ndarray], seed: int) -> tuple[np.ndarray, ...]:
    """Inputs of the same shapes with other floats, of either sign."""
    rng = np.random.default_rng(seed)
    drawn = []
    for array in arrays:
        if array.dtype.kind == "f":
            array = rng.normal(0, 2, array.shape).astype(array.dtype)
        drawn.append(array)
    return tuple(drawn)


def _with_mistake(
    twins: Twins,
    arrays: Sequence[np.ndarray],
    right: StagesOfAll,
    mistake: Mistake,
    layer: str,
    following: str | None,
    is_large: bool,
) -> StagesOfAll:
    """The stages of PyTorch's twins with a mistake; nothing where it shows already.

    It does where they refuse, and where one precision alone proves a difference.

    Args:
        twins: without the mistake.
        arrays: one for each input.
        right: the stages without the mistake on these arrays.
        mistake: to be made.
        layer: where, by name.
        following: the layer that is computed next.
        is_large: whether the models are, so that float32 runs first: it shows most
            mistakes, in a third of the time.
    """
    stages: StagesOfAll = {}
    order: tuple[Precision, ...] = ("float64",)
    if is_large:
        order = ("float32", "float64")
    try:
        for precision in order:
            twin = twins.twin("torch", precision)
            with pytorch_mistakes.injected(twin, mistake.effect, layer, following):
                results = twin.returned(*arrays)
            if _are_apart(twins, results, right["keras", precision], arrays, precision):
                return {}
        for precision, twin in twins.of_side("torch").items():
            with pytorch_mistakes.injected(twin, mistake.effect, layer, following):
                stages["torch", precision] = twin(*arrays)
    except (ValueError, RuntimeError, IndexError):
        return {}
    return stages


def _are_apart(
    twins: Twins,
    results: Stages,
    keras: Stages,
    arrays: Sequence[np.ndarray],
    precision: Precision,
) -> bool:
    """Whether results in one precision prove alone that the models are not the same.

    Args:
        twins: that ran.
        results: what PyTorch's model returns, by name.
        keras: stages of Keras's twin in this precision.
        arrays: that both ran on, one for each of the inputs.
        precision: of both.
    """
    proves = is_apart if precision == "float64" else is_apart32
    for name, result in results.items():
        if name not in keras or result.shape != keras[name].shape:
            continue
        four = Four(result, result, keras[name], keras[name])
        if twins.counted.has_time(name, result.shape, arrays):
            valid = twins.counted.valid_steps([name], arrays)
            if name in valid:
                four = with_valid_steps(four, valid[name])
        if proves(four.t64, four.k64):
            return True
    return False
