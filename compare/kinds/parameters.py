"""Parameters of a port itself, for arrays that no layer of PyTorch holds."""

from __future__ import annotations

import numpy as np

from compare.kinds.page import Moved
from compare.kinds.rows import copied
from compare.kinds.source import Site


def parameter(site: Site, name: str) -> str:
    """An array of Keras's layer as a parameter of the port, such as "self.dense_scale".

    Args:
        site: of the layer.
        name: of the array in Keras.
    """
    array = site.arrays[name]
    sizes = ", ".join(map(str, array.shape)) or "()"
    return held(site, f"nn.Parameter(torch.zeros({sizes}))", f"_{name}", array)


def held(site: Site, made: str, suffix: str, array: np.ndarray) -> str:
    """A tensor of the port itself, which holds an array as it is.

    Args:
        site: of the layer.
        made: what makes it.
        suffix: what its name ends with.
        array: in PyTorch's order of axes.
    """
    name = site.module(made, suffix=suffix).removeprefix("self.")
    if not any(name in move.arrays for move in site.page.moves if not move.attribute):
        move = Moved("", site.name, {name: array}, (copied(name, name),))
        site.page.moves.append(move)
    return f"self.{name}"
