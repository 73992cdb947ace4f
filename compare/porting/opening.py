"""A model that is opened at its stubs.

What goes into a stub becomes a result of the model, and what comes out of it an input.

What is opened has only layers that are written, so it can be rebuilt and compared. It
is known to the last layer, where the shapes of what stubs return are: from the layer
itself, or from those that read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from compare.errors import BadInput
from compare.kinds.graph import (
    ANY_AXES,
    INPUT,
    STUB,
    Call,
    LayerPlan,
    ModelPlan,
    Tensor,
    TensorFacts,
    Weights,
    tensors_in,
    with_tensors,
)
from compare.porting.reading.inputs import shape_read_by
from compare.porting.stubs import (
    Shape,
    results_of,
    results_read,
    stubbed,
    stubs_of,
)

OF_UNKNOWN = "a layer after a stub, whose shapes the file does not tell"
# What does the same on the last axis, however many others there are.
ON_LAST_AXIS = (
    "Dense",
    "Activation",
    "Dropout",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "Identity",
    "GaussianDropout",
    "GaussianNoise",
    "AlphaDropout",
)


@dataclass(frozen=True)
class End:
    """A tensor that goes into an opened model, or comes out of it.

    Args:
        tensor: of the plan.
        stub: name of the layer that takes or returns it; "" for what the model itself
            takes or returns.
        call: which of the stub's calls.
        place: which of the tensors that the stub takes or returns, or the model.
    """

    tensor: Tensor
    stub: str
    call: int
    place: int

    def words(self) -> str:
        """What it is, of what comes out."""
        if not self.stub:
            return f"result {self.place}"
        return f"what {self.stub} takes"


@dataclass(frozen=True)
class Opened:
    """A model that is opened at its stubs.

    Args:
        whole: its plan, with stubs.
        plan: of what is opened, without any.
        inputs: what goes into it, in order.
        outputs: what comes out of it, in order.
        notes: what a reader must know.
        tensors: what the tensors of `whole` are in `plan`; none of what nothing tells.
        given: what is known of the inputs of `whole`, and of what its stubs return.
        loose: tensors of `whole` that may have any number of axes before the last one.
    """

    whole: ModelPlan
    plan: ModelPlan
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]
    notes: tuple[str, ...]
    tensors: Mapping[Tensor, Tensor]
    given: Mapping[Tensor, TensorFacts]
    loose: frozenset[Tensor] = frozenset()

    @property
    def stubs(self) -> tuple[str, ...]:
        """The names of the layers that are stubs."""
        return tuple(stubs_of(self.whole))

    def facts(
        self, of_plan: Sequence[tuple[TensorFacts, ...]]
    ) -> list[tuple[TensorFacts, ...]]:
        """What is known of the results of all calls, of the facts of those opened."""
        facts = []
        for number, call in enumerate(self.whole.calls):
            count = 1
            if self.whole.layers[call.layer].keras == STUB:
                count = results_of(self.whole, number)
            elif Tensor(number) in self.tensors:
                count = len(of_plan[self.tensors[Tensor(number)].call])
            known = []
            for output in range(count):
                tensor = Tensor(number, output)
                fact = self.given.get(tensor, TensorFacts((), "float32"))
                if tensor in self.tensors:
                    place = self.tensors[tensor]
                    fact = of_plan[place.call][place.output]
                if tensor in self.loose:
                    fact = replace(fact, shape=(None, ANY_AXES, fact.shape[-1]))
                known.append(fact)
            facts.append(tuple(known))
        return facts


def opened(
    plan: ModelPlan,
    weights: Weights,
    built: Mapping[str, Shape],
    whole_inputs: bool = False,
) -> Opened:
    """Open a model at its stubs.

    A layer that takes what nothing tells the shape of becomes a stub as well.

    Args:
        plan: of the model; of the models in it none has stubs.
        weights: of its layers.
        built: the shapes that layers were built for, by their names.
        whole_inputs: whether to keep inputs of the model that stubs alone take.

    Raises:
        BadInput: if nothing is left that could be compared.
    """
    while True:
        opening = _Opening(plan, weights, built, whole_inputs)
        opening.open()
        if not opening.unknown:
            break
        plan = stubbed(plan, {opening.unknown: OF_UNKNOWN})
    return opening.result()


class _Opening:
    """A model while it is opened.

    Args:
        whole: its plan.
        weights: of its layers.
        built: the shapes that layers were built for.
        whole_inputs: as in `opened`.

    Attributes:
        unknown: the first layer that takes what nothing tells the shape of.
    """

    def __init__(
        self,
        whole: ModelPlan,
        weights: Weights,
        built: Mapping[str, Shape],
        whole_inputs: bool,
    ) -> None:
        self.whole, self.weights, self.built = whole, weights, built
        self.whole_inputs = whole_inputs
        self.tensors: dict[Tensor, Tensor] = {}
        self.loose: set[Tensor] = set()  # of the last axis alone is the size known
        self.layers: dict[str, LayerPlan] = {}
        self.calls: list[Call] = []
        self.inputs: list[End] = []
        self.given: dict[Tensor, TensorFacts] = {}
        self.outputs: list[End] = []
        self.unknown = ""
        self.notes: list[str] = []
        self.count: dict[str, int] = {}

    def open(self) -> None:
        """Go through all calls."""
        own = {t: place for place, t in enumerate(tensors_in(self.whole.inputs))}
        for number, call in enumerate(self.whole.calls):
            layer = self.whole.layers[call.layer]
            if layer.keras == INPUT:
                if Tensor(number) in own:
                    end = End(Tensor(number), "", 0, own[Tensor(number)])
                    self._add_input(end, layer)
            elif layer.keras == STUB:
                self._open_at(number, call, layer)
            elif self._is_known(call, layer):
                self._add_call(number, call, layer)
            else:
                self.unknown = layer.name
                return

    def _is_known(self, call: Call, layer: LayerPlan) -> bool:
        """Whether the shapes of what a call takes are known well enough."""
        if not all(tensor in self.tensors for tensor in call.inputs):
            return False
        return layer.keras in ON_LAST_AXIS or not self.loose & {*call.inputs}

    def _add_call(self, number: int, call: Call, layer: LayerPlan) -> None:
        self.layers[layer.name] = layer
        find = self.tensors.__getitem__
        args = with_tensors(call.args, find)
        kwargs = with_tensors(dict(call.kwargs), find)
        self.calls.append(Call(layer.name, args, kwargs))
        for output in range(results_read(self.whole, number)):
            tensor = Tensor(number, output)
            self.tensors[tensor] = Tensor(len(self.calls) - 1, output)
            if self.loose & {*call.inputs}:
                self.loose.add(tensor)

    def _add_input(self, end: End, layer: LayerPlan) -> None:
        self.layers[layer.name] = layer
        self.calls.append(Call(layer.name))
        self.tensors[end.tensor] = Tensor(len(self.calls) - 1)
        self.inputs.append(end)
        shape = (layer.config.get("batch_size"), *layer.config["shape"])
        self.given[end.tensor] = TensorFacts(shape, layer.config["dtype"])

    def _open_at(self, number: int, call: Call, layer: LayerPlan) -> None:
        """Make results of what a stub takes, and inputs of what it returns."""
        which = self.count.get(layer.name, 0)
        self.count[layer.name] = which + 1
        for place, tensor in enumerate(call.inputs):
            self.outputs.append(End(tensor, layer.name, which, place))
        assert layer.missing is not None
        for output in range(results_of(self.whole, number)):
            tensor = Tensor(number, output)
            told = layer.missing.results[output : output + 1]
            of_told = layer.missing.dtypes[output : output + 1]
            shape = told[0] if told else None
            dtype = of_told[0] if of_told else "float32"
            if shape is None:
                shape, dtype = self._told_by_readers(tensor, layer.name)
            if shape is None:
                continue
            name = f"{layer.name}_{which}_{output}"
            while name in self.whole.layers or name in self.layers:
                name += "_"
            config = {"shape": list(shape[1:]), "dtype": dtype}
            end = End(tensor, layer.name, which, output)
            self._add_input(end, LayerPlan(name, INPUT, config))

    def _told_by_readers(self, tensor: Tensor, stub: str) -> tuple[Shape | None, str]:
        """The shape of what a stub returns, and its dtype, as what reads it has it."""
        loose: Shape | None = None
        for number in self.whole.readers_of(tensor):
            call = self.whole.calls[number]
            layer = self.whole.layers[call.layer]
            dtype = "int32" if layer.keras == "Embedding" else "float32"
            if call.inputs[0] != tensor or layer.keras == STUB:
                continue
            if layer.name in self.built and len(call.inputs) == 1:
                return self.built[layer.name], dtype
            arrays = self.weights.get(layer.name, {})
            shape = shape_read_by(layer, arrays) if arrays else None
            if shape is None:
                continue
            if layer.keras != "Dense":
                return (None, *shape), dtype
            loose = (None, *shape)
        if loose is not None:
            self.loose.add(tensor)
            self.notes.append(
                f"{stub}: how many axes its result has is not told, only that the last "
                f"one has {loose[-1]}; what follows it takes any, and was compared on "
                f"(batch, {loose[-1]})"
            )
        return loose, "float32"

    def result(self) -> Opened:
        """The model, opened."""
        for place, tensor in enumerate(tensors_in(self.whole.outputs)):
            self.outputs.append(End(tensor, "", 0, place))
        own = {end.tensor for end in self.inputs}
        seen: set[Tensor] = set()
        outputs = []
        for end in self.outputs:
            if end.tensor in self.tensors and end.tensor not in own | seen:
                outputs.append(end)
                seen.add(end.tensor)
        if not outputs:
            names = ", ".join(stubs_of(self.whole))
            raise BadInput(
                f"{self.whole.name}: expected something beside the stubs that can be "
                f"compared, got none that its shapes are told of; write {names} in "
                "Keras's own layers first"
            )
        plan = ModelPlan(
            self.whole.name,
            self.layers,
            tuple(self.calls),
            [self.tensors[end.tensor] for end in self.inputs],
            [self.tensors[end.tensor] for end in outputs],
        )
        inputs = [end for end in self.inputs if self._is_needed(plan, end)]
        needed = {end.tensor for end in inputs}
        layers = dict(plan.layers)
        calls: list[Call] = []
        places: dict[int, int] = {}
        dropped = {
            self.tensors[end.tensor].call
            for end in self.inputs
            if end.tensor not in needed
        }
        for number, call in enumerate(plan.calls):
            if number in dropped:
                del layers[call.layer]
                continue
            places[number] = len(calls)
            calls.append(call)

        def moved(tensor: Tensor) -> Tensor:
            return Tensor(places[tensor.call], tensor.output)

        ends = [moved(self.tensors[end.tensor]) for end in inputs]
        plan = ModelPlan(
            plan.name,
            layers,
            tuple(
                Call(
                    call.layer,
                    with_tensors(call.args, moved),
                    with_tensors(dict(call.kwargs), moved),
                )
                for call in calls
            ),
            ends[0] if len(ends) == 1 else ends,
            with_tensors(plan.outputs, moved),
        )
        tensors = {
            tensor: moved(place)
            for tensor, place in self.tensors.items()
            if place.call in places
        }
        return Opened(
            self.whole,
            plan,
            tuple(inputs),
            tuple(outputs),
            tuple(self.notes),
            tensors,
            self.given,
            frozenset(self.loose),
        )

    def _is_needed(self, plan: ModelPlan, end: End) -> bool:
        """Whether a call of the opened model takes an input."""
        if self.whole_inputs and not end.stub:
            return True
        tensor = self.tensors[end.tensor]
        return bool(plan.readers_of(tensor)) or tensor in plan.outputs
