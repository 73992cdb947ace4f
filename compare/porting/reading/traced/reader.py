"""A recording of a PyTorch module, step by step turned into a plan in Keras's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from compare.in_pytorch.kinds import kind_of
from compare.in_pytorch.recorded import Recording, Ref, Step, refs_in
from compare.kinds.graph import INPUT, TIME_FIRST, LayerPlan, Tensor
from compare.porting.reading.traced.graph import Graph
from compare.porting.reading.traced.sizes import is_open
from compare.porting.reading.traced.stub import Stub, left_out
from compare.porting.reading.traced.values import (
    Constant,
    Known,
    Padded,
    Stack,
    Unported,
    Value,
    plain_axes,
    trimmed,
)

RANDOM = {
    *("rand", "randn", "randint", "rand_like", "randn_like", "randint_like"),
    *("normal", "uniform", "bernoulli", "multinomial", "randperm", "poisson"),
}

Handler = Callable[["Reader", Step], Any]


@dataclass
class Reader:
    """Turns the steps of a recording into calls of Keras's layers and operations.

    Args:
        recording: of several runs.
        module: of a name in the recorded model.
        runs: how many runs there were.
        of_constant: makes a value of a constant.
        graph: grows.
        known: what each tensor of the recording is in Keras.
        stubs: what could not be written.
        readers: the numbers of the steps that read a tensor; -1 for the results.
        packed: sequence, lengths and whether the batch is first, of packed ones.
        passed: numbers of steps that Keras does not need: they sort a batch.
        numbers: of the steps, by identity.
        names: of layers in Keras, by those in PyTorch.
        counted: the numbers of the steps of a tensor along an axis of Keras.
        trainable: names of the module's parameters.
        by_hand: what recurrent layers by hand are, by name.
        reasons: why a module of the user's own, which is taken as it is, is not
            written, by its name.
        time_first: the names of inputs that have the time before the batch.
        functions, layers: what turns a step, as in `read`.
    """

    recording: Recording
    module: Callable[[str], Any]
    runs: int
    of_constant: Callable[[Reader, Ref, Constant], Value]
    graph: Graph = field(default_factory=Graph)
    known: dict[Ref, Known] = field(default_factory=dict)
    stubs: list[Stub] = field(default_factory=list)
    readers: dict[Ref, list[int]] = field(default_factory=dict)
    packed: dict[Ref, tuple[Any, Any, bool]] = field(default_factory=dict)
    passed: set[int] = field(default_factory=set)
    numbers: dict[int, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    counted: dict[tuple[Tensor, int], Tensor] = field(default_factory=dict)
    trainable: frozenset[str] = frozenset()
    by_hand: Mapping[str, Any] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    time_first: frozenset[str] = frozenset()
    functions: dict[str, Handler] = field(default_factory=dict)
    layers: dict[str, Handler] = field(default_factory=dict)

    def read(self, functions: dict[str, Handler], layers: dict[str, Handler]) -> None:
        """Turn all steps that a result needs.

        Args:
            functions: what turns a step, by the name of PyTorch's function.
            layers: what turns a step, by the class of PyTorch's layer.
        """
        self.functions, self.layers = functions, layers
        steps = self.recording.steps
        self.numbers = {id(step): number for number, step in enumerate(steps)}
        live = self._live()
        self._find_packed()
        for number, step in enumerate(self.recording.steps):
            if step.function == "input":
                self._know(Ref(number), self._input(step))
            elif number not in live or number in self.passed:
                continue
            elif step.alone and step.function not in RANDOM:
                for place, value in enumerate(step.values):
                    self.known[Ref(number, place)] = Constant(value, step.name)
            else:
                results = self._results(step)
                for place, result in enumerate(results):
                    if result is not None:
                        self._know(Ref(number, place), result)

    def _know(self, ref: Ref, known: Known) -> None:
        """Note what a tensor of the recording is in Keras."""
        self.known[ref] = known
        if isinstance(known, Value):
            self.graph.shapes[known.tensor] = known.sizes

    def _results(self, step: Step) -> list[Known]:
        handler = self.functions.get(step.function)
        what = f"torch's {step.function}"
        if step.function == "module" and step.name in self.reasons:
            what = type(self.module(step.name)).__name__
            return [*left_out(self, step, what, self.reasons[step.name])]
        if step.function == "module":
            cls = self.kind(step.name)
            what = f"nn.{cls}"
            handler = self.layers.get(cls)
        try:
            if self._is_complex(step):
                raise Unported("complex numbers, which layers of Keras do not take")
            if step.function in RANDOM:
                raise Unported(
                    "random numbers, of which the twin would have others: leave them "
                    "out where the module evaluates, or take them as an input"
                )
            if handler is None:
                raise Unported("it is none of the operations that are written")
            result = handler(self, step)
        except Unported as error:
            return [*left_out(self, step, what, str(error))]
        return list(result) if isinstance(result, list) else [result]

    def _is_complex(self, step: Step) -> bool:
        """Whether a step takes complex numbers."""
        for ref in refs_in((step.args, step.kwargs)):
            known = self.known.get(ref)
            if isinstance(known, Value) and known.dtype.startswith("complex"):
                return True
        return False

    def kind(self, name: str) -> str:
        """The class of PyTorch that a layer is of."""
        if name in self.by_hand:
            return str(self.by_hand[name].word)
        return kind_of(self.module(name)).split("(")[0]

    def _live(self) -> set[int]:
        """The numbers of the steps that a result needs; notes who reads what."""
        steps = self.recording.steps
        live: set[int] = set()
        waiting = [ref.step for ref in refs_in(self.recording.output)]
        while waiting:
            number = waiting.pop()
            if number in live:
                continue
            live.add(number)
            step = steps[number]
            waiting += [ref.step for ref in refs_in((step.args, step.kwargs))]
        for number in sorted(live):
            step = steps[number]
            for ref in refs_in((step.args, step.kwargs)):
                self.readers.setdefault(ref, []).append(number)
        for ref in refs_in(self.recording.output):
            self.readers.setdefault(ref, []).append(-1)
        return live

    def _find_packed(self) -> None:
        """Find sequences that are packed, and what sorts them."""
        steps = self.recording.steps
        for number, step in enumerate(steps):
            if step.function != "pack_padded_sequence":
                continue
            self.passed.add(number)
            args = self.bound(step, "input lengths batch_first")
            x, lengths = args.input, args.lengths
            selecting = steps[x.step]
            sorting = steps[lengths.step]
            if sorting.function == "sort" and selecting.function == "index_select":
                self.passed |= {x.step, lengths.step}
                order = Ref(lengths.step, 1)
                for reading in self.readers.get(order, []):
                    if steps[reading].function == "scatter":
                        self.passed.add(reading)
                x, lengths = selecting.args[0], sorting.args[0]
            self.packed[Ref(number)] = (x, lengths, args.batch_first)

    def number(self, step: Step) -> int:
        """The number of a step."""
        return self.numbers[id(step)]

    def layer_name(self, name: str) -> str:
        """What a layer of PyTorch is called in Keras."""
        if name not in self.names:
            self.names[name] = self.graph.free(name.replace(".", "_") or "layer")
        return self.names[name]

    def _input(self, step: Step) -> Value:
        result = step.results[0]
        shape = tuple(None if is_open(size) else size for size in result.shape[1:])
        config: dict[str, Any] = {"shape": shape, "dtype": result.dtype}
        if step.name in self.time_first:
            config[TIME_FIRST] = True
        if not is_open(result.shape[0]):
            config["batch_size"] = result.shape[0]
        plan = LayerPlan(self.graph.free(step.name), INPUT, config)
        tensor = Tensor(self.graph.layer(plan, []))
        axes = plain_axes(len(result.shape))
        return Value(tensor, result.shape, axes, result.shape, result.dtype)

    # ----------------------------------------------------------------------- arguments

    def bound(self, step: Step, names: str, **defaults: Any) -> SimpleNamespace:
        """The arguments of a step by name.

        Args:
            step: whose they are.
            names: in the order of PyTorch's function; the first are required unless
                they have defaults.
            defaults: of those that may be left out.

        Raises:
            Unported: if there are others.
        """
        given = dict(defaults)
        keys = names.split()
        if len(step.args) > len(keys):
            raise Unported(f"more arguments than {', '.join(keys)}")
        given |= dict(zip(keys, step.args, strict=False))
        for key, value in (step.kwargs or {}).items():
            if key in ("out", "generator", "memory_format", "non_blocking", "copy"):
                continue
            if key not in keys:
                raise Unported(f"the argument {key}")
            given[key] = value
        for key in keys:
            if key not in given:
                raise Unported(f"no argument {key}")
        return SimpleNamespace(**given)

    def get(self, value: Any) -> Any:
        """What an argument is in Keras; numbers as they are."""
        if not isinstance(value, Ref):
            return value
        if value not in self.known:
            raise Unported("a result that is not written")
        return self.known[value]

    def tensor(self, value: Any) -> Value:
        """An argument that must depend on an input, as one tensor.

        Raises:
            Unported: if it is a constant.
        """
        known = self.get(value)
        if isinstance(known, Stack):
            known = self.stacked(known)
        elif isinstance(known, Padded):
            known = self.padded(known)
            self.known[value] = known
        if isinstance(known, Constant):
            return self.of_constant(self, value, known)
        if not isinstance(known, Value):
            raise Unported("a constant in the place of a tensor")
        return known

    def fixed(self, value: Any) -> np.ndarray:
        """The numbers of an argument that depends on no input.

        Raises:
            Unported: if it does, or on the sizes of the input.
        """
        known = self.get(value)
        if not isinstance(known, Constant):
            raise Unported("a weight that depends on the input")
        return known.array

    def weight_name(self, value: Any, function: str) -> str:
        """The name of a layer that gets a weight which stands outside a layer."""
        name = self.recording.steps[value.step].name
        for ending in (".weight", "_weight", ".kernel"):
            name = name.removesuffix(ending)
        return self.layer_name(name or function)

    def stacked(self, stack: Stack) -> Value:
        """All tensors of a stack in one tensor of Keras."""
        items = [self.graph.plain(item) for item in stack.items]
        first = items[0]
        shape = (len(items), *first.shape)
        sizes = (len(items), *first.sizes)
        if len(items) == 1:
            axes = ((), *plain_axes(len(first.sizes)))
            return Value(first.tensor, shape, axes, first.sizes, first.dtype)
        tensor = self.graph.op("stack", [item.tensor for item in items])
        return Value(tensor, shape, plain_axes(len(shape)), sizes, first.dtype)

    def padded(self, padded: Padded) -> Value:
        """A tensor with what is put around it."""
        inner = self.graph.full(padded.value)
        before = list(inner.sizes)
        amounts: list[tuple[int, int]] = [(0, 0)] * len(before)
        cuts = [slice(None)] * len(before)
        for axis, pair in enumerate(padded.amounts):
            if pair == (0, 0):
                continue
            if any(is_open(amount) for amount in pair):
                raise Unported("padding by an amount that depends on the sizes")
            if len(inner.axes[axis]) != 1:
                inner = self.graph.merged(self.graph.arranged(inner))
                return self.padded(
                    Padded(inner, padded.amounts, padded.number, padded.shape)
                )
            (place,) = inner.axes[axis]
            amounts[place] = (max(pair[0], 0), max(pair[1], 0))
            cuts[place] = slice(max(-pair[0], 0) or None, min(pair[1], 0) or None)
            before[place] = padded.shape[axis]
        tensor = inner.tensor
        if any(cut != slice(None) for cut in cuts):
            tensor = self.graph.op("getitem", tensor, trimmed(cuts))
        if any(pair != (0, 0) for pair in amounts):
            settings = {"constant_values": padded.number} if padded.number else {}
            tensor = self.graph.op("pad", tensor, tuple(amounts), **settings)
        return Value(tensor, padded.shape, inner.axes, tuple(before), inner.dtype)

    # ------------------------------------------------------------------------- results

    def axis(self, value: Value, axis: int) -> int:
        """The one axis of Keras that an axis of PyTorch is.

        Raises:
            Unported: if it is none or several.
        """
        group = value.axes[axis % len(value.shape)]
        if len(group) != 1:
            raise Unported("an axis that Keras's tensor has not as one")
        return group[0]

    def plain_axis(self, value: Value, axis: int) -> tuple[Value, int]:
        """A value that has an axis of PyTorch as one axis of Keras, and this one."""
        axis %= len(value.shape)
        if len(value.axes[axis]) != 1:
            value = self.graph.arranged(self.graph.full(value), made=[axis])
            value = self.graph.merged(value)
        return value, self.axis(value, axis)

    def is_read(self, number: int, output: int) -> bool:
        """Whether a result of a step is needed."""
        return bool(self.readers.get(Ref(number, output)))
