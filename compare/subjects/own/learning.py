"""What a user's pair learns by: its loss, its target, and what Keras was compiled with.

Loads both frameworks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from compare.errors import BadInput
from compare.in_keras import models as keras_models
from compare.in_keras.compiled import compiled as read_compiled
from compare.in_pytorch import models as pytorch_models
from compare.in_pytorch import refusals as in_pytorch_refusals
from compare.judging.compiled import Compiled
from compare.judging.losses import CROSS_ENTROPY
from compare.judging.result import OTHER, SAME, SAME_IN_FLOAT32, SIDES, Result
from compare.judging.words import Side
from compare.subjects.cases import Case
from compare.subjects.own.models import is_live
from compare.subjects.own.pair import OwnPair
from compare.twins import training_facts
from compare.twins.models import losses
from compare.twins.targets import targets
from compare.twins.twins import Twins

ONE = 1e-4  # how near to 1 the sum of probabilities is in float32


def compiled_of(pair: OwnPair, twins: Twins) -> Compiled | None:
    """What Keras's model was compiled with; None where it was not.

    Copies of live models are not compiled, so the model itself is looked at.
    """
    model = pair.models["keras"]
    if is_live("keras", model):
        return read_compiled(model)
    return read_compiled(twins.model("keras", "float32"))


def settled(
    pair: OwnPair, twins: Twins, whole: Case, gradients: bool
) -> tuple[OwnPair, Callable[[Case], np.ndarray] | None]:
    """The pair with the loss that it is about, whose form the twins know from now on.

    Args:
        pair: whose loss Keras's model may have been compiled with.
        twins: built for it.
        whole: the case of all of its input.
        gradients: whether they are compared, of the user's target where there is one.

    Returns:
        The pair; and what makes the target of a case, None where it is drawn.

    Raises:
        BadInput: if the loss does not take the target, or both models begin a call
            with the states of the call before.
    """
    if twins.refusals:
        return pair, None  # nothing of it is compared
    compiled = compiled_of(pair, twins)
    with_loss = with_compiled_loss(pair, compiled)
    is_classifier = with_loss.loss == CROSS_ENTROPY
    keeps_states = keras_models.keeps_states(twins.model("keras", "float32"))
    runs_are_read = keeps_states or is_classifier or gradients
    if runs_are_read and twins.run(*pair.arrays)[1]:
        return pair, None
    if keeps_states:
        _check_states(pair, twins)
    pair = with_loss
    if is_classifier:
        find_probabilities(twins, pair.arrays, compiled)
        twins.of_probabilities |= pair.softmaxed
    if not gradients or pair.target is None:
        return pair, None
    if pair.steps and len(pair.target) != len(pair.arrays[0]):
        return pair, None  # inputs are drawn, and the target is of others
    target = checked_target(pair, twins)
    return pair, partial(_target_of_case, pair, target, whole)


def _check_states(pair: OwnPair, twins: Twins) -> None:
    """Raise BadInput where PyTorch's model keeps states as Keras's model does.

    No call says what two such models compute. Where one alone does, that is a
    difference.
    """
    twin = twins.twin("torch", "float32")
    with pytorch_models.untouched():
        runs = []
        for _ in range(2):
            pytorch_models.draw_from(0)
            runs.append(twin(*pair.arrays))
    if any(not np.array_equal(runs[0][name], runs[1][name]) for name in runs[0]):
        raise BadInput(
            f"{pair.name}: expected models whose results depend on their inputs, got "
            "two that begin each call with the states of the call before (stateful in "
            "Keras); make it stateful=False, and hand the states over as an input and "
            "a result"
        )


def notes(
    results: Sequence[Result], twins: Twins, arrays: Sequence[np.ndarray]
) -> list[str]:
    """What differs in training between models that pass; nothing of others.

    Args:
        results: all of the pair.
        twins: that they are of.
        arrays: one for each input.
    """
    if any(not result.as_expected for result in results):
        return []
    if {SAME, SAME_IN_FLOAT32}.isdisjoint(result.verdict for result in results):
        return []
    takes_few = any(result.in_float64 for result in results)
    sentence = training_facts.note(twins, arrays, takes_few)
    return [sentence] if sentence else []


def with_compiled_loss(pair: OwnPair, compiled: Compiled | None) -> OwnPair:
    """The pair with the loss of Keras's model, where its user names no other."""
    if compiled is None or not compiled.known_loss or pair.loss_given:
        return pair
    return replace(pair, loss=compiled.known_loss)


def find_probabilities(
    twins: Twins, arrays: Sequence[np.ndarray], compiled: Compiled | None
) -> None:
    """Note on which sides the first result is probabilities, as a softmax makes them.

    PyTorch's cross-entropy takes logits all the same, Keras's probabilities, unless the
    model was compiled with one that takes logits.

    Args:
        twins: that run in float32, with weights.
        arrays: one for each input.
        compiled: what Keras's model was compiled with.
    """
    assert twins.outputs is not None  # named at the latest when they first ran
    sides: set[Side] = set()
    for side in SIDES:
        result = twins.twin(side, "float32")(*arrays)[twins.outputs[0]]
        if _are_probabilities(result):
            sides.add(side)
    twins.probabilities = frozenset(sides)
    takes_logits = "keras" not in sides
    if compiled is not None and compiled.takes_logits is not None:
        takes_logits = compiled.takes_logits
    twins.of_probabilities = frozenset() if takes_logits else frozenset({"keras"})


