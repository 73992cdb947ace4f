"""The source of a module's twin with all that is compared with it, stubs or not."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compare.errors import BadInput
from compare.in_keras import opened_twins, saved
from compare.in_keras.legal_names import legal_names
from compare.in_keras.placed_weights import place
from compare.in_keras.rebuilding import Rebuilt, rebuilt
from compare.in_pytorch.opened_modules import OpenedModule
from compare.in_pytorch.opened_ports import Place
from compare.in_pytorch.recorded import Site
from compare.in_pytorch.runs import WHOLE
from compare.kinds.graph import ModelPlan, Tensor, tensors_in, with_tensors
from compare.one_line import message_of
from compare.porting import inputs, running
from compare.porting.back_wishes import WEIGHTS
from compare.porting.open_sizes import with_words
from compare.porting.opening import End, Opened, opened
from compare.porting.reading.modules import Traced
from compare.porting.short_numbers import same_bits, with_short_numbers
from compare.porting.stubs import results_of
from compare.porting.wishes import MODEL
from compare.porting.writing.keras_source import keras_source
from compare.porting.writing.lines import literal

MAKER = "make_model"
Run = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class WrittenBack:
    """A twin that is written and runs.

    Args:
        source: of the twin.
        weights: of the twin, as `.weights.h5` holds them.
        module: what is compared, in PyTorch.
        twin: what is compared, in Keras.
        runs: inputs of each run of the two.
        stubs: where both are opened at stubs; None without any.
        plan: that the source is of.
        has_batch: whether all that goes in is of any batch.
        shown: the source with short numbers; "" where there is none.
        has_lengths: whether one input says how many steps of each sequence count.
    """

    source: str
    weights: bytes
    module: Any
    twin: Any
    runs: Sequence[Run]
    stubs: Opened | None
    plan: ModelPlan
    has_batch: bool = True
    shown: str = ""
    has_lengths: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether shorter sequences may be cut out of the inputs.

        What a stub returns may have another length, and lengths are of whole sequences.
        """
        return self.stubs is None and not self.has_lengths

    def text(self) -> str:
        """The source for the user, with short numbers if they compute the same."""
        if self.shown in ("", self.source):
            return self.source
        given = self.runs[0]
        other = _made(self.shown, self.weights)
        results = [saved.results(model, given) for model in (self.twin, other)]
        return self.shown if same_bits(*results) else self.source

    @property
    def stub_names(self) -> tuple[str, ...]:
        """The layers that are stubs."""
        return () if self.stubs is None else self.stubs.stubs

    @property
    def compared(self) -> list[str]:
        """What is compared, in words, where there are stubs."""
        if self.stubs is None:
            return []
        return [end.words() for end in self.stubs.outputs]

    @property
    def names(self) -> tuple[list[str], list[str]] | None:
        """What an example calls inputs and results, where there are stubs."""
        if self.stubs is None:
            return None
        given = [self._name(end, "given", "input") for end in self.stubs.inputs]
        return given, [self._name(e, "taken", "result") for e in self.stubs.outputs]

    def _name(self, end: End, of_stub: str, of_port: str) -> str:
        if end.stub:
            return f"{of_stub}/{self._live[end.stub]}/{end.call}/{end.place}"
        if of_port == "input":
            return f"{of_port}/{end.place}"
        return f"{of_port}/{_places_of_results(self.plan)[end.place]}"

    @property
    def _live(self) -> Mapping[str, str]:
        return legal_names(self.plan.layers)

    @property
    def script(self) -> str:
        """The template of the script that runs an example."""
        return (
            "check_keras.py.txt" if self.stubs is None else "check_keras_stubs.py.txt"
        )

    @property
    def words(self) -> dict[str, str]:
        """What is replaced in the script."""
        counts = {}
        for number, call in enumerate(self.plan.calls):
            if call.layer in self.stub_names:
                counts[self._live[call.layer]] = results_of(self.plan, number)
        return {"STUBS_OF_PORT": str(literal(counts))}


def written_back(traced: Traced, module: Any, seed: int) -> WrittenBack:
    """Write the twin of a module, and make what is compared.

    Args:
        traced: of the module.
        module: with its weights.
        seed: of inputs.

    Raises:
        BadInput: if Keras cannot make a layer; with stubs, if nothing beside them can
            be compared.
    """
    if traced.stubs:
        return _with_stubs(traced, module, seed)
    original = rebuilt(traced.plan, traced.weights)
    facts, models = with_words(original)
    source = keras_source(traced.plan, facts, models, MAKER)
    shown = keras_source(with_short_numbers(traced.plan), facts, models, MAKER)
    weights = _saved(original.model)
    twin = _made(source, weights)
    usual = inputs.sizes_of(traced.plan, original.facts)
    sizes = inputs.sizes_beyond(usual, traced.sizes)
    lengths = _lengths(traced)
    runs = []
    for size in sizes:
        arrays = inputs.drawn(traced.plan, original.facts, seed, size)
        runs.append(_with_lengths(arrays, lengths))
    return WrittenBack(
        source,
        weights,
        module,
        twin,
        runs,
        None,
        traced.plan,
        shown=shown,
        has_lengths=bool(lengths),
    )


def _lengths(traced: Traced) -> list[int]:
    """The places of the inputs that say how many steps of each sequence count."""
    places = []
    for number, given in enumerate(traced.inputs):
        is_vector = given.dtype == WHOLE and len(given.shape) == 1
        if is_vector and "len" in given.name.lower():
            places.append(number)
    return places


