"""A PyTorch module read as a model in Keras's words, from what it does when it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compare.errors import BadInput
from compare.in_pytorch.kinds import is_by_hand, is_own, kind_of
from compare.in_pytorch.recorded import Recording, Ref
from compare.in_pytorch.runs import BATCH, Input, Runs, prepared
from compare.in_pytorch.unifying import Unlike
from compare.kinds.graph import (
    Call,
    LayerPlan,
    ModelPlan,
    Tensor,
    Weights,
    with_tensors,
)
from compare.kinds.graph import tensors_in as tensors_of
from compare.porting.reading.size_branches import numbered, unified_beyond
from compare.porting.reading.traced import (
    assigning,
    attention,
    by_hand,
    cells,
    convolutions,
    distances,
    elementwise,
    functional,
    indexing,
    joining,
    norms,
    packing,
    plain_layers,
    recurrent,
    reductions,
    shapes,
    sorting,
    windows,
)
from compare.porting.reading.traced.by_hand import ByHand, Seen, recognised
from compare.porting.reading.traced.constants import value_of
from compare.porting.reading.traced.loops import rolled
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.stub import Stub
from compare.porting.reading.traced.values import Constant, PackedResult, Unported

FUNCTIONS: dict[str, Handler] = {
    **elementwise.FUNCTIONS,
    **reductions.FUNCTIONS,
    **shapes.FUNCTIONS,
    **joining.FUNCTIONS,
    **indexing.FUNCTIONS,
    **windows.FUNCTIONS,
    **convolutions.FUNCTIONS,
    **functional.FUNCTIONS,
    **packing.FUNCTIONS,
    **cells.FUNCTIONS,
    **attention.FUNCTIONS,
    **assigning.FUNCTIONS,
    **sorting.FUNCTIONS,
    **distances.FUNCTIONS,
}
LAYERS: dict[str, Handler] = {
    **plain_layers.LAYERS,
    **convolutions.LAYERS,
    **norms.LAYERS,
    **windows.LAYERS,
    **recurrent.LAYERS,
    **cells.LAYERS,
    **by_hand.LAYERS,
    **attention.LAYERS,
}


@dataclass(frozen=True)
class Traced:
    """What was read of a module.

    Args:
        plan: in Keras's words; what Keras cannot have is a layer of the class "Stub".
        weights: of its layers, by Keras's names.
        notes: what a reader of the twin must know.
        stubs: what Keras cannot have.
        inputs: what the module takes, by the names of its arguments.
        sizes: to prove the twin at beside the usual ones, each with its axis.
    """

    plan: ModelPlan
    weights: Weights
    notes: tuple[str, ...]
    stubs: tuple[Stub, ...]
    inputs: tuple[Input, ...]
    sizes: tuple[tuple[str, int], ...] = ()

    def check(self) -> None:
        """Refuse what has stubs.

        Raises:
            BadInput: with all of them, by module and line.
        """
        if not self.stubs:
            return
        reasons = dict.fromkeys(f"{s.place}: {s.sentence}" for s in self.stubs)
        count = "an operation that is not written"
        if len(self.stubs) > 1:
            count = f"{len(self.stubs)} operations that are not written"
        raise BadInput(
            f"{self.plan.name}: expected what Keras can have, got {count}: "
            f"{'; '.join(reasons)}; write {'it' if len(self.stubs) == 1 else 'them'} "
            "in layers that Keras has, or --stub writes the rest"
        )

    def check_stubs(self) -> None:
        """Refuse stubs in whose place no class can stand.

        Raises:
            BadInput: with all of them, by module and line.
        """
        problems = [f"{s.place}: {s.problem}" for s in self.stubs if s.problem]
        if problems:
            raise BadInput(
                f"{self.plan.name}: expected stubs that a class can stand for, got "
                f"{'; '.join(problems)}; put each into a module of its own"
            )


def module_plan(
    module: Any, inputs: Sequence[Input] = (), stub: bool = False
) -> Traced:
    """Read a module as a model in Keras's words.

    It runs a few times, with other sizes where they are open: what it does is followed
    tensor by tensor, and numbers that change with a size are taken for it.

    Args:
        module: with its weights, of PyTorch or of the user's own.
        inputs: what it takes; none where its first layer tells.
        stub: whether to leave a module inside whole for the user to write, where it
            has no layers of its own and Keras cannot have a part of it.

    Raises:
        BadInput: if it cannot be run, or does something else at other sizes.
    """
    model = prepared(module)
    name = type(module).__name__
    leaves = [path for path, part in model.named_modules() if _is_leaf(part)]
    runs = Runs(model, leaves, name, inputs)
    own = _by_hand(model, runs)
    if own:
        leaves = [path for path in leaves if not _is_in(path, own)] + list(own)
        runs = Runs(model, leaves, name, runs.inputs)
    traced = _traced(model, name, runs, leaves, own, {})
    reasons = _whole_modules(model, traced) if stub else {}
    if not reasons:
        return traced
    leaves += reasons
    runs = Runs(model, leaves, name, runs.inputs)
    return _traced(model, name, runs, leaves, own, reasons)


def _whole_modules(model: Any, traced: Traced) -> dict[str, str]:
    """The modules that are stubs as a whole, with why they are not written."""
    reasons: dict[str, dict[str, None]] = {}  # in order, each once
    for stub in traced.stubs:
        path = stub.module
        if not path or stub.site.function == "module":
            continue
        if not any(model.get_submodule(path).children()):
            reasons.setdefault(path, {})[stub.sentence] = None
    return {path: "; ".join(sentences) for path, sentences in reasons.items()}


def _traced(
    model: Any,
    name: str,
    runs: Runs,
    leaves: Sequence[str],
    own: Mapping[str, ByHand],
    reasons: Mapping[str, str],
) -> Traced:
    """Read a module of its runs.

    Args:
        model: prepared.
        name: of the module.
        runs: of the model.
        leaves: names of layers that were taken as they are.
        own: the recurrent layers by hand among them.
        reasons: why others of them are not written, which are the user's own.
    """
    try:
        kinds = {
            path: kind_of(model.get_submodule(path)).split("(")[0] for path in leaves
        }
        kinds |= {path: layer.word for path, layer in own.items()}
        one = unified_beyond(name, runs, lambda one_run: rolled(one_run, kinds))
    except Unlike as error:
        raise BadInput(
            f"{name}: expected a forward that does the same at any size, got another "
            f"one for other sizes at {error.place or 'its begin'}; give all sizes but "
            f"the batch as numbers, such as {numbered(runs.inputs)}, or put what a "
            "loop does in a step into a module of its own"
        ) from None
    trainable = frozenset(path for path, _ in model.named_parameters())
    recording = one.recording
    reader = Reader(
        recording,
        model.get_submodule,
        one.count,
        value_of,
        trainable=trainable,
        by_hand=own,
        reasons=reasons,
        time_first=_time_first(runs.inputs),
    )
    reader.read(FUNCTIONS, LAYERS)
    outputs = _outputs(reader, name)
    given = [reader.known[ref] for ref in recording.inputs]
    tensors = [value.tensor for value in given]  # type: ignore[union-attr]
    structure = tensors[0] if len(tensors) == 1 else tensors
    plan = ModelPlan(
        _snake(name),
        reader.graph.layers,
        tuple(reader.graph.calls),
        structure,
        outputs,
    )
    _note_asked(reader, recording)
    for sentence in one.notes:
        reader.graph.note(sentence)
    if reader.time_first:
        reader.graph.note(
            f"{', '.join(sorted(reader.time_first))}: time first, as the module takes "
            "it; fit and predict of Keras take the first axis for the batch, so call "
            "the model itself, or exchange the two axes before"
        )
    plan = pruned(plan)
    weights = {
        key: arrays
        for key, arrays in reader.graph.weights.items()
        if key in plan.layers
    }
    return Traced(
        plan,
        weights,
        tuple(reader.graph.notes),
        tuple(stub for stub in reader.stubs if stub.name in plan.layers),
        runs.inputs,
        one.sizes,
    )


def _time_first(inputs: Sequence[Input]) -> frozenset[str]:
    """The names of the inputs that have the time before the batch."""
    names = set()
    for given in inputs:
        if given.shape[1:2] == (BATCH,) and isinstance(given.shape[0], str):
            names.add(given.name)
    return frozenset(names)


def _by_hand(model: Any, runs: Runs) -> dict[str, ByHand]:
    """Recurrent layers and cells that the module's author wrote, by name."""
    paths = []
    for path, part in model.named_modules():
        if path and is_own(part) and list(part.parameters()):
            paths.append(path)
    own: dict[str, ByHand] = {}
    if not paths:
        return own
    for path, (args, results) in runs.seen(paths).items():
        if not _is_in(path, own):
            layer = recognised(model.get_submodule(path), Seen(args, results))
            if layer is not None:
                own[path] = layer
    return own