def _are_probabilities(result: np.ndarray) -> bool:
    """Whether the last axis adds up to 1 everywhere, of several shares."""
    if result.ndim < 2 or result.shape[-1] < 2 or (result < 0).any():
        return False
    return bool((np.abs(result.sum(-1) - 1) < ONE).all())


def checked_target(pair: OwnPair, twins: Twins) -> np.ndarray:
    """What the loss compares the first result with; drawn where the user gives none.

    Raises:
        BadInput: if there are not as many as examples, or the loss does not take it.
    """
    assert twins.outputs is not None  # named at the latest when they first ran
    twin = twins.twin("torch", "float32")
    result = twin(*pair.arrays)[twins.outputs[0]]
    target = pair.target
    if target is None:
        return targets(pair.loss, [result.shape], pair.seed)[0]
    batch = len(pair.arrays[0])
    if len(target) != batch:
        raise BadInput(
            f"{pair.name}: expected a target for each of {batch} examples, got "
            f"{len(target)}; give as many"
        )
    if pair.loss == CROSS_ENTROPY:
        target = _labels(target, result)
        _check_no_axis_of_labels(pair.name, target, result)
    else:
        _check_not_broadcast(pair.name, target, result)
    tensors = twin.targets([result, target])
    try:
        losses(pair.loss)["torch"](*tensors)
    except (ValueError, IndexError, RuntimeError, TypeError) as error:
        raise BadInput(
            f"{pair.name}: expected a target that {pair.loss} takes with a result of "
            f"shape {result.shape}, got {target.dtype} of shape {target.shape}: "
            f"{in_pytorch_refusals.message(error)}; correct it"
        ) from None
    return target


def _labels(target: np.ndarray, result: np.ndarray) -> np.ndarray:
    """Labels as whole numbers: as they are, or where a one stands among zeros."""
    if target.dtype.kind in "iu" and target.shape != result.shape:
        return target.astype("int64")
    if target.shape != result.shape:
        return target
    one_hot = np.isin(target, (0, 1)).all() and (target.sum(-1) == 1).all()
    return target.argmax(-1) if one_hot else target


def _check_no_axis_of_labels(name: str, target: np.ndarray, result: np.ndarray) -> None:
    """Raise BadInput for labels with an axis more, which Keras takes and PyTorch not.

    Args:
        name: of the pair.
        target: labels; (batch, ..., 1) beside a result (batch, ..., classes).
        result: of PyTorch's model.
    """
    if target.shape != (*result.shape[:-1], 1) or target.shape == result.shape:
        return
    cure = "target[:, 0]" if target.ndim == 2 else "target[..., 0]"
    raise BadInput(
        f"{name}: expected labels of shape {result.shape[:-1]} for results of shape "
        f"{result.shape}, got {target.shape}: Keras's sparse cross-entropy takes both, "
        f"PyTorch's no axis of labels. Give target = {cure}"
    )


def _check_not_broadcast(name: str, target: np.ndarray, result: np.ndarray) -> None:
    """Raise BadInput where PyTorch's loss would compare each result with each target.

    Args:
        name: of the pair.
        target: (batch,) beside a result (batch, 1), or the other way round.
        result: of PyTorch's model.
    """
    cure = ""
    if result.shape == (*target.shape, 1):
        cure = "target[:, None]" if target.ndim == 1 else "target[..., None]"
    elif target.shape == (*result.shape, 1):
        cure = "target[:, 0]" if target.ndim == 2 else "target[..., 0]"
    if not cure:
        return
    reason = ""
    try:
        shape = np.broadcast_shapes(result.shape, target.shape)
    except ValueError:  # PyTorch refuses them as well
        pass
    else:
        reason = (
            f": PyTorch's losses broadcast the two to {shape}, each result against "
            "each target, and learn the mean; those of Keras do not"
        )
    raise BadInput(
        f"{name}: expected a target of the shape {result.shape} of PyTorch's result, "
        f"got {target.shape}{reason}. Give target = {cure}"
    )


def _target_of_case(
    pair: OwnPair, target: np.ndarray, whole: Case, case: Case
) -> np.ndarray:
    """The part of a target that belongs to the samples and the steps of a case.

    Args:
        pair: whose target.
        target: of the whole input.
        whole: the case of it.
        case: with as many samples and steps, or fewer.
    """
    samples = target[: case.batch]
    has_time = samples.ndim > 1 and samples.shape[1] == whole.timesteps
    per_step = samples.ndim > 2 or pair.loss == CROSS_ENTROPY
    return samples[:, : case.timesteps] if has_time and per_step else samples


def ending_otherwise(twins: Twins) -> Side | None:
    """The side that may return the logits of what its twin returns, or None."""
    if len(twins.probabilities) != 1 or len(twins.outputs) != 1:
        return None
    (side,) = twins.probabilities
    return OTHER[side]
