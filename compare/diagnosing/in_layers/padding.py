"""Padding that one side takes for data: before the sequences, or after them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from compare.diagnosing.between.route import STATE, Recognised
from compare.diagnosing.finding import Finding, Link, finding_in_layer, mistake_named
from compare.diagnosing.isolated import Isolated
from compare.judging.arrays import valid_steps
from compare.judging.distances import near
from compare.judging.words import Side
from compare.kinds.mistake import Computation, Effect, Handover, RecurrentOutput
from compare.mistakes import ACTIVATIONS, Call
from compare.mistakes.anatomy import Anatomy

MASK = "mask ignored"
KEPT = (
    "keep h and the output from each last valid step on, as with torch.where of the "
    "new and of the old"
)
TO_THE_FRONT = (
    "move the valid steps of each sequence to its front, so that the padding comes "
    "after them, and pack the batch with pack_padded_sequence"
)
STATES = (STATE, "the end of each direction")  # ways to hand on


# ------------------------------------------------------------------- before a sequence


def padded_before(layer: str, isolated: Isolated) -> Finding | None:
    """The mistake by which PyTorch's layer reads padding that stands before the data.

    Keras's mask says where the data is; `pack_padded_sequence` takes it to come first.

    Args:
        layer: its name.
        isolated: as `isolation.isolate` gives it.

    Returns:
        None where Keras leaves out no step before another, or PyTorch reads others.
    """
    order = isolated.keras.orders.get(layer)  # (batch, time)
    torch_call = isolated.relayed.recurrent_calls.get(layer)
    if order is None or torch_call is None:
        return None
    keras_call = isolated.keras.recurrent_calls[layer]
    lengths = keras_call.lengths
    if lengths is None:  # every step counts
        return None
    x = np.zeros_like(keras_call.x)
    np.put_along_axis(x, order[..., None], keras_call.x, axis=1)  # as Keras was given
    mistake, torch_x = MASK, torch_call.x
    if torch_call.lengths is not None:
        mistake = "left padding packed"
        x = x[:, : torch_x.shape[1]]  # packed to the longest sequence
        x = np.where(valid_steps(x, torch_call.lengths), x, 0)
    elif torch_x.shape == x.shape:  # what Keras masks may be zeros there alone
        is_valid = np.zeros(order.shape, bool)
        in_order = np.arange(order.shape[1]) < lengths[:, None]
        np.put_along_axis(is_valid, order, in_order, axis=1)
        torch_x = np.where(is_valid[..., None], torch_x, 0)
        x = np.where(is_valid[..., None], x, 0)
    if not near(torch_x, x):
        return None

    keras_output = isolated.keras.recurrent_outputs[layer]

    def compute(call: Call) -> dict[str, np.ndarray]:
        result = call.run(x=keras_call.x, lengths=lengths)
        output = with_masked_steps(result["output"], keras_output)
        result["output"] = np.zeros_like(output)  # with each step where it was
        np.put_along_axis(result["output"], order[..., None], output, axis=1)
        return result

    finding = _finding(layer, isolated, "torch", mistake, Computation(compute))
    if mistake == MASK:
        finding = _with_fix(finding, f"{layer} of PyTorch: {TO_THE_FRONT}")
    return finding


def with_masked_steps(output: np.ndarray, keras: RecurrentOutput) -> np.ndarray:
    """An output in which the masked steps are as Keras makes them.

    It repeats the last valid step, or has zeros, by its settings and its direction.

    Args:
        output: (batch, time, size), the valid steps first; of a cell in a loop those
            up to one.
        keras: of Keras's layer.
    """
    if keras.with_masked is None or keras.lengths is None:
        return output
    masked = keras.with_masked[:, : output.shape[1]]
    if masked.shape != output.shape:
        return output
    return np.where(valid_steps(output, keras.lengths), output, masked)


# -------------------------------------------------------------------- after a sequence


def padded_after(layer: str, isolated: Isolated) -> Iterator[Finding]:
    """The mistake by which a layer takes padded steps after a sequence for data.

    Args:
        layer: recurrent on both sides.
        isolated: as `isolation.isolate` gives it.
    """
    torch_call, keras_call = (
        isolated.torch.recurrent_calls[layer],
        isolated.keras.recurrent_calls[layer],
    )
    torch_counts, keras_counts = _counts(torch_call), _counts(keras_call)
    batch, time = keras_call.x.shape[:2]
    torch_time = time
    if torch_call.lengths is not None:  # packed to the longest sequence
        torch_time = min(time, torch_call.x.shape[1])
    if torch_call.x.shape[:2] != (batch, torch_time):
        return
    if np.array_equal(torch_counts, keras_counts):
        return
    if (torch_counts == time).all():
        ignoring: Side = "torch"
    elif (keras_counts == time).all():
        ignoring = "keras"
    else:
        yield Finding(layer, unknown="the valid steps of the sequences differ")
        return

    keras_output = isolated.keras.recurrent_outputs[layer]

    def compute(call: Call) -> dict[str, np.ndarray]:
        lengths = keras_call.lengths
        if lengths is not None:  # a cell in a loop has run some of the steps
            lengths = np.minimum(lengths, call.x.shape[1])
        result = _unpacked(call, keras_call.x).run(lengths=lengths)
        result["output"] = with_masked_steps(result["output"], keras_output)
        return result

    finding = _finding(layer, isolated, ignoring, MASK, Computation(compute))
    output = isolated.torch.recurrent_outputs[layer].output
    two_ways = any(name.endswith("_reverse") for name in torch_call.arrays)
    if ignoring == "torch" and layer in (*isolated.looped, *isolated.by_hand):
        finding = _with_fix(finding, f"{layer} of PyTorch: {KEPT}")
    elif (
        ignoring == "torch"
        and not two_ways
        and _is_handed_on(output[:, -1], isolated.torch)
    ):
        finding = _with_another_step(finding)
    yield finding


def _is_handed_on(array: np.ndarray, anatomy: Anatomy) -> bool:
    """Whether a layer, or the caller, gets an array, as it is or of an activation."""
    handed_on = [*anatomy.layer_inputs.values(), *anatomy.results]
    for candidate in handed_on:
        if candidate.shape != array.shape:
            continue
        if any(near(function(array), candidate) for function in ACTIVATIONS.values()):
            return True
    return False


def _with_another_step(finding: Finding) -> Finding:
    """Say what to take of a packed batch, whose last step is none of its data."""
    fix = finding.readings[0].fix
    return _with_fix(
        finding, f"{fix}, and take h_n[-1], not the last step of the output"
    )


def _with_fix(finding: Finding, fix: str) -> Finding:
    """A finding whose first reading is mended in another way."""
    reading, *alternatives = finding.readings
    return replace(finding, readings=(replace(reading, fix=fix), *alternatives))


def ends_with_the_padding(
    link: Link, isolated: Isolated, sides: Mapping[Side, Recognised]
) -> Iterator[Finding]:
    """The mistake by which Keras ends where the padding does, unlike a packed batch.

    Each side hands on a final state: Keras's layer that of the last padded step, and
    PyTorch's layer that of the last packed step. The cure makes PyTorch's twin hand on
    its final state: the last valid step is another once its layer reads the padding.

    Args:
        link: where something else is handed on.
        isolated: as `isolation.isolate` gives it.
        sides: what was recognised on each side.
    """
    torch_call = isolated.torch.recurrent_calls.get(link.layer)
    keras_call = isolated.keras.recurrent_calls.get(link.layer)
    if torch_call is None or torch_call.lengths is None:
        return
    if keras_call is None or keras_call.lengths is not None:
        return
    for route, way in sides["keras"].items():
        if route in sides["torch"] and route.way in STATES:
            finding = _finding(link.layer, isolated, "keras", MASK, Handover(way))
            yield replace(finding, following=link.following)
            return


def _finding(
    layer: str, isolated: Isolated, side: Side, mistake: str, cure: Effect
) -> Finding:
    """A finding of one mistake, by its name, on a side."""
    return finding_in_layer(layer, isolated, [(side, mistake_named(mistake))], cure)


def _counts(call: Call) -> np.ndarray:
    """How many steps of each sequence count, (batch,)."""
    batch, time = call.x.shape[:2]
    if call.lengths is None:
        return np.full(batch, time)
    return call.lengths


def _unpacked(call: Call, x: np.ndarray) -> Call:
    """A layer at work on all steps; those that packing cut off are taken from x.

    What an embedding makes of padding is not zero, and is packed away.

    Args:
        call: of PyTorch's layer.
        x: what Keras's layer is given, (batch, time, features).
    """
    if call.lengths is None:
        return call
    whole, time = x.copy(), call.x.shape[1]
    is_valid = valid_steps(call.x, call.lengths)
    whole[:, :time] = np.where(is_valid, call.x, whole[:, :time])
    return replace(call, x=whole)