def _with_lengths(arrays: Sequence[np.ndarray], places: Sequence[int]) -> Run:
    """Inputs in which each sequence has a length, one of them all its steps."""
    longest = max((array.shape[1] for array in arrays if array.ndim > 1), default=1)
    changed = list(arrays)
    for number in places:
        samples = np.arange(len(arrays[number]))
        changed[number] = longest - samples * 3 % longest
    return tuple(changed)


def _with_stubs(traced: Traced, module: Any, seed: int) -> WrittenBack:
    """Write a twin with stubs; see `written_back`."""
    traced.check_stubs()
    plan = traced.plan
    opening = opened(plan, traced.weights, {}, whole_inputs=True)
    original = rebuilt(opening.plan, traced.weights)
    of_opened, models = with_words(original)
    source = keras_source(plan, opening.facts(of_opened), models, MAKER, traced.weights)
    twin = _made(source)
    live = legal_names(plan.layers)
    for name, arrays in traced.weights.items():
        place(name, twin.get_layer(live[name]), arrays)
    weights = _saved(twin)
    twin = _made(source, weights)
    sites: dict[str, list[Site]] = {}
    for stub in traced.stubs:
        sites.setdefault(stub.name, []).append(stub.site)
    opened_module = OpenedModule(
        module,
        sites,
        [Place(end.stub, end.call, end.place) for end in opening.inputs],
        [Place(end.stub, end.call, end.place) for end in opening.outputs],
    )
    runs = _runs(traced, opening, original, opened_module, seed)
    fixed = _of_one_batch(opening, runs)
    if fixed:
        runs = runs[:1]
    keras_places = _places_of_results(plan)
    opened_twin = opened_twins.opened_twin(
        twin,
        [_keras_end(end, live, {}) for end in opening.inputs],
        [_keras_end(end, live, keras_places) for end in opening.outputs],
        {_keras_end(opening.inputs[n], live, {}): runs[0][n].shape for n in fixed},
    )
    return WrittenBack(
        source, weights, opened_module, opened_twin, runs, opening, plan, not fixed
    )


def _keras_end(
    end: End, live: Mapping[str, str], places: Mapping[int, int]
) -> opened_twins.End:
    """An end of a twin, by the names and the order that Keras has."""
    if end.stub:
        return live[end.stub], end.call, end.place
    return "", 0, places.get(end.place, end.place)


def _places_of_results(plan: ModelPlan) -> dict[int, int]:
    """Where Keras has each result of a model."""
    numbers = iter(range(len([*tensors_in(plan.outputs)])))

    def number(_: Tensor) -> int:
        return next(numbers)

    numbered = with_tensors(plan.outputs, number)
    return dict(enumerate(opened_twins.places_of_results(numbered)))


def _runs(
    traced: Traced,
    opening: Opened,
    original: Rebuilt,
    module: OpenedModule,
    seed: int,
) -> list[Run]:
    """Inputs of each run: what stubs return is what the module makes there itself.

    Raises:
        BadInput: if the module does not take what was drawn for it.
    """
    runs: list[Run] = []
    lengths = _lengths(traced)
    usual = inputs.sizes_of(opening.plan, original.facts)
    for number, size in enumerate(inputs.sizes_beyond(usual, traced.sizes)):
        drawn = inputs.drawn(opening.plan, original.facts, seed, size)
        arrays = [*_with_lengths(drawn, lengths)]
        own = {
            end.place: array
            for end, array in zip(opening.inputs, arrays, strict=True)
            if not end.stub
        }
        try:
            returned = module.returned([own[place] for place in sorted(own)])
        except Exception as error:  # of the user's code
            if number:
                continue
            raise BadInput(
                f"{opening.whole.name}: expected a forward that takes inputs of "
                f"{_shapes(own.values())}, got {message_of(error)}; give its sizes, "
                "such as --input batch,50,8"
            ) from None
        for index, end in enumerate(opening.inputs):
            if end.stub:
                arrays[index] = returned[Place(end.stub, end.call, end.place)]
        runs.append(tuple(arrays))
    return runs


def _of_one_batch(opening: Opened, runs: Sequence[Run]) -> list[int]:
    """The numbers of the inputs whose first axis is not the batch."""
    samples = [inputs.SAMPLES] * len(runs)
    for index, end in enumerate(opening.inputs):
        if not end.stub:
            samples = [len(run[index]) for run in runs]
    numbers = []
    for index, end in enumerate(opening.inputs):
        is_open = opening.given[end.tensor].shape[0] is None
        firsts = [len(run[index]) for run in runs]
        if end.stub and (not is_open or firsts != samples):
            numbers.append(index)
    return numbers


def _shapes(arrays: Any) -> str:
    return " and ".join(str(array.shape) for array in arrays)


def _made(source: str, weights: bytes = b"") -> Any:
    """The twin, with its weights where they are given."""
    twin = getattr(running.module_of(source, MODEL), MAKER)()
    if weights:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / WEIGHTS
            path.write_bytes(weights)
            twin.load_weights(path)
    return twin


def _saved(model: Any) -> bytes:
    """The weights of a Keras model, as a `.weights.h5` holds them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / WEIGHTS
        model.save_weights(path)
        return path.read_bytes()
