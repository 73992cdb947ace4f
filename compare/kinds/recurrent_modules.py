"""A module of a port that is recurrent, and the lines that run it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compare.kinds.graph import LayerPlan
from compare.kinds.layer import Arrays
from compare.kinds.recurrent_cells import Cell, cells_of
from compare.kinds.recurrent_written_out import take_states, written_out
from compare.kinds.source import Site, TensorText, call_text, changed, sizes_text


@dataclass(frozen=True)
class RecurrentModule:
    """One layer of PyTorch, or one written out, with one cell or several.

    Args:
        cells: its layers from the input on, or the two directions, forward first.
        arrays: of all of them.
        suffix: what its attribute ends with.
        two_ways: whether its cells are directions.
    """

    cells: tuple[Cell, ...]
    arrays: Arrays
    suffix: str = ""
    two_ways: bool = False

    @property
    def cell(self) -> Cell:
        """The first of its cells, whose sort is that of all."""
        return self.cells[0]

    @property
    def size(self) -> int:
        """How many features its output has."""
        units = self.cells[-1].units
        return 2 * units if self.two_ways else units

    def made(self, site: Site) -> str:
        """Make it in the port's `__init__`; returns such as "self.lstm"."""
        text = (
            self._plain_text() if self.cell.is_plain else written_out(site, self.cell)
        )
        return site.module(
            text, self.cell.kinds, suffix=self.suffix, arrays=self.arrays
        )

    def _plain_text(self) -> str:
        cell = self.cell
        settings: dict[str, Any] = changed({"bias": cell.has_bias}, {"bias": True})
        if not self.two_ways:
            layers = {"num_layers": len(self.cells)}
            settings |= changed(layers, {"num_layers": 1})
        if cell.keras == "SimpleRNN":
            nonlinearity = {"nonlinearity": cell.activation}
            settings |= changed(nonlinearity, {"nonlinearity": "tanh"})
        settings["batch_first"] = True
        settings |= changed({"bidirectional": self.two_ways}, {"bidirectional": False})
        name, _ = cell.kinds
        return call_text(f"nn.{name}", cell.features, cell.units, **settings)

    @property
    def num_states(self) -> int:
        """How many states all its cells have."""
        return len(self.cells) * self.cell.num_states


def modules_of(
    plan: LayerPlan, arrays: Arrays, suffix: str = ""
) -> list[RecurrentModule]:
    """The modules that do the work of a layer in one direction.

    Cells of one sort and size are the layers of one module, if PyTorch has it.
    """
    cells = tuple(cells_of(plan, arrays))
    if len(cells) == 1:
        return [RecurrentModule(cells, cells[0].arrays, suffix)]
    sorts = {(cell.sort, cell.units) for cell in cells}
    if len(sorts) == 1 and cells[0].is_plain:
        return [RecurrentModule(cells, arrays, suffix)]
    return [
        RecurrentModule((cell,), cell.arrays, f"{suffix}_{number}")
        for number, cell in enumerate(cells, 1)
    ]


@dataclass(frozen=True)
class Run:
    """A call of a module.

    Args:
        site: where it is written.
        module: that is called.
        x: what it takes, an expression.
        mask: the steps that count, an expression, or "".
        begun: the states that it begins with, of each cell all; none for zeros, or
            those that are kept.
        keeps: whether the states are kept from call to call.
    """

    site: Site
    module: RecurrentModule
    x: str
    mask: str = ""
    begun: Sequence[str] = ()
    keeps: bool = False

    def write(self, output: str, states: Sequence[str] = ()) -> None:
        """Write the lines.

        Args:
            output: the variable of the output, "_" if it is not read.
            states: variables of the states h, or h and c; none if they are not read.
                Each is (cells, batch, units), and (batch, units) of a layer written
                out.
        """
        call = self._call()
        target = self._tuple(states) if states else "_"
        if self.keeps:
            target = self.site.variable("states")
        comment = "" if output == "_" else self._shape()
        self.site.line(f"{output}, {target} = {call}", comment)
        if self.keeps:
            self.site.line(f"{self._kept()}.keep({target})")
            if states:
                names = self._tuple(states)
                if len(states) > 1:
                    names = ", ".join(states)
                self.site.line(f"{names} = {target}")

    def _shape(self) -> str:
        """The shape of the outputs, for a comment."""
        x, size = self.site.x, str(self.module.size)
        before = [x.size_text(0), x.size_text(1)]
        images = x.axes - 3
        if not images:
            return sizes_text([*before, size])
        result = self.site.outputs[0]
        output = TensorText("", result.shape, words=result.words)
        sizes = [output.size_text(axis) for axis in range(output.axes)]
        if self.module.cell.config.get("data_format") == "channels_first":
            return sizes_text([*before, size, *sizes[-images:]])
        return sizes_text([*before, *sizes[-1 - images : -1], size])

    def _call(self) -> str:
        layer = self.module.made(self.site)
        begun = self._begun()
        states = f", {begun}" if begun else ""
        if not self.module.cell.is_plain:
            mask = f", mask={self.mask}" if self.mask else ""
            if begun or mask:
                take_states(self.site, self.module.cell)
            return f"{layer}({self.x}{states}{mask})"
        if not self.mask:
            return f"{layer}({self.x}{states})"
        self.site.helper("run_masked_general" if begun else "run_masked")
        return f"run_masked({layer}, {self.x}, {self.mask}{states})"

    def _kept(self) -> str:
        """What keeps the states from call to call, made in `__init__`."""
        self.site.helper("kept_states")
        return self.site.module("KeptStates()", suffix=f"{self.module.suffix}_states")

    def _begun(self) -> str:
        """The states that the call begins with, or ""."""
        if not self.begun:
            if self.keeps:
                return f"{self._kept()}.states"
            return ""
        if not self.module.cell.is_plain:
            return self._tuple(self.begun)
        count = self.module.cell.num_states
        stacked = []
        for number in range(count):
            of_cells = self.begun[number::count]
            if len(of_cells) == 1:
                stacked.append(f"{of_cells[0]}[None]")
            else:
                stacked.append(f"torch.stack([{', '.join(of_cells)}])")
        return self._tuple(stacked)

    def _tuple(self, texts: Sequence[str]) -> str:
        """The states as a layer has them: PyTorch's has the only one by itself."""
        if len(texts) > 1:
            return f"({', '.join(texts)})"
        return texts[0] if self.module.cell.is_plain else f"({texts[0]},)"
