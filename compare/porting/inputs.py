"""Inputs that a port is proved on: what its layers need to be put to work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compare.errors import BadInput
from compare.kinds.graph import LayerPlan, ModelPlan, Tensor, TensorFacts, tensors_in
from compare.porting.run_sizes import beyond_slices

SAMPLES = 8
LONGEST_SLICE = 2_000
LONG, FEW_SAMPLES = 256, 2  # steps from which on a few samples are enough
FEWEST_LABELS = 2  # of whole numbers that no embedding reads

# Layers through which indices reach an embedding as they are.
PASSING = ("Dropout", "Flatten", "Reshape", "RepeatVector", "Activation", "Masking")


@dataclass(frozen=True)
class Sizes:
    """What open sizes are, in the inputs of one run.

    Args:
        steps: of a sequence of any length.
        pixels: of an image of any size, along each axis.
        samples: in a batch.
    """

    steps: int
    pixels: int
    samples: int = SAMPLES


# The first is the largest; the suite cuts shorter sequences from it where it can.
SIZES = (Sizes(50, 32), Sizes(7, 48), Sizes(1, 40))
# Of models in which Keras goes through all steps with a layer that goes through steps
# itself: 50 of them take it a hundred seconds.
SHORT_SIZES = (Sizes(12, 32), Sizes(7, 48), Sizes(1, 40))
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional")


@dataclass(frozen=True)
class _Needs:
    """What the layers that read an input need of it.

    Args:
        words: how many indices the smallest embedding has; None without one.
        padding: the number that a mask leaves out; None without a mask.
    """

    words: int | None = None
    padding: float | None = None


def drawn(
    plan: ModelPlan,
    facts: Sequence[tuple[TensorFacts, ...]],
    seed: int,
    sizes: Sizes = SIZES[0],
) -> tuple[np.ndarray, ...]:
    """Random inputs for a model, one for each of its inputs, in order.

    Numbers are of the normal distribution, indices of all that an embedding has. Where
    the model masks, samples are padded in front, behind and in the middle, each input
    at other steps than the one before it: joins of masked tensors need that.

    Args:
        plan: of the model.
        facts: of what each call returns.
        seed: of the numbers.
        sizes: what is open otherwise.

    Returns:
        (batch, ...) each, float32 or int64.

    Raises:
        BadInput: if an input is neither numbers nor indices.
    """
    rng = np.random.default_rng([seed, 2])
    arrays = []
    for place, tensor in enumerate(tensors_in(plan.inputs)):
        fact = facts[tensor.call][tensor.output]
        needs = _needs(plan, tensor)
        shape = shape_at(fact, sizes)
        array = _drawn(plan.plan_of(tensor).name, fact, shape, needs, rng)
        if needs.padding is not None:
            # An embedding masks each index, Masking each step of features.
            masked_axes = array.ndim - (1 if needs.words is not None else 2)
            _pad(array, needs.padding, place, masked_axes)
        arrays.append(array)
    return tuple(arrays)


def sizes_of(
    plan: ModelPlan, facts: Sequence[tuple[TensorFacts, ...]]
) -> tuple[Sizes, ...]:
    """The sizes to run a model on: one where it takes no other, the batch aside."""
    tensors = tensors_in(plan.inputs)
    if any(None in facts[t.call][t.output].shape[1:] for t in tensors):
        return SHORT_SIZES if _has_loops_in_loops(plan) else SIZES
    return SIZES[:1]


def sizes_beyond(
    usual: Sequence[Sizes], beyond: Sequence[tuple[str, int]], batch: str = "batch"
) -> tuple[Sizes, ...]:
    """The sizes of runs, with those at which a model may do something else.

    Args:
        usual: sizes of runs.
        beyond: others, each with the name of its axis.
        batch: the name of that axis.
    """
    sizes = dict.fromkeys(usual)
    steps = {size.steps for size in usual}
    for axis, size in beyond:
        if axis == batch:
            sizes.setdefault(replace(usual[0], samples=size))
        elif size not in steps:
            samples = SAMPLES if size <= LONG else FEW_SAMPLES
            sizes.setdefault(Sizes(size, size, samples))
    return tuple(sizes)


def with_slices(plan: ModelPlan, usual: Sequence[Sizes]) -> tuple[Sizes, ...]:
    """The sizes of runs, with those that are beyond the slices of a model.

    Args:
        plan: of the model.
        usual: sizes of runs; one where the model takes no other.
    """
    if len(usual) < 2:
        return tuple(usual)
    largest = max(usual[0].steps, usual[0].pixels)
    beyond = [size for size in beyond_slices(plan) if largest < size <= LONGEST_SLICE]
    return sizes_beyond(usual, [("", size) for size in beyond])


def _has_loops_in_loops(plan: ModelPlan, is_inside: bool = False) -> bool:
    """Whether a recurrent layer is called at each step of a sequence.

    Args:
        plan: of a model.
        is_inside: whether the model itself is.
    """
    for layer in plan.layers.values():
        is_wrapped = is_inside
        while layer.keras == "TimeDistributed" and layer.inside:
            (layer,) = layer.inside
            is_wrapped = True
        if layer.model is not None and _has_loops_in_loops(layer.model, is_wrapped):
            return True
        if is_wrapped and layer.keras in RECURRENT:
            return True
    return False


def _needs(plan: ModelPlan, tensor: Tensor) -> _Needs:
    """What layers read of an input, those inside other models too."""
    words, padding = [], None
    for layer in _readers(plan, tensor):
        if layer.keras == "Embedding":
            words.append(int(layer.config["input_dim"]))
            if layer.config.get("mask_zero"):
                padding = 0.0
        elif layer.keras == "Masking":
            padding = float(layer.config.get("mask_value") or 0.0)
    return _Needs(min(words, default=None), padding)


def _readers(plan: ModelPlan, tensor: Tensor) -> Iterator[LayerPlan]:
    """The layers that get an input as it is."""
    for number in plan.readers_of(tensor):
        call = plan.calls[number]
        layer = plan.layers[call.layer]
        while layer.keras == "TimeDistributed" and layer.inside:
            layer = layer.inside[0]
        if layer.model is not None:
            inside = [*tensors_in(layer.model.inputs)]
            for place, taken in enumerate(call.inputs):
                if taken == tensor and place < len(inside):
                    yield from _readers(layer.model, inside[place])
            continue
        yield layer
        if layer.keras in PASSING:
            yield from _readers(plan, Tensor(number))


def _drawn(
    name: str,
    fact: TensorFacts,
    shape: tuple[int, ...],
    needs: _Needs,
    rng: np.random.Generator,
) -> np.ndarray:
    """Numbers for one input."""
    if fact.dtype == "string":
        raise BadInput(
            f"{name}: expected an input of numbers, got one of texts, which PyTorch "
            "has not; put the model after its first layers into a file"
        )
    if fact.dtype == "bool":
        return rng.random(shape) < 0.5
    if needs.words is not None or fact.dtype.startswith(("int", "uint")):
        array = rng.integers(0, needs.words or FEWEST_LABELS, shape)
        if needs.padding is not None and (needs.words or 0) > 1:
            array[array == 0] = 1
    else:
        array = rng.normal(size=shape).astype("float32")
    if not fact.dtype.startswith(("int", "uint")):
        return array.astype("float32")
    return array


def shape_at(fact: TensorFacts, sizes: Sizes) -> tuple[int, ...]:
    """The shape of a tensor, of which some sizes may be open."""
    is_image = len(fact.shape) > 3
    shape = []
    for axis, size in enumerate(fact.shape):
        if size is None:
            size = sizes.samples
            if axis > 0:
                size = sizes.pixels if is_image else sizes.steps
        shape.append(size)
    return tuple(shape)


def _pad(array: np.ndarray, padding: float, place: int, masked_axes: int) -> None:
    """Pad three of four samples, in front, behind, and in the middle.

    Where a mask is of several axes, such as the sentences of a text and their words,
    the last of them is padded in each place of those before it as well.

    Args:
        array: of an input, contiguous.
        padding: the number that is left out.
        place: of the input, by which its samples are padded in another order.
        masked_axes: how many axes after the batch a mask has.
    """
    if masked_axes > 1:
        _pad_steps(array.reshape(-1, *array.shape[masked_axes:]), padding, place)
    if masked_axes > 0:
        _pad_steps(array, padding, place)


def _pad_steps(array: np.ndarray, padding: float, place: int) -> None:
    """Pad axis 1 of three of four samples; arguments as in `_pad`."""
    steps = array.shape[1]
    for number in range(len(array)):
        sample = number + place
        length = 1 + sample * 7 % max(steps // 2, 1)  # of the padding
        if steps < 2 or sample % 4 == 0:
            continue
        start = (0, steps - length, steps // 4)[sample % 4 - 1]
        array[number, start : start + length] = padding
