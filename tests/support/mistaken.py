"""Mistakes made in twins, for tests that they are found again."""

from contextlib import ExitStack, contextmanager
from itertools import product

from compare.judging.words import PRECISIONS
from compare.kinds.layer import Layer
from compare.kinds.mistake import ArraysOfLayer
from compare.matching.rewriting import rewrite
from compare.mistakes import MISTAKES
from compare.mistakes.anatomy import applies
from compare.twins.frameworks import FRAMEWORKS, LAYERS
from compare.twins.injecting import injected_everywhere


@contextmanager
def mistaken(twins, found, *mistakes):
    """Mistakes made in a port: in Keras's weights, or in what PyTorch computes."""
    with ExitStack() as stack:
        for mistake, layer in mistakes:
            if isinstance(mistake.effect, ArraysOfLayer):
                stack.enter_context(_loaded(twins, mistake, layer))
                continue
            following = found.following(layer)
            stack.enter_context(
                injected_everywhere(twins, mistake.effect, layer, following)
            )
        yield


@contextmanager
def _loaded(twins, mistake, layer):
    """Keras's weights as transferred from PyTorch's with the mistake in them."""
    kept = {}
    for dtype in PRECISIONS:
        torch, keras = (twins.model(side, dtype) for side in FRAMEWORKS)
        theirs = LAYERS["keras"].layers(keras)
        kept[dtype] = {layer: dict(theirs[layer].arrays)}
        before = LAYERS["torch"].layers(torch)
        split = twins.splits.get((dtype, layer), before[layer].arrays)
        wrong = Layer(before[layer].kind, mistake.effect.made_on("keras", split))
        twins.splits[dtype, layer] = wrong.arrays
        made, _ = rewrite({layer: wrong}, {layer: theirs[layer]}, "to_keras")
        LAYERS["keras"].load(keras, made)
    try:
        yield
    finally:
        twins.splits.clear()
        for dtype, arrays in kept.items():
            LAYERS["keras"].load(twins.model("keras", dtype), arrays)


def places(found):
    """Every mistake that can be made, with its layer."""
    return [
        (mistake, layer)
        for layer, mistake in product(found.kinds, MISTAKES)
        if applies(mistake, layer, found)
    ]


def suspected(explanation):
    others = (name for each in explanation.alternatives for name in each.faults)
    return {*explanation.faults, *others}
