"""What a layer computes of its input and weights, where that is not what it should."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.finding import Finding, finding_in_layer, known_mistakes
from compare.diagnosing.gaps import layer_gap
from compare.diagnosing.in_layers import stacks
from compare.diagnosing.in_layers.norms import differing_norms
from compare.diagnosing.in_layers.options import (
    IsMade,
    suspected,
    unlike_in_steps,
    unlike_options,
)
from compare.diagnosing.in_layers.padding import padded_after
from compare.diagnosing.isolated import Isolated
from compare.in_pytorch import mistakes as pytorch_mistakes
from compare.judging.arrays import valid_steps
from compare.judging.distances import near
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.kinds import NORMALISATION, by_hand_mistakes
from compare.kinds.computing import Computed
from compare.kinds.layer import Arrays
from compare.kinds.mistake import (
    ArraysOfLayer,
    Computation,
    LayerInput,
    RecurrentOutput,
)
from compare.kinds.option import Options
from compare.kinds.recurrent_computations import FROM_THE_END
from compare.mistakes import Call, Mistake
from compare.mistakes.anatomy import Anatomy
from compare.mistakes.runs import layer_of

if TYPE_CHECKING:
    from compare.twins.twins import Twins


# --------------------------------------------------------------------------- recurrent


def recurrent(layer: str, isolated: Isolated) -> Iterator[Finding]:
    """What a recurrent layer computes that it should not, on either side.

    Each side is held to what the kind computes of the side's own input and weights.

    Args:
        layer: a name; recurrent on both sides.
        isolated: the twins at work.
    """
    steps = isolated.judged_steps.get(layer)
    is_by_hand = layer_of(layer) in isolated.by_hand
    if is_by_hand and isolated.gaps[layer].is_rounding:
        return  # both do the same, whatever that is
    settings = _settings(isolated.keras.recurrent_calls[layer])
    explained = _explained(layer, isolated, steps, settings)
    if isinstance(explained, str) and settings:
        # A layer by hand may be as layers usually are, and that of Keras set otherwise.
        usual = _explained(layer, isolated, steps, {})
        if not isinstance(usual, str):
            explained, settings = usual, {}
    if isinstance(explained, str):
        unlike = unlike_in_steps(layer, isolated, _is_made(layer, isolated, steps))
        unknown = f"{explained}{suspected(layer, isolated)}"
        yield from unlike or [Finding(layer, unknown=unknown)]
        return
    mistakes_by_side = explained
    if not mistakes_by_side:
        yield from padded_after(layer, isolated)
        return
    suspects = []
    for side, mistakes in mistakes_by_side.items():
        suspects += [(side, mistake) for mistake in mistakes]
    # PyTorch's layer is cured by what Keras's layer does: right, or its first mistake.
    compute: Callable[[Call], Computed | None] = _as_set(settings)
    if "keras" in mistakes_by_side:
        compute = mistakes_by_side["keras"][0].effect.compute
    finding = finding_in_layer(layer, isolated, suspects, Computation(compute))
    from_the_end = [m for _, m in suspects if m.name == FROM_THE_END.name]
    if from_the_end and set(mistakes_by_side) == {"keras"} and layer in isolated.looped:
        # A loop cannot begin at the end; it can be given the last step first.
        keras_x = isolated.keras.recurrent_calls[layer].x
        cure = LayerInput(keras_x[:, ::-1])
        finding = replace(finding, cure=cure, following=layer)
    yield finding


def _settings(call: Call) -> Options:
    """What Keras's layer is set to, where it is the twin of one by hand."""
    return {name: value for name, value in call.options.items() if name != "states"}


def _explained(
    layer: str, isolated: Isolated, steps: int | None, settings: Options
) -> dict[Side, list[Mistake[Computation]]] | str:
    """The mistakes by which either side differs from what it should compute.

    Args:
        layer: a name; recurrent on both sides.
        isolated: the twins at work.
        steps: as in `is_output`.
        settings: of a layer that does as it should; of stock layers none are needed.

    Returns:
        By side, none for a side that is right; or in words, what is unknown.
    """
    is_by_hand = layer_of(layer) in isolated.by_hand
    mistakes_by_side: dict[Side, list[Mistake[Computation]]] = {}
    for side, anatomy in isolated.anatomies.items():
        call, output = anatomy.recurrent_calls[layer], anatomy.recurrent_outputs[layer]
        if is_by_hand:
            states = {n: v for n, v in call.options.items() if n == "states"}
            call = replace(call, options={**settings, **states})
        if is_output(call.run(), call, output, steps):
            continue
        possible = known_mistakes(Computation, call.kind)
        if isolated.is_by_hand(layer, side):
            possible = [*by_hand_mistakes.of_kind(call.kind), *possible]
        if not possible:  # of a kind that PyTorch has no layer of
            possible = by_hand_mistakes.of_layers(call.kind)
        mistakes = _explaining(possible, call, output, steps)
        if not mistakes and side == "keras":  # whose stacks can be seen layer by layer
            mistakes = _explaining_in_part(layer, anatomy, steps)
        if not mistakes:
            return f"{SIDES[side]}'s layer computes something unknown of its input"
        mistakes_by_side[side] = mistakes
    return mistakes_by_side


