"""Names of variables in Keras source, and what layers return under which of them."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Container, Iterator, Mapping
from typing import Any

from compare.kinds.graph import LayerPlan, tensors_in
from compare.kinds.wrappers import cells_of
from compare.porting.writing.lines import literal

LONGEST = 24  # letters of a variable, so that short statements fit on a line
AMBIGUOUS = ("l", "O", "I")  # which ruff does not let anybody call a variable
# What the states of a recurrent layer are called; of others than these h alone.
STATES = {
    "LSTM": ("h", "c"),
    "LSTMCell": ("h", "c"),
    "ConvLSTM1D": ("h", "c"),
    "ConvLSTM2D": ("h", "c"),
    "ConvLSTM3D": ("h", "c"),
}


def short(word: str) -> str:
    """A name in small letters that is not too long, and no word of Python's."""
    word = word.lower()[:LONGEST].strip("_") or "layer"
    is_python = keyword.iskeyword(word) or hasattr(builtins, word)
    return f"{word}_" if is_python or word in AMBIGUOUS else word


def free(word: str, taken: Container[str]) -> str:
    """The name, or with a number the first one like it that is not taken."""
    name, number = word, 1
    while name in taken:
        number += 1
        name = f"{word}_{number}"
    return name


def structure_of_results(layer: LayerPlan, count: int) -> Any:
    """The numbers of a layer's results in lists and dictionaries, as it returns them.

    Args:
        layer: or a model.
        count: of its results.

    Returns:
        The number 0 where it returns one tensor.
    """
    if layer.model is not None:
        return _numbered(layer.model.outputs)
    if count == 1:
        return 0
    if layer.keras.endswith("Cell"):
        return [0, list(range(1, count))]
    if layer.keras == "RNN" and len(cells_of(layer)) > 1:  # a list for each cell
        structure: list[Any] = [0]
        number = 1
        for cell in cells_of(layer):
            states = len(_states(cell))
            numbers = list(range(number, number + states))
            structure.append(numbers if states > 1 else number)
            number += states
        return structure
    return list(range(count))


def is_flat(structure: Any) -> bool:
    """Whether results stand in one list, so that they can be given variables."""
    return isinstance(structure, list) and all(isinstance(x, int) for x in structure)


def paths(structure: Any, path: str = "") -> Iterator[tuple[int, str]]:
    """The number of each result, and the indices that lead to it, such as '["a"][0]'.

    Args:
        structure: as `structure_of_results` returns it.
        path: what the indices begin with.
    """
    if isinstance(structure, int):
        yield structure, path
    elif isinstance(structure, Mapping):
        for key, value in structure.items():
            yield from paths(value, f"{path}[{literal(key)}]")
    else:
        for number, value in enumerate(structure):
            yield from paths(value, f"{path}[{number}]")


def _numbered(outputs: Any) -> Any:
    """The outputs of a model with the numbers of its results, as Keras counts them."""
    if isinstance(outputs, list | tuple) and len(outputs) == 1:
        outputs = outputs[0]  # Keras returns it without the list
    numbers = iter(range(len(list(tensors_in(outputs)))))

    def numbered(value: Any) -> Any:
        if isinstance(value, Mapping):  # in the order of the keys
            return {key: numbered(value[key]) for key in sorted(value)}
        if isinstance(value, list | tuple):
            return [numbered(item) for item in value]
        return next(numbers)

    return numbered(outputs)


def words_for_results(layer: LayerPlan, count: int) -> list[str]:
    """What the results of a layer are called, after the layer's name.

    Returns:
        For the first one "", for the others such as "h" and "c".
    """
    words = [""]
    if layer.keras == "Bidirectional" and layer.inside:
        states = _states(layer.inside[0])
        if layer.config.get("merge_mode", "concat") is None:
            words = ["forward", "backward"]
        words += [f"{way}_{s}" for way in ("forward", "backward") for s in states]
    elif layer.keras in (*STATES, "GRU", "SimpleRNN"):
        words += _states(layer)
    elif layer.keras == "RNN":
        for number, cell in enumerate(cells_of(layer), 1):
            words += [f"{state}_{number}" for state in _states(cell)]
    return (words + [str(number) for number in range(len(words) + 1, count + 1)])[
        :count
    ]


def _states(layer: LayerPlan) -> tuple[str, ...]:
    """What the states of a recurrent layer or a cell are called."""
    if layer.keras == "RNN" and len(cells_of(layer)) == 1:
        (layer,) = cells_of(layer)
    return STATES.get(layer.keras, ("h",))
