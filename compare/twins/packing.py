"""Steps that PyTorch leaves out of a packed batch, where Keras has no mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from compare.judging.arrays import valid_steps


def common_stages(
    torch: Mapping[str, np.ndarray],
    keras: Mapping[str, np.ndarray],
    packed: Mapping[str, np.ndarray],
    masks: Mapping[str, np.ndarray],
) -> list[str]:
    """The names of the stages that both sides have and that can be compared.

    Left out are the final states of a layer whose batch PyTorch packed and Keras did
    not mask, if Keras returns every step of it: Keras's state is that of the last
    padded step. The steps themselves are compared.

    Args:
        torch: stages of PyTorch's model, in order.
        keras: stages of Keras's model.
        packed: lengths of each batch that PyTorch's model packed, by layer, (batch,).
        masks: which steps of a stage of Keras's model count, (batch, time).
    """
    names = []
    for name in torch:
        layer = name.rpartition(".")[0]  # of a final state, such as `lstm.h`
        padded_in_keras = layer in packed and layer in keras and layer not in masks
        if name in keras and not padded_in_keras:
            names.append(name)
    return names


def valid_by_stage(
    timed: Sequence[str],
    x: np.ndarray | None,
    packed: Mapping[str, np.ndarray],
    masks: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Which steps of stages count, where not all do.

    A stage after a packed batch, such as an attention's scores, has the lengths of that
    batch, if everything that is packed has the same lengths. A model's results have all
    steps.

    Args:
        timed: stages inside the models that are (batch, time, units), in order.
        x: the input that has steps, (batch, time, ...); None where no input has.
        packed: lengths of each batch that PyTorch's model packed, by layer, (batch,).
        masks: which steps of a stage of Keras's model count, (batch, time).

    Returns:
        bool, (batch, time), by stage.
    """
    valid = {}
    if x is not None:
        alike = len({tuple(lengths) for lengths in packed.values()}) == 1
        lengths = None
        for name in timed:
            if name in packed:
                lengths = packed[name]
            elif not alike:
                lengths = None
            if lengths is not None:
                valid[name] = valid_steps(x, lengths)[..., 0]
    return valid | dict(masks)
