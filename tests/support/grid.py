"""What a table of configurations of a family of layers is made of.

A file `tests/kinds/grid_<family>.py` defines, with no framework imported at its top,

    CONFIGURATIONS   layers that both frameworks can be given, a `Configuration` each
    UNSAYABLE        settings that one side's layer cannot be given, an `Unsayable` each
    IMPOSSIBLE       settings that a framework itself refuses, an `Impossible` each

and `tests/kinds/test_grid.py` runs them all. Keep layers small: a configuration is to
take a few hundredths of a second of CPU time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from compare.judging.words import Side
from compare.kinds.kind import Example

# Takes a layer and what it is given, and returns what comes out: as a model uses it.
Use = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Configuration:
    """A layer in both frameworks that computes the same.

    Args:
        kind: name of its kind.
        example: both layers, and the shape of an input.
        in_torch: how PyTorch's model uses the layer, where it does more than call it:
            takes x as PyTorch's layer does, features first if its kind is so.
        in_keras: the same of Keras's model.
    """

    kind: str
    example: Example
    in_torch: Use | None = None
    in_keras: Use | None = None

    @property
    def is_plain(self) -> bool:
        """Whether both models only call the layer."""
        return self.in_torch is None and self.in_keras is None


@dataclass(frozen=True)
class Unsayable:
    """A setting of one side's layer that the other side's layer cannot be given.

    Args:
        kind: name of the kind.
        side: whose layer has it.
        settings: arguments of that layer.
        option: the suite's word for the setting.
        words: what the option's `instead` must say.
        layer: the class, where it is not that of the kind's plain example.
    """

    kind: str
    side: Side
    settings: Mapping[str, Any]
    option: str
    words: str
    layer: str = ""


@dataclass(frozen=True)
class Impossible:
    """Settings that a framework itself refuses, when the layer is made or called.

    Args:
        side: which framework.
        layer: its class.
        settings: arguments of the class.
        shape: of an input, as that framework's layer takes it.
        why: for the reader.
    """

    side: Side
    layer: str
    settings: Mapping[str, Any]
    shape: tuple[int, ...]
    why: str


def named(configuration: Configuration) -> str:
    """A configuration in the name of a test."""
    example = configuration.example
    return f"{configuration.kind} {example.name}".strip()
