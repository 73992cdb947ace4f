"""The stages of twins that ran: which count, and where; knows NumPy alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from compare.errors import BadInput
from compare.judging.arrays import Input, sequence
from compare.judging.four import Four
from compare.judging.words import Precision, Side
from compare.listing import bounded

Stages = dict[str, np.ndarray]  # by name, in the order of computation
StagesOfAll = dict[tuple[Side, Precision], Stages]


def check_filled(stages: Stages, outputs: Sequence[str]) -> None:
    """Raise ValueError where a result has nothing in it."""
    for name in outputs:
        if not stages[name].size:
            raise ValueError(f"returns nothing: {name} of shape {stages[name].shape}")


def four_of(stage: str, stages: StagesOfAll) -> Four:
    """One stage of both twins in both precisions.

    Raises:
        BadInput: if there is nothing in it on either side.
    """
    arrays = Four(
        t32=stages["torch", "float32"][stage],
        t64=stages["torch", "float64"][stage],
        k32=stages["keras", "float32"][stage],
        k64=stages["keras", "float64"][stage],
    )
    if not arrays.t64.size and not arrays.k64.size:
        raise BadInput(
            f"stage {stage}: expected something to compare, got arrays of shapes "
            f"{arrays.t64.shape} and {arrays.k64.shape}; give a larger batch or model"
        )
    return arrays


def with_valid_steps(four: Four, valid: np.ndarray) -> Four:
    """The four arrays with zeros in the steps that are not valid.

    Args:
        four: (batch, time, ...) each; of unlike shapes they stay, and are judged so.
        valid: bool, (batch, time).
    """
    if len({array.shape for array in four}) > 1:
        return four
    arrays = [array.copy() for array in four]
    for array in arrays:
        array[~valid] = 0
    return Four(*arrays)


def has_time(
    stage: str,
    shape: tuple[int, ...],
    inputs: Sequence[np.ndarray],
    time_axis: int,
    outputs: Sequence[str],
) -> bool:
    """Whether a stage is (batch, time, units).

    Final states are not, (layers, batch, units), whatever their size; nor are the
    results of a time-major model, while its layers' stages are.

    Args:
        stage: its name.
        shape: of the stage.
        inputs: the arrays that the model ran on.
        time_axis: axis of the first input with steps that is time, 0 or 1.
        outputs: names of the model's results.
    """
    is_final_state = stage in ("h_n", "c_n") or stage.endswith((".h", ".c"))
    if is_final_state or (time_axis == 0 and stage in outputs):
        return False
    x = sequence(inputs)
    if x is None or len(shape) < 3:
        return False
    batch_axis = 1 - time_axis
    return shape[:2] == (x.shape[batch_axis], x.shape[time_axis])


def lengths_of(
    arguments: Sequence[Input], inputs: Sequence[np.ndarray]
) -> np.ndarray | None:
    """The number of valid steps of each sequence, (batch,), if a model takes it."""
    for argument, array in zip(arguments, inputs, strict=True):
        if argument.name == "lengths":
            return array
    return None


def unmatched(
    torch: Stages, keras: Stages, compared: Collection[str]
) -> tuple[str, ...]:
    """The stages of either side of whose layer nothing was compared.

    A recurrent layer has several: its output, and its final states `lstm.h, lstm.c`.
    """
    layers = {name.removesuffix(".h").removesuffix(".c") for name in compared}
    names = dict.fromkeys([*torch, *keras])
    alone = []
    for name in names:
        layer = name.removesuffix(".h").removesuffix(".c")
        if name not in compared and layer not in layers:
            alone.append(name)
    return tuple(alone)


def check_result_names(torch: Sequence[str], keras: Sequence[str]) -> None:
    """Raise BadInput where the results of two models cannot be those of twins.

    Args:
        torch: names of the results of PyTorch's model, as `arrays.flat` gives them.
        keras: names of the results of Keras's model.
    """
    if len(keras) != len(torch):
        raise BadInput(
            f"results: expected as many of Keras's model as of PyTorch's model "
            f"({len(torch)}: {bounded(torch)}), got {len(keras)} "
            f"({bounded(keras)}); let both return the same"
        )
    if set(torch) != set(keras) and (_have_keys(torch) or _have_keys(keras)):
        raise BadInput(
            "results: expected the same names of both models, got "
            f"{bounded(torch)} of PyTorch and {bounded(keras)} of Keras; "
            "let both return tuples, or dictionaries with the same keys"
        )


def _have_keys(names: Sequence[str]) -> bool:
    """Whether several results have names, and not only places, in what is returned."""
    if len(names) < 2:
        return False
    for name in names:
        _, *places = name.split(".")
        if not all(place.isdecimal() for place in places):
            return True
    return False