def _as_set(settings: Options) -> Callable[[Call], Computed | None]:
    """Run a layer with some settings, and with states of its own."""

    def compute(call: Call) -> Computed | None:
        result: Computed | None = call.run(**settings)
        return result

    return compute


def is_output(
    computed: Computed | None,
    call: Call,
    output: RecurrentOutput,
    steps: int | None = None,
) -> bool:
    """Whether what was computed for a recurrent layer is what it handed on.

    Args:
        computed: by name, output and final states; None is never what it handed on.
        call: the layer at work; steps beyond its lengths count as 0.
        output: what the layer handed on.
        steps: how many steps to compare, from the first, without the final states; None
            for all, and the states of the last layer of a stack.
    """
    if not isinstance(computed, Mapping):
        return False
    states = computed["output"]  # (batch, time, size)
    if output.output.shape[1] == 1:  # a layer by hand may return its last step alone
        states = states[:, -1:]
    if call.lengths is not None:
        states = np.where(valid_steps(states, call.lengths), states, 0)
    if steps is not None:
        return near(states[:, :steps], output.output[:, :steps])
    # Of a stack, the states of every layer were computed; the last is judged.
    if not near(states, output.output) or not near(computed["h_n"][-1], output.h):
        return False
    return output.c is None or near(computed["c_n"][-1], output.c)


def _is_made(layer: str, isolated: Isolated, steps: int | None) -> IsMade:
    """What says whether something is what a recurrent layer handed on, on a side."""

    def is_made(side: Side, computed: Computed | None) -> bool:
        anatomy = isolated.anatomies[side]
        call, output = anatomy.recurrent_calls[layer], anatomy.recurrent_outputs[layer]
        return is_output(computed, call, output, steps)

    return is_made


def _explaining(
    mistakes: Sequence[Mistake[Computation]],
    call: Call,
    output: RecurrentOutput,
    steps: int | None,
) -> list[Mistake[Computation]]:
    """Those mistakes that make a layer hand on what it does.

    Args:
        mistakes: to be tried.
        call: as in `is_output`.
        output: as in `is_output`.
        steps: as in `is_output`.
    """
    return [
        mistake
        for mistake in mistakes
        if is_output(mistake.effect.compute(call), call, output, steps)
    ]


def _explaining_in_part(
    layer: str, keras: Anatomy, steps: int | None
) -> list[Mistake[Computation]]:
    """Mistakes in one layer of a stack, or in one direction, that explain its output.

    Args:
        layer: a name; a stack or a bidirectional layer in Keras.
        keras: what Keras's twin does.
        steps: as in `is_output`.
    """
    call, output = keras.recurrent_calls[layer], keras.recurrent_outputs[layer]
    candidates = known_mistakes(Computation, call.kind)
    passed = keras.stacked.get(layer, [(call.x, output.output)])
    mistakes = list(stacks.in_one(candidates, call, passed, steps))
    return _explaining(mistakes, call, output, steps)


# ----------------------------------------------------------------------- not recurrent


def applied(twins: Twins, layer: str, isolated: Isolated) -> Iterator[Finding]:
    """What a layer without states computes that it should not, on either side.

    Args:
        twins: both; PyTorch's layer is tried with Keras's weights.
        layer: a name; not recurrent on either side.
        isolated: the twins at work.
    """
    arrays = dict(isolated.weights["keras"][layer])
    twin = twins.twin("torch", "float64")
    # With the same weights, only another computation makes another output.
    with pytorch_mistakes.injected(twin, ArraysOfLayer(lambda _: arrays), layer, None):
        gap = layer_gap(twin, layer, isolated.keras, around=isolated.around.get(layer))
    if gap.is_rounding:
        return
    kind = isolated.torch.kinds[layer]
    if kind in NORMALISATION:
        yield from differing_norms(layer, isolated)
        return
    suspects = []
    for side, anatomy in isolated.anatomies.items():
        for mistake in known_mistakes(Computation, kind):
            computed = mistake.effect.compute(anatomy.call(layer))
            if is_array(computed, anatomy.layer_outputs[layer]):
                suspects.append((side, mistake))
    if suspects:
        yield finding_in_layer(
            layer, isolated, suspects, Computation(_looking_up(arrays))
        )
        return
    unlike = unlike_options(layer, isolated)
    if unlike:
        yield from unlike
        return
    unknown = "what is made of the same input and weights is not the same"
    yield Finding(layer, unknown=f"{unknown}{suspected(layer, isolated)}")


def is_array(computed: Computed | None, array: np.ndarray) -> bool:
    """Whether what was computed for a layer that is not recurrent is this array."""
    return isinstance(computed, np.ndarray) and near(computed, array)


def _looking_up(arrays: Arrays) -> Callable[[Call], np.ndarray]:
    """What an embedding with these arrays should compute of its indices."""

    def compute(call: Call) -> np.ndarray:
        return arrays["weight"][call.x]  # (batch, time, features)

    return compute
