"""Where twins do different things, and which named mistakes take one to the other.

Each place is looked at by itself: what a layer has for weights, what it makes of its
input, what it is given, and what is made of the last one's output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing import lost_batch
from compare.diagnosing.computations import applied, recurrent
from compare.diagnosing.finding import Finding, Reading, fix_of, mistake_named
from compare.diagnosing.handovers import INPUT, given_to, handed_on
from compare.diagnosing.in_layers.attended_to import attended_to_another
from compare.diagnosing.in_layers.attention import attending
from compare.diagnosing.in_layers.elsewhere import Elsewhere
from compare.diagnosing.in_layers.padding import padded_before
from compare.diagnosing.in_layers.padding_by_hand import padded_by_hand
from compare.diagnosing.in_layers.projected import attended_by_hand
from compare.diagnosing.in_layers.steps import steps_left_out
from compare.diagnosing.in_layers.unread_padding import is_unread
from compare.diagnosing.in_layers.weights import weights
from compare.diagnosing.isolated import Isolated
from compare.diagnosing.repeated import of_all_runs
from compare.diagnosing.result_shapes import (
    in_another_shape,
    in_keras_shapes,
    with_batch_elsewhere,
)
from compare.diagnosing.sample_order import samples_in_another_order
from compare.judging.distances import NEAR, near
from compare.judging.result import SIDES
from compare.kinds import ATTENTION
from compare.kinds.layer import BY_HAND
from compare.kinds.mistake import ResultOrder
from compare.kinds.names import plain
from compare.mistakes.runs import along_time, is_later, layer_of

if TYPE_CHECKING:
    from compare.twins.twins import Twins


def findings(
    twins: Twins, isolated: Isolated, arrays: Sequence[np.ndarray]
) -> Iterator[Finding]:
    """Every place where the twins do different things, as the model meets them.

    Args:
        twins: different on these arrays.
        isolated: as `isolate` gives it for them.
        arrays: one for each input.
    """
    isolated = _with_inputs(twins, isolated, arrays)
    torch, keras = isolated.torch, isolated.keras
    reordered = _reordered(isolated, torch.results)
    if reordered is not None:  # the models as they are: that is the whole cause
        yield reordered
        return
    shuffled = samples_in_another_order(isolated)
    if shuffled is not None:
        yield shuffled
        return
    elsewhere = Elsewhere(isolated)
    yield from steps_left_out(isolated)
    for layer in isolated.kinds:
        for finding in _in_layer(twins, layer, isolated, elsewhere):
            if not is_unread(finding, twins, arrays, isolated):
                yield finding
    layers = [layer for layer in torch.kinds if layer in keras.kinds]
    if layers:
        yield from _in_results(layers, isolated)


def _in_layer(
    twins: Twins,
    layer: str,
    isolated: Isolated,
    elsewhere: Elsewhere,
) -> Iterator[Finding]:
    """What differs before a layer, or one of its runs, and in it.

    Args:
        twins: as in `findings`.
        layer: its name.
        isolated: the twins at work, the model's inputs among the layers.
        elsewhere: the arrays of all layers.
    """
    torch, keras = isolated.torch, isolated.keras
    if layer in isolated.refusals:
        yield Finding(layer, unknown=isolated.refusals[layer])
    if layer not in isolated.weights["keras"]:
        return
    is_seen = layer in torch.layer_outputs and layer in keras.layer_outputs
    attention = []
    attends = plain(isolated.kinds[layer]) in ATTENTION
    if is_seen and attends and layer not in isolated.time_major:
        attention = list(attending(layer, isolated))
        yield from attention
    padded = padded_before(layer, isolated)
    if padded is not None:  # which explains what goes in and what comes out
        yield padded
    elif not attention:
        by_hand_before = attended_by_hand(layer, isolated)
        if by_hand_before is not None:
            yield by_hand_before
        else:
            yield from given_to(layer, isolated)
    if not is_later(layer):
        yield from map(of_all_runs, weights(layer, isolated, elsewhere))
    if layer in torch.recurrent_calls and layer in keras.recurrent_calls:
        by_hand = None
        if isolated.kinds[layer].endswith(BY_HAND):
            twin = twins.twin("torch", "float64")
            by_hand = padded_by_hand(twin, layer, isolated)
        if by_hand is not None:
            yield by_hand
        elif padded is None:
            yield from recurrent(layer, isolated)
    elif is_seen and not attends:
        another = attended_to_another(layer, isolated)
        if another is not None:
            yield another
        else:
            yield from applied(twins, layer, isolated)


def _with_inputs(
    twins: Twins, isolated: Isolated, arrays: Sequence[np.ndarray]
) -> Isolated:
    """Add the models' float inputs to both anatomies, as if a layer had made each.

    That layer is called "the input", or "the input x" where there are several.

    Args:
        twins: their inputs give the names.
        isolated: the twins at work.
        arrays: one for each input.
    """
    inputs = {}
    for argument, array in zip(twins.inputs, arrays, strict=True):
        if array.dtype.kind != "f":
            continue
        name = INPUT if len(arrays) == 1 else f"{INPUT} {argument.name}"
        x = array.astype("float64")
        if twins.time_axis == 0 and x.ndim > 2:
            x = x.swapaxes(0, 1)  # (batch, time, features)
        inputs[name] = x
    torch, keras = isolated.torch, isolated.keras
    return replace(
        isolated,
        torch=replace(torch, layer_outputs={**inputs, **torch.layer_outputs}),
        keras=replace(keras, layer_outputs={**inputs, **keras.layer_outputs}),
    )


# ----------------------------------------------------------------------------- results


def _in_results(layers: Sequence[str], isolated: Isolated) -> Iterator[Finding]:
    """Where the models return their results in another order, or make others.

    Args:
        layers: seen on both sides, in the order in which they are computed.
        isolated: the twins at work, the model's inputs among the layers.
    """
    torch, keras = isolated.torch, isolated.keras
    reordered = _reordered(isolated, isolated.relayed.results)
    if reordered is not None:
        yield reordered
        return
    if lost_batch.is_lost(layers[-1], isolated):
        return  # which is told of the layer
    transposed = with_batch_elsewhere(layers[-1], isolated)
    if transposed is not None:
        yield transposed
        return
    reshaped = lost_batch.in_results(layers[-1], isolated)
    if reshaped is None:
        reshaped = in_another_shape(layers[-1], isolated)
    if reshaped is not None:
        yield reshaped
        isolated = in_keras_shapes(isolated)
        torch, keras = isolated.torch, isolated.keras
    if isolated.result_gap() <= NEAR:
        return
    if torch.result is None or keras.result is None:
        return  # a twin refused before it came to its end
    causes = handed_on(layers, None, isolated)
    last = layers[-1]
    if causes is None and is_later(last):  # of a loop, whose steps may be joined
        layer = layer_of(last)
        causes = handed_on([layer], None, _in_a_loop(layer, isolated))
    if causes is not None:
        yield from causes
        return
    is_seen = last in torch.recurrent_outputs or last in torch.layer_outputs
    if is_seen and not isolated.unseen:
        unknown = "the result is made by something unknown in PyTorch"
        yield Finding(last, unknown=unknown)


def _in_a_loop(layer: str, isolated: Isolated) -> Isolated:
    """The twins at work, the runs of a layer shown as one on both sides."""
    return replace(
        isolated,
        torch=along_time(isolated.torch, {layer}),
        keras=along_time(isolated.keras, {layer}),
        relayed=along_time(isolated.relayed, {layer}),
    )


def _reordered(isolated: Isolated, results: Sequence[np.ndarray]) -> Finding | None:
    """The finding that PyTorch returns Keras's results in another order, if it does.

    Args:
        isolated: the twins at work.
        results: of PyTorch's model.
    """
    order = _order(results, isolated.keras.results)
    layers = [layer for layer in isolated.torch.kinds if layer in isolated.keras.kinds]
    if order is None or not layers:
        return None
    cure = ResultOrder(lambda _: order)
    return Finding(layers[-1], _readings_of_order(), cure=cure)


def _readings_of_order() -> tuple[Reading, ...]:
    """Either side may be the one that returns its results in the wrong order."""
    mistake = mistake_named("results in another order")
    predicate = mistake.sentence.removeprefix("the ")
    readings = []
    for side, framework in SIDES.items():
        sentence = f"{framework}'s {predicate}"
        fix = f"{framework}: {fix_of(mistake, side)}"
        readings.append(Reading(side, (mistake,), sentence, fix))
    return tuple(readings)


def _order(
    torch: Sequence[np.ndarray], keras: Sequence[np.ndarray]
) -> list[int] | None:
    """The numbers, from 0, of PyTorch's results in the order in which Keras has them.

    None where the order is the same, or the results themselves are not.
    """
    order: list[int] = []
    for keras_result in keras:
        number = _number_of(keras_result, torch, order)
        if number is None:
            return None
        order.append(number)
    if order == sorted(order) or len(order) < len(torch):
        return None
    return order


def _number_of(
    result: np.ndarray, results: Sequence[np.ndarray], taken: Sequence[int]
) -> int | None:
    """The number of the first result that is near this one and not taken, if any."""
    for number, candidate in enumerate(results):
        if number not in taken and near(candidate, result):
            return number
    return None
