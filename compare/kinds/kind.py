"""What the suite knows about one kind of layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from compare.judging.words import Side
from compare.kinds.computing import Cell, Compute
from compare.kinds.mistake import Effect, Mistake
from compare.kinds.option import Option, Options, Value
from compare.kinds.rows import RowsOfLayers
from compare.kinds.source import Source

Family = Literal[
    "recurrent",
    "dense",
    "convolution",
    "transposed convolution",
    "embedding",
    "normalisation",
    "pooling",
    "activation",
    "attention",
    "other",
]


@dataclass(frozen=True)
class Axes:
    """The arrays of a layer in a saved file: how many axes each has, by name.

    Args:
        torch: in PyTorch's file.
        keras: in Keras's file, in the order in which it numbers them.
    """

    torch: Mapping[str, int]
    keras: Mapping[str, int]


@dataclass(frozen=True)
class Example:
    """A small layer of PyTorch and its twin in Keras.

    Args:
        torch: class in `torch.nn`.
        torch_settings: arguments of the class.
        keras: class in `keras.layers`; empty where Keras has none.
        keras_settings: arguments of the class.
        name: what is special about it; empty for the plain one.
        shape: of an input, features last: (batch, *spatial, features), with no axis
            between, one for time, or more; of indices (batch, time).
        wrapper: class in `keras.layers` around the layer, or none.
        stack: how many of Keras's layers, one after another, are the twin.
        as_cells: whether these are cells in one `keras.layers.RNN`.
        features_first: whether PyTorch's takes (batch, features, *spatial), though not
            all layers of its kind do.
        call: what attention is given beside its queries: the shapes of "key" and
            "value", and "mask": "causal", "padding" or "both".
    """

    torch: str
    torch_settings: Mapping[str, Value]
    keras: str = ""
    keras_settings: Mapping[str, Value] = field(default_factory=dict)
    name: str = ""
    shape: tuple[int, ...] = (3, 5, 4)
    wrapper: str = ""
    stack: int = 1
    as_cells: bool = False
    features_first: bool = False
    call: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """One sort of layer under both frameworks' names, and all that is known about it.

    Args:
        name: as evidence and messages name it: its first name in PyTorch.
        torch: what `in_pytorch.layers.kind_of` calls its layers, cells included.
        keras: what `in_keras.layers.kind_of` calls them; in Keras a cell goes by the
            name of its layer. Empty where Keras has no such layer.
        family: what layers of this sort do.
        compute: what a layer computes, in float64.
        rows: which of its arrays is which on the other side; None where it has none, or
            where there is no rule.
        options: its settings.
        same_in_words: takes the settings of PyTorch's layer, those of Keras's layer and
            the input; returns PyTorch's settings, written as Keras's where they come to
            the same. None where each is read in Keras's words already.
        mistakes: the ways in which it goes wrong, in the order in which they are tried.
            They name no kinds: the library does.
        features_first: whether PyTorch's layer takes (batch, features, *spatial).
        cell: one step of it, if it is recurrent.
        files: the arrays that it may have in a saved file, all of them first.
        switches: the setting of Keras without which an array is not there, by array.
        examples: small layers that tests build, the plain one first.
        sources: how its layers are written in PyTorch, by their class in Keras.
    """

    name: str
    torch: tuple[str, ...]
    keras: tuple[str, ...]
    family: Family
    compute: Compute
    rows: RowsOfLayers | None = None
    options: tuple[Option, ...] = ()
    same_in_words: Callable[[Options, Options, np.ndarray], Options] | None = None
    mistakes: tuple[Mistake[Effect], ...] = ()
    features_first: bool = False
    cell: Cell | None = None
    files: tuple[Axes, ...] = ()
    switches: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)

    @property
    def array_names(self) -> tuple[str, ...]:
        """Keras's arrays in the order in which a file numbers them."""
        return tuple(self.files[0].keras) if self.files else ()

    @property
    def layers_in_pytorch(self) -> tuple[str, ...]:
        """PyTorch's names without those of cells."""
        return tuple(name for name in self.torch if "Cell" not in name)

    def option(self, name: str) -> Option:
        """Return the setting of a name.

        Raises:
            KeyError: if there is none.
        """
        return {option.name: option for option in self.options}[name]

    def options_of(self, side: Side, layer: object) -> Options:
        """Read all settings from a layer of either framework, in Keras's words."""
        return {option.name: option.of_layer(side, layer) for option in self.options}
