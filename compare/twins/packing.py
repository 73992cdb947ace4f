"""Steps that PyTorch leaves out of a packed batch, where Keras has no mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from compare.judging.arrays import valid_steps

if TYPE_CHECKING:
    import numpy as np


def shared(twins: Mapping, torch: Mapping, keras: Mapping) -> list[str]:
    """The stages of both twins.

    Not the final states of a batch that PyTorch alone packs, where Keras returns every
    step: its own are those behind the padding, and what it makes of the steps tells.

    Args:
        twins: by side and precision, that ran.
        torch: stages of PyTorch's.
        keras: stages of Keras's.
    """
    packed, masks = _left_out(twins)
    alone = {name for name in packed if name in keras and name not in masks}
    return [n for n in torch if n in keras and n.rpartition(".")[0] not in alone]


def valid(twins: Mapping, timed: Sequence[str], x: np.ndarray) -> dict[str, np.ndarray]:
    """Which steps of stages count, (batch, time), where not all do.

    What is made of each step behind a packed batch, as an attention's scores are, has
    its steps, if all that is packed has the same. A model's results have all steps.

    Args:
        twins: as of `shared`.
        timed: stages inside the models that are (batch, time, units), in order.
        x: the input that has steps.
    """
    packed, masks = _left_out(twins)
    alike = len({tuple(lengths) for lengths in packed.values()}) == 1
    found, lengths = {}, None
    for name in timed:
        lengths = packed.get(name, lengths if alike else None)
        if lengths is not None:
            found[name] = valid_steps(x, lengths)[..., 0]
    return found | masks


def _left_out(twins):
    return twins["torch", "float32"].packed, twins["keras", "float32"].masks
