"""What LSTM, GRU and simple RNN have in common: names of arrays, settings, examples."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from compare.kinds.kind import Axes, Example
from compare.kinds.layer import Arrays
from compare.kinds.option import REQUIRED, Option, Value, is_there
from compare.kinds.rows import Row, RowsOfLayers

FEATURES, UNITS = 4, 6
BY_HAND = "use Keras's default there, or write the cell by hand in PyTorch"
IN_PYTORCH = "write the cell by hand"

# The arrays of a cell; a layer's are several of these, with endings or prefixes.
IN_FILES = Axes(
    {"weight_ih": 2, "weight_hh": 2, "bias_ih": 1, "bias_hh": 1},
    {"kernel": 2, "recurrent_kernel": 2, "bias": 1},
)

RowsOfPart = Callable[[str, str], tuple[Row, ...]]


def of_all_parts(rows_of_part: RowsOfPart) -> RowsOfLayers:
    """Make the rows of each layer and direction from those of one.

    Args:
        rows_of_part: takes the suffix of PyTorch's names and the prefix of Keras's
            names.

    Returns:
        What takes the arrays of both layers. PyTorch's arrays are named
        `..._l1_reverse`: layer 1, backward; names in a cell say neither. Keras has a
        layer for each, here named `1.backward.`; the number is left out where there is
        one layer, the direction where there is one. Where each direction is a layer of
        its own, they are numbered one after the other.
    """

    def of_layers(torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
        stacked = any(name[0].isdigit() for name in keras)
        two_ways = any("forward." in name for name in keras)
        rows: list[Row] = []
        suffixes = dict.fromkeys(map(suffix_of, torch))
        has_directions = any(suffix.endswith("_reverse") for suffix in suffixes)
        apart = stacked and has_directions and not two_ways
        for place, suffix in enumerate(suffixes):
            prefix = ""
            if apart:
                prefix = f"{place}."
            elif stacked:
                number = re.search(r"\d+", suffix)
                prefix = f"{number[0]}." if number else "0."
            if two_ways:
                backward = suffix.endswith("_reverse")
                prefix += "backward." if backward else "forward."
            rows += rows_of_part(suffix, prefix)
        return tuple(rows)

    return of_layers


def suffix_of(name: str) -> str:
    """Return what PyTorch's name of an array says of layer and direction, or ""."""
    match = re.search(r"_l\d+(_reverse)?$", name)
    return match[0] if match else ""


def activation(name: str, default: str, instead: str = BY_HAND) -> Option:
    """An activation that PyTorch's layer does not let one choose.

    Args:
        name: the word for it in the suite and in Keras.
        default: what either framework takes.
        instead: what to do where Keras has another.
    """
    return Option(
        name,
        "",
        name,
        default,
        default,
        in_pytorch=(default,),
        refused=True,
        instead=instead,
        instead_in_torch=IN_PYTORCH,
        sample=(None, "hard_sigmoid"),
    )


# An LSTM and a GRU have two: one for what they let through, one for their gates.
GATED_ACTIVATIONS = (
    activation("activation", "tanh"),
    activation("recurrent_activation", "sigmoid"),
)

OPTIONS = (
    Option("size", "hidden_size", "units", REQUIRED, REQUIRED, sample=(5, 5)),
    Option(
        "bias", "bias", "use_bias", True, True, read=is_there, sample=(False, False)
    ),
    Option(
        "go_backwards",
        "",
        "go_backwards",
        False,
        False,
        in_pytorch=(False,),
        instead="flip the input along time, x.flip(1), and leave the output as it is",
        sample=(None, True),
    ),
    Option(
        "stateful",
        "",
        "stateful",
        False,
        False,
        in_pytorch=(False,),
        instead="hand the states of one call to the next",
        sample=(None, True),
    ),
    Option(
        "batch_first",
        "batch_first",
        "",
        False,
        True,
        in_pytorch=(True, False),
        instead="Keras has the batch first: swap the axes of PyTorch's input",
        sample=(True, None),
    ),
    # PyTorch drops what one layer of a stack hands to the next, Keras the input.
    Option(
        "dropout between layers",
        "dropout",
        "",
        0.0,
        0.0,
        matters="training",
        instead="put a Dropout layer between the layers of the stack",
        sample=(0.5, None),
    ),
    Option(
        "dropout of inputs",
        "",
        "dropout",
        0.0,
        0.0,
        matters="training",
        in_pytorch=(0.0,),
        instead="put an nn.Dropout before the layer",
        sample=(None, 0.5),
    ),
    Option(
        "dropout of states",
        "",
        "recurrent_dropout",
        0.0,
        0.0,
        matters="training",
        in_pytorch=(0.0,),
        instead="write the cell by hand in PyTorch",
        sample=(None, 0.5),
    ),
)


def examples(
    torch: str,
    keras: str,
    torch_settings: Mapping[str, Value] | None = None,
    keras_settings: Mapping[str, Value] | None = None,
) -> tuple[Example, ...]:
    """Layers of one part and of several, and a cell.

    Args:
        torch: class in PyTorch.
        keras: class in Keras.
        torch_settings: arguments beside sizes.
        keras_settings: the same.
    """
    in_cell = {"input_size": FEATURES, "hidden_size": UNITS, **(torch_settings or {})}
    in_torch = {**in_cell, "batch_first": True}
    units = {"units": UNITS, **(keras_settings or {})}
    in_keras = {**units, "return_sequences": True}
    two_ways = {**in_torch, "bidirectional": True}
    stacked = {**in_torch, "num_layers": 3}
    stacked_two_ways = {**two_ways, "num_layers": 2}
    of_one_size = {**in_torch, "input_size": UNITS, "num_layers": 2}
    wrapper = "Bidirectional"
    return (
        Example(torch, in_torch, keras, in_keras),
        Example(
            torch,
            {**in_torch, "bias": False},
            keras,
            {**in_keras, "use_bias": False},
            "without bias",
        ),
        Example(torch, two_ways, keras, in_keras, "bidirectional", wrapper=wrapper),
        Example(torch, stacked, keras, in_keras, "stacked", stack=3),
        Example(
            torch,
            stacked_two_ways,
            keras,
            in_keras,
            "stacked bidirectional",
            wrapper=wrapper,
            stack=2,
        ),
        Example(
            torch, of_one_size, keras, in_keras, "of one size", (3, 5, UNITS), stack=2
        ),
        Example(
            torch,
            of_one_size,
            f"{keras}Cell",
            units,
            "of stacked cells",
            (3, 5, UNITS),
            stack=2,
            as_cells=True,
        ),
        Example(f"{torch}Cell", in_cell, f"{keras}Cell", units, "cell", (3, FEATURES)),
    )
