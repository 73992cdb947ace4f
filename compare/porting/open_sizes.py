"""Words for the sizes that a model leaves open: `time // 2` after a pool.

No layer is asked what it does to a size. The model is called on symbols of several
sizes, where nothing is computed, and a size is written as what it was in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from compare.errors import BadInput
from compare.kinds.graph import (
    BATCH,
    TIME_FIRST,
    UNTOLD,
    ModelPlan,
    TensorFacts,
    names_of_axes,
    tensors_in,
)
from compare.kinds.names import identifier
from compare.kinds.recurrent_cells import CONV_LSTMS
from compare.porting.size_texts import BATCHES, FACTOR, Ambiguous, SizeTexts

if TYPE_CHECKING:
    from compare.in_keras.rebuilding import Rebuilt

Facts = Sequence[tuple[TensorFacts, ...]]
# Facts of a model's calls at inputs of these shapes; BadInput where it refuses them.
Probe = Callable[[Sequence[Sequence[int]]], Facts]
Sizes = Mapping[str, int]  # of each open size, by its word

# Of sizes around a multiple of 64: they tell a size rounded up from one rounded down,
# for all strides that halve. A model whose parts must meet again, such as a U-net,
# takes multiples alone.
AROUND = (0, -1, 1, 0)
ALIGNED = (0, 0, 0, 0)
MULTIPLES = (3, 5, 2, 7, 4, 11, 6, 13)
MOST_PROBES = 12


def with_words(original: Rebuilt) -> tuple[Facts, Mapping[str, Facts]]:
    """The facts of a model, and of the models in it, with words for open sizes.

    Args:
        original: the model, alive.
    """
    graphs = original.graph.all_inside()
    models = {
        name: _Namer(graphs[name].plan, facts, graphs[name].at).facts_with_words()
        for name, facts in original.models.items()
    }
    graph = original.graph
    return _Namer(graph.plan, original.facts, graph.at).facts_with_words(), models


@dataclass(frozen=True)
class _Probed:
    """What a model made of inputs of some sizes."""

    sizes: Sizes
    facts: Facts


class _Namer:
    """Finds words for the open sizes of one model.

    Args:
        plan: of the model.
        facts: of its calls, without words.
        at: the facts at other sizes.
    """

    def __init__(self, plan: ModelPlan, facts: Facts, at: Callable[..., Facts]) -> None:
        self.plan, self.facts, self.at = plan, facts, at
        self.tensors = list(dict.fromkeys(tensors_in(plan.inputs)))
        self.probed: list[_Probed] = []

    def facts_with_words(self) -> Facts:
        """The facts, each with its words."""
        if not any(None in fact.shape for of_call in self.facts for fact in of_call):
            return self.facts
        words = self._words_of_inputs()
        texts = SizeTexts([probed.sizes for probed in self.probed])
        named: list[tuple[TensorFacts, ...]] = []
        inputs = {
            tensor.call: word for tensor, word in zip(self.tensors, words, strict=True)
        }
        for number, of_call in enumerate(self.facts):
            if number in inputs:
                named.append((replace(of_call[0], words=inputs[number]),))
                continue
            named.append(
                tuple(
                    replace(fact, words=self._words(texts, number, output))
                    for output, fact in enumerate(of_call)
                )
            )
        return named

    def _words(self, texts: SizeTexts, number: int, output: int) -> tuple[str, ...]:
        """The words of the open axes of a tensor, "" of the others."""
        shape = self.facts[number][output].shape
        words = []
        for axis, size in enumerate(shape):
            if size is not None:
                words.append("")
                continue
            word = texts.text(self._values(number, output, axis))
            words.append(BATCH if axis == 0 and word == UNTOLD else word)
        return tuple(words)

    def _values(self, number: int, output: int, axis: int) -> tuple[int | None, ...]:
        """What one size of a tensor was in each probe."""
        values = []
        for probed in self.probed:
            shape = probed.facts[number][output].shape
            values.append(shape[axis] if axis < len(shape) else None)
        return tuple(values)

    # -------------------------------------------------------------------- the inputs

    def _words_of_inputs(self) -> list[tuple[str, ...]]:
        """Words for the open sizes of all inputs, and probes of the model with them.

        Sizes of two inputs have one word if the model refuses unlike ones.
        """
        plain = [self._plain_words(tensor.call) for tensor in self.tensors]
        counted = [word for words in plain for word in {*words} - {"", BATCH}]
        apart = [
            self._own_words(number, words, counted)
            for number, words in enumerate(plain)
        ]
        if self._probe(apart):
            return apart
        if apart != plain:
            free = [self._is_free(number, plain) for number in range(len(plain))]
            mixed = [
                apart[number] if free[number] else plain[number]
                for number in range(len(plain))
            ]
            if self._probe(mixed):
                return mixed
            if self._probe(plain):
                return plain
        return plain

    def _plain_words(self, number: int) -> tuple[str, ...]:
        """The usual words for the open axes of an input."""
        shape = self.facts[number][0].shape
        films = _axes_of_films(self.plan, self.facts)
        names = names_of_axes(shape, len(shape) in films)
        layer = self.plan.layers[self.plan.calls[number].layer]
        if layer.config.get(TIME_FIRST) and len(names) > 1:
            names[:2] = ["time", BATCH]
        pairs = zip(names, shape, strict=True)
        return tuple(name if size is None else "" for name, size in pairs)

    def _own_words(
        self, number: int, words: Sequence[str], counted: Sequence[str]
    ) -> tuple[str, ...]:
        """The same, with the input's name where another one has the word too."""
        name = identifier(self.plan.plan_of(self.tensors[number]).name)
        return tuple(
            f"{name}_{word}" if counted.count(word) > 1 else word for word in words
        )

    def _is_free(self, number: int, plain: Sequence[tuple[str, ...]]) -> bool:
        """Whether an input may be of other sizes than all the others."""
        words = list(plain)
        words[number] = tuple(
            f"own {word}" if word not in ("", BATCH) else word for word in plain[number]
        )
        return any(
            self._facts_at(words, self._sizes(words, 0, shifts)) is not None
            for shifts in (AROUND, ALIGNED)
        )

    # -------------------------------------------------------------------- the probes

    def _probe(self, words: Sequence[tuple[str, ...]]) -> bool:
        """Call the model at several sizes; return whether it took any."""
        self.probed = []
        for shifts in (AROUND, ALIGNED):
            for number in range(len(shifts)):
                self._try(words, self._sizes(words, number, shifts))
            if len(self.probed) >= len(shifts):
                break
        if self.probed and any(
            size % FACTOR for probed in self.probed for size in probed.sizes.values()
        ):
            self._refine(words)
        return bool(self.probed)

    def _try(self, words: Sequence[tuple[str, ...]], sizes: Sizes) -> bool:
        facts = self._facts_at(words, sizes)
        if facts is None:
            return False
        self.probed.append(_Probed(sizes, facts))
        return True

    def _facts_at(self, words: Sequence[tuple[str, ...]], sizes: Sizes) -> Facts | None:
        """What the model makes of inputs of these sizes; None if it refuses them."""
        shapes = []
        for tensor, own in zip(self.tensors, words, strict=True):
            shape = self.facts[tensor.call][0].shape
            shapes.append(
                [
                    sizes[word] if size is None else size
                    for size, word in zip(shape, own, strict=True)
                ]
            )
        try:
            facts = self.at(self.facts, shapes)
        except BadInput:
            return None
        return None if _is_torn(self.plan, facts) else facts

    def _sizes(
        self, words: Sequence[tuple[str, ...]], number: int, shifts: Sequence[int]
    ) -> Sizes:
        """A size for each word: no two of them alike, nor in step with each other."""
        sizes = {}
        for word in dict.fromkeys(word for own in words for word in own if word):
            if word == BATCH:
                sizes[word] = BATCHES[number % len(BATCHES)]
                continue
            place = (number + 3 * len(sizes)) % len(MULTIPLES)
            further = (number + 3 * len(sizes)) // len(MULTIPLES)
            multiple = MULTIPLES[place] + 15 * further
            sizes[word] = FACTOR * multiple + shifts[number]
        return sizes

    def _refine(self, words: Sequence[tuple[str, ...]]) -> None:
        """Probe more sizes where two ways of rounding fit those that were probed."""
        while len(self.probed) < MOST_PROBES:
            texts = SizeTexts([probed.sizes for probed in self.probed])
            telling = self._telling(texts)
            if not telling:
                return
            sizes = dict(self.probed[-1].sizes)
            sizes |= telling
            if not self._try(words, sizes):
                return

    def _telling(self, texts: SizeTexts) -> dict[str, int]:
        """For each word a size that tells two ways of rounding apart."""
        telling: dict[str, Ambiguous] = {}
        for number, of_call in enumerate(self.facts):
            for output, fact in enumerate(of_call):
                for axis, size in enumerate(fact.shape):
                    if size is not None:
                        continue
                    found = texts.ambiguous(self._values(number, output, axis))
                    if found is None:
                        continue
                    before = telling.get(found.word)
                    if before is None or found.stride > before.stride:
                        telling[found.word] = found
        return {word: found.telling_size for word, found in telling.items()}


