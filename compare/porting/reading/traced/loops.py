"""Loops over time that a module writes by hand, rolled up: one step for all steps.

A cell that is called on each step of a sequence, each time with the states that it
returned before, is a layer; what is done with each of its results is done with all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from compare.in_pytorch.recorded import (
    Recording,
    Ref,
    Result,
    Step,
    refs_in,
    with_refs,
)
from compare.porting.reading.traced.parts import Part, key_of, of_index

LOOP = "loop"  # the function of a step that runs a cell over a sequence
# What may be done with all steps at once as with each: it looks at the last axis alone.
OF_EACH = {
    *("relu", "relu6", "tanh", "sigmoid", "silu", "gelu", "elu", "exp", "abs", "neg"),
    *("leaky_relu", "dropout", "clone", "contiguous", "detach", "to", "float"),
    *("add", "sub", "mul", "div", "linear"),
}
LAYERS_OF_EACH = {
    *("Linear", "Dropout", "Embedding", "ReLU", "Tanh", "Sigmoid", "LeakyReLU"),
    *("LayerNorm", "GELU", "ELU", "SiLU", "Identity"),
}


def rolled(recording: Recording, kinds: Mapping[str, str]) -> Recording:
    """A recording with its loops over time rolled up.

    Args:
        recording: of one run.
        kinds: the class of each layer that is taken as it is, by name.
    """
    cells = {name for name, kind in kinds.items() if kind.endswith("Cell")}
    loops = _Loops(recording, kinds, cells)
    if any(step.name in cells for step in recording.steps):
        while loops.lift() or loops.roll() or loops.join() or loops.fill():
            pass
    return loops.recording()


class _Loops:
    """A recording that is rewritten.

    Steps go by numbers that stay, whatever comes between.
    """

    def __init__(
        self, recording: Recording, kinds: Mapping[str, str], cells: Collection[str]
    ) -> None:
        self._kinds, self._cells = kinds, cells
        self._steps = dict(enumerate(recording.steps))
        self._order = list(self._steps)
        self._output = recording.output
        self._inputs, self._asked = recording.inputs, recording.asked

    def recording(self) -> Recording:
        """What has come of it, numbered in order, without what no result needs."""
        needed = {ref.step for ref in refs_in(self._output)}
        needed |= {ref.step for ref in self._inputs}
        for number in reversed(self._order):
            if number in needed:
                step = self._steps[number]
                needed |= {ref.step for ref in refs_in((step.args, step.kwargs))}
        self._order = [number for number in self._order if number in needed]
        places = {number: place for place, number in enumerate(self._order)}

        def moved(ref: Ref) -> Ref:
            return Ref(places[ref.step], ref.output)

        steps = []
        for number in self._order:
            step = self._steps[number]
            args = with_refs(step.args, moved)
            kwargs = with_refs(dict(step.kwargs or {}), moved)
            steps.append(_changed(step, args=args, kwargs=kwargs))
        inputs = [moved(ref) for ref in self._inputs]
        return Recording(steps, inputs, with_refs(self._output, moved), self._asked)

    # -------------------------------------------------------------------- what there is

    def _shape(self, ref: Ref) -> tuple[int, ...]:
        return self._steps[ref.step].results[ref.output].shape

    def _parts(self) -> dict[Ref, Part]:
        """All tensors that are one place of another one."""
        parts: dict[Ref, Part] = {}
        for number in self._order:
            step = self._steps[number]
            if step.function == "getitem" and isinstance(step.args[0], Ref):
                part = of_index(step.args[0], step.args[1], self._shape(step.args[0]))
                if part is not None:
                    parts[Ref(number)] = part
            elif step.function == "select" and len(step.args) == 3:
                source, axis, place = step.args
                size = self._shape(source)[axis]
                count = len(self._shape(source))
                parts[Ref(number)] = Part(source, axis % count, place % size)
            elif step.function == "unbind":
                source = step.args[0]
                axis = (step.kwargs or {}).get("dim", 0)
                if len(step.args) > 1:
                    axis = step.args[1]
                axis %= len(self._shape(source))
                for place in range(len(step.results)):
                    parts[Ref(number, place)] = Part(source, axis, place)
            elif step.function == "squeeze" and step.args[0] in parts:
                parts[Ref(number)] = parts[step.args[0]]
            elif step.function in ("split", "chunk") and step.results:
                parts |= self._of_split(number, step)
            elif step.function == LOOP:
                last = step.results[0].shape[1] - 1
                parts[Ref(number, 1)] = Part(Ref(number), 1, last)
        return parts

    def _of_split(self, number: int, step: Step) -> Iterator[tuple[Ref, Part]]:
        """Parts of one step each; they have the axis still, which is squeezed next."""
        source = step.args[0]
        axis = (step.kwargs or {}).get("dim", step.args[2] if len(step.args) > 2 else 0)
        axis %= len(self._shape(source))
        for place, result in enumerate(step.results):
            if result.shape[axis] != 1:
                return
            yield Ref(number, place), Part(source, axis, place)

    def _readers(self) -> dict[Ref, list[int]]:
        readers: dict[Ref, list[int]] = {}
        for number in self._order:
            step = self._steps[number]
            for ref in refs_in((step.args, step.kwargs)):
                readers.setdefault(ref, []).append(number)
        for ref in refs_in(self._output):
            readers.setdefault(ref, []).append(-1)
        return readers

    # --------------------------------------------------------------------- rewriting

    def _insert(self, step: Step, before: int) -> int:
        number = max(self._steps) + 1
        self._steps[number] = step
        self._order.insert(self._order.index(before), number)
        return number

    def _replace_ref(self, old: Ref, new: Ref) -> None:
        def swapped(ref: Ref) -> Ref:
            return new if ref == old else ref

        for number in self._order:
            step = self._steps[number]
            if old in refs_in((step.args, step.kwargs)):
                args = with_refs(step.args, swapped)
                kwargs = with_refs(dict(step.kwargs or {}), swapped)
                self._steps[number] = _changed(step, args=args, kwargs=kwargs)
        self._output = with_refs(self._output, swapped)

    def _along_time(self, source: Ref, axis: int, before: int, back: bool) -> Ref:
        """A sequence with its time as the second axis, turned round if it runs back."""
        result = self._steps[source.step].results[source.output]
        step = self._steps[before]
        if axis != 1:
            shape = list(result.shape)
            shape.insert(1, shape.pop(axis))
            result = Result(tuple(shape), result.dtype)
            moving = Step("movedim", "", step.place, (source, axis, 1), {}, (result,))
            moving.alone = self._steps[source.step].alone
            source = Ref(self._insert(moving, before))
        if back:
            turning = Step("flip", "", step.place, (source, [1]), {}, (result,))
            source = Ref(self._insert(turning, before))
        return source

    # ------------------------------------------------------------------------- a cell

    def roll(self) -> bool:
        """Make one loop of a cell's calls one step; say whether there was one."""
        parts, readers = self._parts(), self._readers()
        for name in self._cells:
            calls = [
                number
                for number in self._order
                if self._steps[number].function == "module"
                and self._steps[number].name == name
            ]
            if len(calls) > 1 and self._is_chain(calls, readers):
                way = self._way([parts.get(self._steps[n].args[0]) for n in calls])
                if way is not None:
                    self._roll(calls, way)
                    return True
        return False

    def _is_chain(self, calls: list[int], readers: Mapping[Ref, list[int]]) -> bool:
        """Whether each call has the states of the one before, and no other reads c."""
        for before, number in pairwise(calls):
            states = list(refs_in(self._steps[number].args[1:]))
            count = len(self._steps[before].results)
            if states != [Ref(before, place) for place in range(count)]:
                return False
            if count > 1 and readers.get(Ref(before, 1), []) != [number]:
                return False
        return True

    def _way(self, parts: list[Part | None]) -> tuple[Ref, int, bool] | None:
        """The sequence that parts are all of, its axis, and whether they run back."""
        first = parts[0]
        if first is None or None in parts:
            return None
        places = [part.place for part in parts if part is not None]
        for part in parts:
            if part is None or (part.source, part.axis) != (first.source, first.axis):
                return None
        count = self._shape(first.source)[first.axis]
        if places == list(range(count)):
            return first.source, first.axis, False
        if places == list(range(count))[::-1]:
            return first.source, first.axis, True
        return None

    def _roll(self, calls: list[int], way: tuple[Ref, int, bool]) -> None:
        source, axis, back = way
        first = self._steps[calls[0]]
        sequence = self._along_time(source, axis, calls[0], back)
        state = first.results[0]
        whole = (state.shape[0], len(calls), *state.shape[1:])
        args = (sequence, *first.args[1:])
        results = (Result(whole, state.dtype), *first.results)
        loop = Step(LOOP, first.name, first.place, args, first.kwargs, results)
        number = self._insert(loop, calls[0])
        for place, call in enumerate(calls):
            self._steps[call] = Step(
                "getitem",
                "",
                first.place,
                (Ref(number), (slice(None), place)),
                {},
                (state,),
            )
        last = calls[-1]
        self._replace_ref(Ref(last), Ref(number, 1))
        if len(first.results) > 1:
            self._replace_ref(Ref(last, 1), Ref(number, 2))

    # ------------------------------------------------------- what is done with each

    def lift(self) -> bool:
        """Do at once what is done with each step of a sequence; say if any was."""
        parts = self._parts()
        groups: dict[Any, dict[int, list[int]]] = {}
        for number in self._order:
            step = self._steps[number]
            if not self._is_of_each(step):
                continue
            own = [parts[ref] for ref in refs_in(step.args) if ref in parts]
            if not own or len({part.place for part in own}) > 1:
                continue
            by_place = groups.setdefault(key_of(step, parts), {})
            by_place.setdefault(own[0].place, []).append(number)
        for by_place in groups.values():
            numbers = [found[0] for _, found in sorted(by_place.items())]
            first = self._steps[numbers[0]]
            own = [parts[ref] for ref in refs_in(first.args) if ref in parts]
            sizes = {self._shape(part.source)[part.axis] for part in own}
            if sizes == {len(numbers)} and len(numbers) > 1:
                self._lift(numbers, parts)
                return True
        return False

    def _is_of_each(self, step: Step) -> bool:
        if step.alone or len(step.results) != 1:
            return False
        if step.function == "module":
            return self._kinds.get(step.name) in LAYERS_OF_EACH
        return step.function in OF_EACH

    def _lift(self, numbers: list[int], parts: Mapping[Ref, Part]) -> None:
        first = self._steps[numbers[0]]
        whole: dict[Ref, Ref] = {}
        for ref in dict.fromkeys(refs_in(first.args)):
            if ref in parts:
                part = parts[ref]
                whole[ref] = self._along_time(
                    part.source, part.axis, numbers[0], back=False
                )

        def raised(ref: Ref) -> Ref:
            return whole.get(ref, ref)

        result = first.results[0]
        shape = (result.shape[0], len(numbers), *result.shape[1:])
        args = with_refs(first.args, raised)
        step = _changed(first, args=args, kwargs=dict(first.kwargs or {}))
        step.results = (Result(shape, result.dtype),)
        number = self._insert(step, numbers[0])
        for place, old in enumerate(numbers):
            self._steps[old] = Step(
                "getitem",
                "",
                first.place,
                (Ref(number), (slice(None), place)),
                {},
                (result,),
            )

    # ------------------------------------------------------------------ put together

    def join(self) -> bool:
        """Take the sequence in the place of its steps put together; say if any were."""
        parts = self._parts()
        for number in list(self._order):
            step = self._steps[number]
            if step.function not in ("stack", "cat") or not step.args:
                continue
            items = step.args[0]
            dim = (step.kwargs or {}).get("dim", 0)
            if len(step.args) > 1:
                dim = step.args[1]
            dim %= len(step.results[0].shape)
            if step.function == "cat":
                items = self._without_axis(items, dim)
            if items is None or len(items) < 2:
                continue
            way = self._way([parts.get(item) for item in items])
            if way is None:
                continue
            source, axis, back = way
            sequence = self._along_time(source, axis, number, back)
            moving = Step(
                "movedim", "", step.place, (sequence, 1, dim), {}, step.results
            )
            self._replace_ref(Ref(number), Ref(self._insert(moving, number)))
            self._order.remove(number)
            return True
        return False

    def fill(self) -> bool:
        """Take the sequence in the place of zeros that its steps were put into."""
        parts = self._parts()
        for number in list(self._order):
            chain = self._filled(number)
            if len(chain) < 2:
                continue
            places = [place for place, _ in chain]
            way = self._way([parts.get(value) for _, value in chain])
            axes = {place.axis for place in places}
            shape = self._steps[number].results[0].shape
            order = [place.place for place in places]
            if way is None or len(axes) > 1 or order != [*range(shape[places[0].axis])]:
                continue
            source, axis, back = way
            sequence = self._along_time(source, axis, number, back)
            step = self._steps[number]
            args = (sequence, 1, places[0].axis)
            moving = Step("movedim", "", step.place, args, {}, step.results)
            self._replace_ref(Ref(number), Ref(self._insert(moving, number)))
            self._order.remove(number)
            return True
        return False

    def _filled(self, number: int) -> list[tuple[Part, Any]]:
        """Where steps of a sequence were put one after another, and what was put."""
        chain: list[tuple[Part, Any]] = []
        step = self._steps[number]
        while step.function == "setitem" and isinstance(step.args[2], Ref):
            part = of_index(step.args[0], step.args[1], self._shape(step.args[0]))
            if part is None:
                return []
            chain.insert(0, (part, step.args[2]))
            step = self._steps[step.args[0].step]
        return chain if step.alone else []

    def _without_axis(self, items: Any, dim: int) -> list[Ref] | None:
        """What tensors were before each got the axis along which they are joined."""
        sources = []
        for item in items:
            step = self._steps[item.step]
            if step.function != "unsqueeze" or len(step.args) < 2:
                return None
            if step.args[1] % len(step.results[0].shape) != dim:
                return None
            sources.append(step.args[0])
        return sources


def _changed(step: Step, args: Any, kwargs: Any) -> Step:
    return replace(step, args=args, kwargs=kwargs)
