"""A class of a port while it is written: its modules and the lines of `forward`."""

from __future__ import annotations

from dataclasses import dataclass, field

from compare.kinds.layer import Arrays
from compare.kinds.names import variable
from compare.kinds.rows import Row


@dataclass(frozen=True)
class Moved:
    """Arrays of Keras's layer that a module of the port takes.

    Args:
        attribute: of the module, "" for the port itself; dots lead into others.
        layer: full name of Keras's layer.
        arrays: of Keras's layer, by the names that `rows` knows.
        rows: which array is which; None for those of the layer's kind.
        kinds: names of the kind in PyTorch and in Keras, for `rows` of None.
    """

    attribute: str
    layer: str
    arrays: Arrays
    rows: tuple[Row, ...] | None = None
    kinds: tuple[str, str] = ("", "")


@dataclass
class Page:
    """A class of the port while it is written.

    Args:
        attributes: what makes each module, by its name, in order.
        lines: of `forward`.
        helpers: names of files in `in_pytorch/ported` that it needs.
        moves: which arrays go where.
        live: variables that hold what is read later, or are taken by this call.
        later: of those, the variables that hold what is read after this call.
        notes: what a reader of the port must know.
        owners: the attribute of each layer, by what asked for it.
    """

    attributes: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    helpers: list[str] = field(default_factory=list)
    moves: list[Moved] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)

    def attribute(self, word: str, owner: str, text: str) -> str:
        """The name of a module in `__init__`, which is made once for its owner.

        Args:
            word: the name, with a number behind it if it is another owner's.
            owner: such as the full name of a layer.
            text: what makes the module.
        """
        if owner not in self.owners:
            name, number = word, 1
            while name in self.attributes:
                number += 1
                name = f"{word}_{number}"
            self.owners[owner] = name
            self.attributes[name] = text
        return self.owners[owner]

    def variable(self, word: str) -> str:
        """Return a variable's name that may be given a value now, and take it."""
        return self._free(word, self.live)

    def result(self, word: str) -> str:
        """Return a variable's name for the statement that reads the inputs last.

        It may be that of an input that is not read after this call.
        """
        return self._free(word, self.later)

    def _free(self, word: str, taken: set[str]) -> str:
        word = variable(word)
        name, number = word, 1
        while name in taken:
            number += 1
            name = f"{word}_{number}"
        self.live.add(name)
        self.later.add(name)
        return name