def _is_torn(plan: ModelPlan, facts: Facts) -> bool:
    """Whether tensors that are joined do not fit; Keras sees that at work alone."""
    for call in plan.calls:
        layer = plan.layers[call.layer]
        if layer.keras not in ("Concatenate", "ops.concatenate"):
            continue
        shapes = [facts[tensor.call][tensor.output].shape for tensor in call.inputs]
        axis = layer.config.get("axis", call.kwargs.get("axis", -1))
        if len(call.args) > 1:
            axis = call.args[1]
        if len({*map(len, shapes)}) != 1 or not isinstance(axis, int):
            continue
        axis %= len(shapes[0])
        others = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
        if len(others) > 1:
            return True
    return False


def _axes_of_films(plan: ModelPlan, facts: Facts) -> set[int]:
    """How many axes tensors have that are films for the layers of a model."""
    films = set()
    for call in plan.calls:
        layer, wrappers = plan.layers[call.layer], 0
        while layer.keras == "TimeDistributed":
            (layer,) = layer.inside
            wrappers += 1
        for inner in (layer, *layer.inside):
            for images, keras in enumerate(CONV_LSTMS, 1):
                if inner.keras in (keras, f"{keras}Cell"):
                    films.add(images + 3)
        if wrappers and call.inputs:
            first = call.inputs[0]
            films.add(len(facts[first.call][first.output].shape))
    return films - {1, 2, 3}
