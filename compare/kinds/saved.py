"""What a layer in a saved file may be, by the axes of its arrays."""

from __future__ import annotations

from collections.abc import Mapping

from compare.kinds import KINDS, RECURRENT, of_keras_class
from compare.kinds.kind import Kind
from compare.kinds.recurrent import IN_FILES

CELL_NAMES = tuple(IN_FILES.keras)  # in the order in which Keras numbers them
WITHOUT_CONFIG = ("kernel", "bias")  # of a layer of Keras that no kind knows


def torch_names(axes: Mapping[str, int]) -> list[str]:
    """Return what PyTorch calls a layer that is not recurrent, likelier names first.

    Args:
        axes: how many axes each of its arrays has, by name.
    """
    names = []
    for kind in KINDS:
        fits = any(layout.torch == axes for layout in kind.files)
        if kind.family != "recurrent" and fits:
            names.append(kind.name)
    return names


def keras_layouts(axes: tuple[int, ...]) -> dict[str, tuple[str, ...]]:
    """Return what a layer of Keras that is not recurrent may be, likelier first.

    Args:
        axes: how many axes each of its arrays has, in the order of the file.

    Returns:
        The names of its arrays, by what Keras calls it.
    """
    layouts = {}
    for kind in KINDS:
        for layout in kind.files:
            if kind.family != "recurrent" and tuple(layout.keras.values()) == axes:
                layouts[kind.keras[0]] = tuple(layout.keras)
    return layouts


def keras_array_names(name: str, config: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names of the arrays of a layer that a configuration describes.

    Args:
        name: Keras's class.
        config: its settings; those that are left out are Keras's defaults.
    """
    kind = of_keras_class(name)
    if kind is None or not kind.files:
        return WITHOUT_CONFIG
    return tuple(
        array
        for array in kind.array_names
        if config.get(kind.switches.get(array, ""), True)
    )


def of_gates(count: float) -> Kind | None:
    """Return the recurrent kind whose matrices have so many blocks of rows, if any.

    Whether a simple RNN has a tanh or a relu, arrays do not tell: it is the one with a
    tanh.
    """
    for kind in KINDS:
        if kind.name in RECURRENT and kind.cell and len(kind.cell.gates) == count:
            return kind
    return None
