"""The source of a port with all that is compared with the original, stubs or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.in_keras.rebuilding import Rebuilt, rebuilt
from compare.in_pytorch import ports
from compare.in_pytorch.opened_ports import OpenedPort, Place
from compare.in_pytorch.refusals import REFUSALS
from compare.kinds.graph import ModelPlan, tensors_in
from compare.porting import running
from compare.porting.moving import state_of
from compare.porting.open_sizes import with_words
from compare.porting.opening import End, Opened, opened
from compare.porting.reading import Saved
from compare.porting.reading.modules import pruned
from compare.porting.short_numbers import same_bits, with_short_numbers
from compare.porting.stubs import inlined, results_of, stubbed
from compare.porting.wishes import MODEL
from compare.porting.writing.lines import literal
from compare.porting.writing.port_source import Facts, NotWritten, PortSource
from compare.porting.writing.pytorch_source import pytorch_source
from compare.porting.writing.writable import unwritable


@dataclass(frozen=True)
class Written:
    """A port that is written and runs.

    Args:
        source: of the port.
        plan: that the source is of, which may have stubs.
        facts: of its tensors.
        compared: the plan of what can be compared, which has none.
        original: what can be compared, rebuilt in Keras.
        stubs: where the port is opened at its stubs; None without them.
        arrays: of the port, by their names in its state dict.
        port: what is compared, alive.
        shown: the source with short numbers; None where there is none.
    """

    source: PortSource
    plan: ModelPlan
    facts: Facts
    compared: ModelPlan
    original: Rebuilt
    stubs: Opened | None
    arrays: Mapping[str, np.ndarray]
    port: Any
    shown: PortSource | None = None

    def text(self, given: Sequence[np.ndarray]) -> str:
        """The source for the user, with short numbers if they compute the same.

        Args:
            given: inputs to run it with.
        """
        if self.shown is None or self.shown.text == self.source.text:
            return self.source.text
        made = (self.port, _made(self.shown))
        try:
            results = [ports.results(port, given) for port in made]
        except REFUSALS:  # the verdict says so
            return self.source.text
        return (self.shown if same_bits(*results) else self.source).text

    @property
    def stub_names(self) -> tuple[str, ...]:
        """The layers that are stubs."""
        return () if self.stubs is None else self.stubs.stubs

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the stubs."""
        return () if self.stubs is None else self.stubs.notes

    @property
    def names(self) -> tuple[list[str], list[str]] | None:
        """What an example calls inputs and results, where there are stubs."""
        if self.stubs is None:
            return None
        given = [self._name(end, "given", "input") for end in self.stubs.inputs]
        return given, [self._name(e, "taken", "result") for e in self.stubs.outputs]

    def _name(self, end: End, of_stub: str, of_port: str) -> str:
        if not end.stub:
            return f"{of_port}.{end.place}"
        return f"{of_stub}.{self.source.stubs[end.stub]}.{end.call}.{end.place}"

    @property
    def script(self) -> str:
        """The template of the script that runs an example."""
        return "check.py.txt" if self.stubs is None else "check_stubs.py.txt"

    @property
    def words(self) -> dict[str, str]:
        """What is replaced in the script."""
        if self.stubs is None:
            return {}
        count = len(list(tensors_in(self.plan.inputs)))
        stubs = str(literal(counts(self.source, self.plan)))
        return {"STUBS_OF_PORT": stubs, "INPUTS_OF_PORT": str(count)}


def written(saved: Saved, name: str, stub: bool) -> Written:
    """Write a port and make it.

    Args:
        saved: the model.
        name: of the port's class.
        stub: whether to leave what cannot be ported for the user to write.

    Raises:
        BadInput: if PyTorch cannot have a layer, or Keras cannot make one; with stubs
            if nothing beside them can be compared.
    """
    if stub and (saved.stubs or unwritable(saved.plan, saved.weights)):
        return _with_stubs(saved, name)
    try:
        original = rebuilt(saved.plan, saved.weights)
        facts = Facts(*with_words(original))
        source = pytorch_source(saved.plan, facts, saved.weights, name)
        plan = with_short_numbers(saved.plan, arrays=True)
        shown = source
        if plan is not saved.plan:
            shown = pytorch_source(plan, facts, saved.weights, name)
    except NotWritten:
        if not stub:
            raise
        return _with_stubs(saved, name)
    port = _made(source)
    arrays = ports.arrays_of(port)
    return Written(
        source, saved.plan, facts, saved.plan, original, None, arrays, port, shown
    )


def _with_stubs(saved: Saved, name: str) -> Written:
    """Write a port with stubs; see `written`."""
    plan, weights = saved.plan, saved.weights
    problems: Mapping[str, str] = unwritable(plan, weights)
    while True:
        plan = pruned(inlined(plan, problems))
        opening = opened(plan, weights, saved.built)
        original = rebuilt(opening.plan, weights)
        of_opened, models = with_words(original)
        facts = opening.facts(of_opened)
        plan = opening.whole
        if problems:
            plan = stubbed(plan, problems, facts)
            problems = {}
            continue
        try:
            source = pytorch_source(plan, Facts(facts, models), weights, name)
            break
        except NotWritten as error:
            problems = error.problems
    port = _made(source)
    arrays = ports.arrays_of(port)
    opened_port = OpenedPort(
        port,
        counts(source, plan),
        [_place(end, source) for end in opening.inputs],
        [_place(end, source) for end in opening.outputs],
        len(list(tensors_in(plan.inputs))),
    )
    return Written(
        source,
        plan,
        Facts(facts, models),
        opening.plan,
        original,
        opening,
        arrays,
        opened_port,
    )


def counts(source: PortSource, plan: ModelPlan) -> dict[str, int]:
    """How many tensors each stub of a port returns, by its attribute."""
    found: dict[str, int] = {}
    for number, call in enumerate(plan.calls):
        if call.layer in source.stubs:
            name = source.stubs[call.layer]
            found[name] = max(found.get(name, 0), results_of(plan, number))
    return found


def _made(source: PortSource) -> Any:
    """The port, with its weights."""
    port = getattr(running.module_of(source.text, MODEL), source.name)()
    ports.load(port, state_of(port, source.moves))
    return port


def _place(end: End, source: PortSource) -> Place:
    return Place(source.stubs.get(end.stub, ""), end.call, end.place)
