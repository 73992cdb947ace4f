"""How recurrent layers of one direction are written in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from compare.kinds.graph import LayerPlan
from compare.kinds.recurrent_cells import cells_of, note_dropout, problem
from compare.kinds.recurrent_modules import RecurrentModule, Run, modules_of
from compare.kinds.source import Site, Source, TensorText


def mask_of(site: Site) -> str:
    """The variable of the mask that goes on with the outputs, or ""."""
    mask = _given_mask(site)
    return mask.text if isinstance(mask, TensorText) else site.mask


def mask_in_use(site: Site) -> str:
    """The variable of the mask that says which steps are left out, or "".

    Keras 3 does not give a recurrent layer the mask that comes with a sequence if it
    gives it states as well.
    """
    mask = _given_mask(site)
    if mask is None and begun_states(site):
        return ""
    return mask_of(site)


def _given_mask(site: Site) -> Any:
    """What the layer is called with as its mask."""
    mask = site.kwargs.get("mask")
    if mask is None and len(site.args) > 2:
        return site.args[2]
    return mask


def begun_states(site: Site) -> list[str]:
    """The states that the layer is called with, in one row; none where it has zeros."""
    first, *others = site.args or (None,)
    in_list = first[1:] if isinstance(first, list | tuple) else ()
    given = [in_list, others[:1], site.kwargs.get("initial_state")]
    return [value.text for value in _tensors(given)]


def _tensors(value: Any) -> Iterator[TensorText]:
    if isinstance(value, TensorText):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)


def steps_text(site: Site, mask: str) -> str:
    """A mask with axes of one, so that outputs can be multiplied with it."""
    if site.x.axes == 3:
        return f"{mask}.unsqueeze(-1)"
    return f"{mask}[{', '.join([':, :'] + ['None'] * (site.x.axes - 2))}]"


@dataclass(frozen=True)
class OneWay:
    """A recurrent layer in one direction.

    Args:
        site: where it is called.
        plan: of the layer, which may be one of two that a wrapper has.
        modules: that do its work.
        begun: the states that it begins with; none for zeros, or those that are kept.
        name: what the variables of its states are called, such as "state".
        zeroed: whether the outputs of steps that do not count are zeros; None if the
            layer says it.
    """

    site: Site
    plan: LayerPlan
    modules: Sequence[RecurrentModule]
    begun: Sequence[str]
    name: str = "state"
    zeroed: bool | None = None

    def setting(self, name: str) -> bool:
        """A setting of the layer that is usually False."""
        return bool(self.plan.config.get(name))

    def write(self, word: str, reads_states: bool, is_read: bool = True) -> list[str]:
        """Write the lines.

        Args:
            word: the variable of the output.
            reads_states: whether the states are read.
            is_read: whether the output is.

        Returns:
            Expressions of the output and of the states, if they are read.
        """
        x, mask = self.site.x.text, mask_in_use(self.site)
        if self.setting("go_backwards"):
            x = f"{x}.flip(1)"
            mask = f"{mask}.flip(1)" if mask else ""
        begun = [*self.begun]
        states: list[str] = []
        last = self.modules[-1]
        for number, module in enumerate(self.modules, 1):
            own, begun = begun[: module.num_states], begun[module.num_states :]
            run = Run(self.site, module, x, mask, own, self.setting("stateful"))
            names: list[str] = []
            if reads_states:
                place = f"_{number}" if len(self.modules) > 1 else ""
                names = self._state_names(module, place)
            output = word if is_read or module is not last else "_"
            run.write(output, names)
            states += self._states(module, names)
            x = word
        return [self._output(word, mask), *states]

    def _state_names(self, module: RecurrentModule, place: str) -> list[str]:
        letters = ("_h", "_c") if module.cell.num_states == 2 else ("",)
        return [self.site.variable(f"{self.name}{x}{place}") for x in letters]

    def _states(self, module: RecurrentModule, names: Sequence[str]) -> list[str]:
        """The states of all cells of a module, one after the other."""
        if not names:
            return []
        if not module.cell.is_plain:
            return [*names]
        if len(module.cells) == 1:
            parts = [f"{name}[0]" for name in names]
            comment = f"(batch, {module.cell.units})"
            if len(names) > 1:
                comment += " each"
            self.site.line(f"{', '.join(names)} = {', '.join(parts)}", comment)
            return [*names]
        states = []
        for number in range(len(module.cells)):
            states += [f"{name}[{number}]" for name in names]
        return states

    def _output(self, word: str, mask: str) -> str:
        zeroed = self.zeroed
        if zeroed is None:
            zeroed = self.setting("zero_output_for_mask")
        if not self.setting("return_sequences"):
            last = f"{word}[:, -1]"
            if not mask or not zeroed:
                return last
            return f"{last} * {steps_text(self.site, mask)}[:, -1]"
        if mask and zeroed:
            if self.setting("unroll"):
                # Keras multiplies the reversed outputs with the mask as it is.
                mask = mask_in_use(self.site)
            self.site.line(f"{word} = {word} * {steps_text(self.site, mask)}")
        return word


def write(site: Site) -> Sequence[str]:
    """A recurrent layer in one direction: its output, and its states if it is asked."""
    plan = site.plan
    modules = modules_of(plan, site.arrays)
    note_dropout(site, cells_of(plan, site.arrays))
    layer = OneWay(site, plan, modules, begun_states(site))
    reads_states = layer.setting("return_state") and bool(site.read - {0})
    word = site.result("h")
    if len(modules) > 1 and word in layer.begun:  # which the second module reads
        word = site.variable("h")
    results = layer.write(word, reads_states, 0 in site.read)
    missing = len(site.outputs) - len(results)
    return results + ["_"] * missing  # states that nothing reads


SOURCE = Source(write, "features last", mask_of=mask_of, problem=problem)
