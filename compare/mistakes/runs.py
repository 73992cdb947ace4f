"""The runs of a layer that a model calls more than once, and loops over time.

A layer that runs once goes by its name. Of one that runs more than once each run goes
by a name of its own: "decoder (run 2)". Where a loop gives a layer one step in each
run, the runs are seen as one, along time, as a layer that is given whole sequences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from compare.judging.distances import near
from compare.kinds import DENSE, EMBEDDINGS
from compare.kinds.mistake import Call, RecurrentOutput
from compare.mistakes.anatomy import Anatomy

ValueT = TypeVar("ValueT")

RUN = " (run "

# Kinds that do to each step what they do to any: a loop over steps is no other thing.
STEP_BY_STEP = (*DENSE, *EMBEDDINGS, "LayerNorm")


def run_named(layer: str, number: int) -> str:
    """The name of a run of a layer, counted from 1."""
    return f"{layer}{RUN}{number})"


def layer_of(name: str) -> str:
    """The layer that a name of a run, or of a layer, is of."""
    return name.partition(RUN)[0]


def number_of(name: str) -> int | None:
    """The number of a run, counted from 1; None of a layer that runs once."""
    number = name.partition(RUN)[2]
    return int(number.removesuffix(")")) if number else None


def is_later(name: str) -> bool:
    """Whether this is another run than the first."""
    number = number_of(name)
    return number is not None and number > 1


def names_of_runs(layers: Sequence[str]) -> list[str]:
    """Name runs.

    Args:
        layers: the layer of each run, in the order in which they ran.

    Returns:
        A name for each: the layer's own where it is there once.
    """
    names = []
    numbers: dict[str, int] = {}
    for layer in layers:
        numbers[layer] = numbers.get(layer, 0) + 1
        if layers.count(layer) == 1:
            names.append(layer)
        else:
            names.append(run_named(layer, numbers[layer]))
    return names


def without_runs(names: Sequence[str], every_name: Iterable[str]) -> list[str]:
    """Names with the layer in the place of its runs, where all of them are there."""
    all_runs = set(every_name)
    shorter: dict[str, None] = {}
    for name in names:
        layer = layer_of(name)
        runs = {run for run in all_runs if layer_of(run) == layer}
        if runs <= set(names):
            name = layer
        shorter[name] = None
    return list(shorter)


def runs_of(layer: str, anatomy: Anatomy) -> list[str]:
    """The names of the runs of a layer that are seen, in order."""
    at_work = {**anatomy.layer_inputs, **anatomy.recurrent_calls}
    names = [name for name in at_work if layer_of(name) == layer]
    return sorted(names, key=lambda name: number_of(name) or 0)


# --------------------------------------------------------------------- loops over time


def loops(torch: Anatomy, keras: Anatomy) -> dict[str, set[str]]:
    """Find the layers that a loop over time gives one step in each run.

    Args:
        torch: what PyTorch's twin does, each run by itself.
        keras: the same of Keras's twin.

    Returns:
        By side, the layers whose runs are to be seen as one, with `along_time`: those
        that are given whole sequences on the other side, and recurrent cells that hand
        their states from run to run on both, with what runs as often beside them.
    """
    of_torch, of_keras = set(), set()
    beside: list[str] = []  # layers that run as often on both sides
    lengths: set[int] = set()  # of loops on both sides
    for layer in dict.fromkeys(map(layer_of, torch.kinds)):
        in_torch, in_keras = len(runs_of(layer, torch)), len(runs_of(layer, keras))
        if in_torch > 1 and in_keras == 1 and _takes_steps(layer, torch):
            if _steps(layer, keras) == in_torch:
                of_torch.add(layer)
        elif in_keras > 1 and in_torch == 1 and _takes_steps(layer, keras):
            if _steps(layer, torch) == in_keras:
                of_keras.add(layer)
        elif in_torch == in_keras > 1 and _is_loop_on_both(layer, torch, keras):
            beside.append(layer)
            if layer in _recurrent_layers(torch):
                lengths.add(in_torch)
    for layer in beside:
        if len(runs_of(layer, torch)) in lengths:
            of_torch.add(layer)
            of_keras.add(layer)
    return {"torch": of_torch, "keras": of_keras}


def along_time(anatomy: Anatomy, layers: set[str]) -> Anatomy:
    """Show the runs of some layers as one each, along time.

    Args:
        anatomy: what a twin does.
        layers: whose runs are given one step each.
    """
    for layer in layers:
        if len(runs_of(layer, anatomy)) > 1 and _takes_steps(layer, anatomy):
            anatomy = _as_one(anatomy, layer)
    return anatomy


def unfolded(anatomy: Anatomy, other_side: Anatomy) -> Anatomy:
    """Show layers whose steps are folded into the batch as they are on the other side.

    Args:
        anatomy: what a twin does.
        other_side: what the other does, where it keeps (batch, time, ...) apart; a
            layer that treats each step by itself is shown so on both sides.
    """
    inputs, outputs = dict(anatomy.layer_inputs), dict(anatomy.layer_outputs)
    for name, x in anatomy.layer_inputs.items():
        opposite, output = other_side.layer_inputs.get(name), outputs.get(name)
        if opposite is None or output is None or name not in anatomy.kinds:
            continue
        batch = opposite.shape[:2]
        if opposite.shape[2:] != x.shape[1:] or np.prod(batch) != len(x):
            continue
        # One axis of anything but an embedding is that of the features, not of steps.
        is_batched = x.ndim > 1 or anatomy.kinds[name] in EMBEDDINGS
        if anatomy.kinds[name] in STEP_BY_STEP and is_batched and len(output) == len(x):
            inputs[name] = x.reshape(*batch, *x.shape[1:])
            outputs[name] = output.reshape(*batch, *output.shape[1:])
    return replace(anatomy, layer_inputs=inputs, layer_outputs=outputs)


def folded(anatomy: Anatomy, other_side: Anatomy) -> Anatomy:
    """Show layers with their steps in the batch, as the other side has them.

    Args:
        anatomy: what a twin does.
        other_side: what the other does, where it folds (batch, time, ...) for a layer
            that does not take each step by itself, such as a convolution.
    """
    inputs, outputs = dict(anatomy.layer_inputs), dict(anatomy.layer_outputs)
    for name, x in anatomy.layer_inputs.items():
        opposite, output = other_side.layer_inputs.get(name), outputs.get(name)
        if opposite is None or output is None or name not in anatomy.kinds:
            continue
        if anatomy.kinds[name] in STEP_BY_STEP or opposite.ndim != x.ndim - 1:
            continue
        if x.shape[2:] == opposite.shape[1:] and np.prod(x.shape[:2]) == len(opposite):
            inputs[name] = x.reshape(opposite.shape)
            outputs[name] = output.reshape(len(opposite), *output.shape[2:])
    return replace(anatomy, layer_inputs=inputs, layer_outputs=outputs)


def with_axes_of(anatomy: Anatomy, other_side: Anatomy) -> Anatomy:
    """Show layers without axes of one step, or with them, as the other side has them.

    So it is the same whether an axis is added before a dense layer or after it.

    Args:
        anatomy: what a twin does.
        other_side: what the other does.
    """
    inputs, outputs = dict(anatomy.layer_inputs), dict(anatomy.layer_outputs)
    for name, x in anatomy.layer_inputs.items():
        opposite, made = other_side.layer_inputs.get(name), outputs.get(name)
        if opposite is None or made is None or x.shape == opposite.shape:
            continue
        kind = anatomy.kinds.get(name)
        if kind not in STEP_BY_STEP or not x.ndim or not opposite.ndim:
            continue
        steps, opposite_steps = x.shape[:-1], opposite.shape[:-1]
        if kind in EMBEDDINGS:  # whose input has no features
            steps, opposite_steps = x.shape, opposite.shape
        elif x.shape[-1] != opposite.shape[-1]:
            continue
        if not steps or not opposite_steps:  # a batch of one that was dropped
            continue
        if _longer_than_one(steps) == _longer_than_one(opposite_steps):
            inputs[name] = x.reshape(opposite.shape)
            outputs[name] = made.reshape(*opposite_steps, made.shape[-1])
    return replace(anatomy, layer_inputs=inputs, layer_outputs=outputs)


def _longer_than_one(shape: Sequence[int]) -> list[int]:
    return [size for size in shape if size != 1]


def _recurrent_layers(anatomy: Anatomy) -> set[str]:
    return {layer_of(name) for name in anatomy.recurrent_calls}


def _steps(layer: str, anatomy: Anatomy) -> int:
    """How many steps a layer is given that runs once."""
    x = anatomy.input_of(layer)
    return x.shape[1] if x is not None and x.ndim > 1 else 0


def _takes_steps(layer: str, anatomy: Anatomy) -> bool:
    """Whether the runs of a layer are given one step each."""
    names = runs_of(layer, anatomy)
    if layer in _recurrent_layers(anatomy):
        if not all(name in anatomy.recurrent_outputs for name in names):
            return False
        calls = [anatomy.recurrent_calls[name] for name in names]
        if any(call.x.shape[1] != 1 or call.lengths is not None for call in calls):
            return False
        return _alike([call.x for call in calls])
    if anatomy.kinds.get(names[0]) not in STEP_BY_STEP:
        return False
    inputs = [anatomy.layer_inputs[name] for name in names]
    outputs = [anatomy.layer_outputs.get(name, inputs[0]) for name in names]
    return all(array.ndim <= 2 for array in inputs + outputs) and _alike(inputs)


def _is_loop(layer: str, anatomy: Anatomy) -> bool:
    """Whether the runs of a layer are given one step each, and states go on."""
    if not _takes_steps(layer, anatomy):
        return False
    if layer not in _recurrent_layers(anatomy):
        return True
    names = runs_of(layer, anatomy)
    calls = [anatomy.recurrent_calls[name] for name in names[1:]]
    outputs = [anatomy.recurrent_outputs[name] for name in names]
    return all(map(_goes_on, calls, outputs))


def _is_loop_on_both(layer: str, torch: Anatomy, keras: Anatomy) -> bool:
    return _is_loop(layer, torch) and _is_loop(layer, keras)


def _alike(arrays: Sequence[np.ndarray]) -> bool:
    return len({array.shape for array in arrays}) == 1


def _goes_on(call: Call, before: RecurrentOutput) -> bool:
    """Whether a run begins with the states with which the run before ended."""
    states = call.options.get("states")
    if states is None:
        return False
    ends = [before.h] if before.c is None else [before.h, before.c]
    if len(ends) != len(states):
        return False
    for state, end in zip(states, ends, strict=True):
        if end is None or not near(state[-1], end):
            return False
    return True


def _as_one(anatomy: Anatomy, layer: str) -> Anatomy:
    """Show the runs of a layer as one, along time."""
    names = runs_of(layer, anatomy)
    inputs, outputs = dict(anatomy.layer_inputs), dict(anatomy.layer_outputs)
    calls = dict(anatomy.recurrent_calls)
    recurrent_outputs = dict(anatomy.recurrent_outputs)
    options = dict(anatomy.options)
    if names[0] in calls:
        steps = [calls.pop(name) for name in names]
        x = np.concatenate([call.x for call in steps], axis=1)  # (batch, time, size)
        calls[layer] = replace(steps[0], x=x)
        recurrent_outputs[layer] = joined([recurrent_outputs.pop(n) for n in names])
    else:
        inputs[layer] = np.stack([inputs.pop(name) for name in names], axis=1)
        arrays = [outputs.pop(name) for name in names if name in outputs]
        if len(arrays) == len(names):
            outputs[layer] = np.stack(arrays, axis=1)
    if names[0] in options:
        options[layer] = options[names[0]]
    return replace(
        anatomy,
        kinds=_with_one_name(anatomy.kinds, layer),
        arrays=_with_one_name(anatomy.arrays, layer),
        layer_inputs=inputs,
        layer_outputs=outputs,
        recurrent_calls=calls,
        recurrent_outputs=recurrent_outputs,
        options=options,
        cells=tuple(name for name in anatomy.cells if name not in names),
    )


def joined(outputs: Sequence[RecurrentOutput]) -> RecurrentOutput:
    """What the runs of a layer that is given one step each return, as one.

    Args:
        outputs: (batch, 1, size) of a recurrent layer, (batch, size) of any other.
    """
    steps = []
    for run in outputs:
        is_step = run.h is not None and run.output.ndim == run.h.ndim + 1
        steps.append(run.output if is_step else run.output[:, None])
    return replace(outputs[-1], output=np.concatenate(steps, axis=1))


def _with_one_name(by_name: Mapping[str, ValueT], layer: str) -> dict[str, ValueT]:
    """A mapping with the layer in the place of its first run, and no other runs."""
    return dict(_renamed(by_name, layer))


def _renamed(by_name: Mapping[str, ValueT], layer: str) -> Iterator[tuple[str, ValueT]]:
    for name, value in by_name.items():
        if layer_of(name) != layer:
            yield name, value
        elif not is_later(name):
            yield layer, value
