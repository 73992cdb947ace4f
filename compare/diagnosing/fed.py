"""What a run of a layer is given, where its twin is given something else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from compare.diagnosing.finding import Finding, Reading
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import near
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds.mistake import LayerInput
from compare.mistakes import ACTIVATIONS
from compare.mistakes.activations import NONE
from compare.mistakes.anatomy import Anatomy
from compare.mistakes.runs import number_of

ZEROS = "zeros"  # which no layer makes


def fed_otherwise(layer: str, isolated: Isolated) -> Finding | None:
    """Say what each side gives a run of a layer that runs more than once.

    Args:
        layer: the name of a run.
        isolated: the twins at work, the model's inputs among the layers.

    Returns:
        None where one side gives it something unknown, where both give it what one
        layer makes, which is looked at elsewhere, or where it runs once.
    """
    if number_of(layer) is None:
        return None
    return fed_by_another(layer, isolated)


def fed_by_another(layer: str, isolated: Isolated) -> Finding | None:
    """Say which layer, or input of the model, a layer gets its input from on each side.

    Args:
        layer: its name, or that of a run.
        isolated: the twins at work, the model's inputs among the layers.

    Returns:
        None where one side gives it something unknown or what a layer makes that it
        alone has, or where both give it what one layer makes, which is looked at
        elsewhere.
    """
    if isolated.keras.input_of(layer) is None:
        return None
    sources: dict[Side, str] = {}
    names = set()
    for side, anatomy in isolated.anatomies.items():
        source = _source(layer, anatomy)
        if source is None:
            return None
        sources[side], name = source
        names.add(name)
    layers = names - {ZEROS}
    if len(names) == 1 or not all(_is_on_both(name, isolated) for name in layers):
        return None
    torch, keras = sources["torch"], sources["keras"]
    own_name = isolated.name(layer, "torch")
    sentence = f"{own_name} is given {torch} in PyTorch, {keras} in Keras"
    fixes = []
    for side, opposite in OTHER.items():
        name = isolated.name(layer, side)
        fixes.append(f"{name} of {SIDES[side]}: give it {sources[opposite]}")
    reading = Reading("", (), sentence, f"either {' or '.join(fixes)}")
    x = isolated.keras.given_to(layer)
    if x is None:
        return None
    # What is given to a layer is cured where the layer is the one that follows.
    every_name = list(isolated.torch.kinds)
    before = every_name[max(every_name.index(layer) - 1, 0)]
    return Finding(before, (reading,), cure=LayerInput(x), following=layer)


def _is_on_both(name: str, isolated: Isolated) -> bool:
    """Whether a layer runs on both sides."""
    return all(
        name in anatomy.layer_outputs or name in anatomy.recurrent_outputs
        for anatomy in isolated.anatomies.values()
    )


def _source(layer: str, anatomy: Anatomy) -> tuple[str, str] | None:
    """What a run of a layer is given, in words, and what makes it; None if unknown."""
    x = anatomy.given_to(layer)
    if x is None:
        return None
    if not x.any():
        return ZEROS, ZEROS
    for words, name, array in _candidates_for(x, anatomy):
        for activation, function in ACTIVATIONS.items():
            if array.shape == x.shape and near(function(array), x):
                if activation != NONE:
                    words = f"{activation} of {words}"
                return words, name
    return None


def _candidates_for(
    x: np.ndarray, anatomy: Anatomy
) -> Iterator[tuple[str, str, np.ndarray]]:
    """What there is that may be given to a layer: in words, of which layer, the array.

    Args:
        x: what the layer is given; of longer sequences each step may be.
        anatomy: what one side does.
    """
    for name, output in reversed(list(anatomy.recurrent_outputs.items())):
        yield f"h of {name}", name, output.output[:, -1]
        if output.c is not None:
            yield f"c of {name}", name, output.c
    for name, array in reversed(list(anatomy.layer_outputs.items())):
        yield name, name, array
        if array.ndim == x.ndim + 1:
            for step in range(array.shape[1]):
                yield f"step {step + 1} of {name}", name, array[:, step]
