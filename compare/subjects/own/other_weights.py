"""Models that differ in their weights alone, and these in no known way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compare.diagnosing.conclusion import deciding_stage
from compare.judging.explanation import Explanation
from compare.judging.result import SAME, Result
from compare.listing import bounded
from compare.mistakes.arrangements.orders import ROUNDED
from compare.subjects.own import notes
from compare.subjects.own.judged import Judged
from compare.subjects.own.weights import AS_IS, in_keras_layout

# PyTorch comes first.
from compare.twins.frameworks import FRAMEWORKS, LAYERS
from compare.twins.twins import Twins

CARRY = (
    "carry the weights over once more, compare.transfer(torch_model, keras_model) or "
    "the other way round"
)
NEARBY = 0.25  # of the largest number: what little training may change


@dataclass(frozen=True)
class Unlike:
    """An array that is another one on either side.

    Args:
        layer: PyTorch's name of the layer that holds it.
        name: Keras's name of the array.
        share: the largest difference, as a part of the largest number.
    """

    layer: str
    name: str
    share: float

    def __str__(self) -> str:
        return f"{self.layer}.{self.name} by {self.share:.2g} of its largest number"


def of_results(judged: Judged) -> list[Result]:
    """The results, those of weights as they are explained by these where they are all.

    A model that was trained on one side alone has weights of no known order.
    """
    results = list(judged.results)
    if not notes.are_weights_alone(results) or judged.twins.only32:
        return results
    for number, result in enumerate(results):
        explanation = result.explanation
        if result.direction == AS_IS and explanation and not explanation.explained:
            twins = judged.built_again(AS_IS)
            if twins is None:
                return results
            explanation = explained(twins, judged.pair.arrays, explanation)
            results[number] = replace(result, explanation=explanation)
    return results


def explained(
    twins: Twins, arrays: Sequence[np.ndarray], before: Explanation
) -> Explanation:
    """Explain by the weights what they alone make differ.

    Args:
        twins: with their own weights; get PyTorch's on both sides.
        arrays: one for each input, on which they differ.
        before: explains the difference in part, or not at all.

    Returns:
        What was given, where the twins are not the same with PyTorch's weights.
    """
    unlike = _unlike(twins)
    if not unlike:
        return before
    for precision in twins.precisions:
        twins.transfer("to_keras", precision)
    after = twins.compare(*arrays)
    if after.verdict != SAME:
        return before
    last = deciding_stage(after)
    sentences, fixes = [], []
    if before.part:
        sentences, fixes = [before.part], [before.fix]
    # What is known of a layer is told already.
    names = LAYERS["keras"].own_names(twins.model("keras", "float32"))
    unlike = [
        array
        for array in unlike
        if not _are_told([array.layer, *names.get(array.layer, ())], before.part)
    ]
    if unlike:
        layers = bounded(dict.fromkeys(array.layer for array in unlike))
        sentences.append(
            f"in {layers}, PyTorch and Keras have other weights, in no known order: "
            f"they differ in {bounded(map(str, unlike))}; {_origin(unlike)}"
        )
        fixes.append(CARRY)
    return replace(
        before,
        explained=True,
        sentence="; and ".join(sentences),
        fix="; and ".join(fixes),
        gap_after=last.gap64,
        limit=last.limit64,
        indistinguishable_from=(),
        alternatives=(),
        part="",
        rest="",
    )


def _are_told(names: Iterable[str], names_of_part: str) -> bool:
    """Whether an explanation says something of a layer, alone or in a row of layers.

    Args:
        names: of the layer, on either side.
        names_of_part: the sentences.
    """
    for name in names:
        if re.search(
            rf"(\bin |, |\band ){re.escape(name)}(?=,| and | of )", names_of_part
        ):
            return True
    return False


def _origin(unlike: Sequence[Unlike]) -> str:
    """Where other weights may come from, in words."""
    if all(array.share < NEARBY for array in unlike):
        return "they are near each other, as where one side alone was trained on"
    return "one side may have been loaded from elsewhere, or not at all"


def _unlike(twins: Twins) -> list[Unlike]:
    """The arrays that differ by more than float32 rounds, by Keras's layout."""
    torch_layers, keras_layers = (
        LAYERS[side].layers(twins.model(side, "float64")) for side in FRAMEWORKS
    )
    unlike = []
    for layer, torch_layer in torch_layers.items():
        if layer not in keras_layers:
            continue
        keras_layer = keras_layers[layer]
        for name, value in in_keras_layout(layer, torch_layer, keras_layer).items():
            array = keras_layer.arrays[name]
            gap = float(np.abs(array - value).max(initial=0.0))
            largest = float(max(np.abs(array).max(), np.abs(value).max()))
            if gap > ROUNDED * largest:
                unlike.append(Unlike(layer, name, gap / largest))
    return unlike