def _is_in(path: str, paths: Any) -> bool:
    """Whether a module is in one of these."""
    return any(path.startswith(f"{outer}.") for outer in paths)


def _is_leaf(part: Any) -> bool:
    """Whether a module is a layer that is taken as it is."""
    if is_own(part) or is_by_hand(part):
        return False
    return kind_of(part).split("(")[0] in LAYERS


def _note_asked(reader: Reader, recording: Recording) -> None:
    if recording.asked:
        places = "; ".join(recording.asked[:3])
        reader.graph.note(
            f"forward reads numbers that depend on its inputs ({places}); the twin "
            "always goes the way that it went here"
        )


def _outputs(reader: Reader, name: str) -> Any:
    """What the module returns, as Keras's model returns it."""

    def found(value: Any) -> Any:
        if isinstance(value, Ref):
            known = reader.get(value)
            if isinstance(known, Constant | PackedResult):
                raise Unported("a result that is a constant, or packed")
            return reader.graph.plain(reader.tensor(value)).tensor
        if isinstance(value, dict):
            return {key: found(item) for key, item in value.items() if _counts(item)}
        if isinstance(value, list | tuple):
            items = [found(item) for item in value if _counts(item)]
            if len(items) < len(value):
                reader.graph.note("results that are None are left out")
            return items
        raise Unported(f"a result that is no tensor: {value!r}")

    try:
        return found(reader.recording.output)
    except Unported as error:
        raise BadInput(
            f"{name}: expected results that Keras's model can return, got {error}"
        ) from None


def _counts(item: Any) -> bool:
    return item is not None


def pruned(plan: ModelPlan) -> ModelPlan:
    """A plan without the calls that no result needs, and their layers."""
    needed = {tensor.call for tensor in tensors_of(plan.outputs)}
    needed |= {tensor.call for tensor in tensors_of(plan.inputs)}
    for number in reversed(range(len(plan.calls))):
        if number in needed:
            needed |= {tensor.call for tensor in plan.calls[number].inputs}
    places = {number: place for place, number in enumerate(sorted(needed))}

    def moved(tensor: Tensor) -> Tensor:
        return Tensor(places[tensor.call], tensor.output)

    calls = []
    for number in sorted(needed):
        call = plan.calls[number]
        args = with_tensors(call.args, moved)
        calls.append(Call(call.layer, args, with_tensors(dict(call.kwargs), moved)))
    used = {call.layer for call in calls}
    layers: dict[str, LayerPlan] = {
        name: layer for name, layer in plan.layers.items() if name in used
    }
    return ModelPlan(
        plan.name,
        layers,
        tuple(calls),
        with_tensors(plan.inputs, moved),
        with_tensors(plan.outputs, moved),
    )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
