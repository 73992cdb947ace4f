"""Layers that read a sequence from its end.

PyTorch's user reverses the steps before the layer; Keras's layer reverses them itself,
if it has go_backwards=True. So one function may show in different inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from compare.diagnosing.finding import known_mistakes
from compare.judging.distances import near
from compare.kinds.computing import Computed
from compare.kinds.mistake import Computation, RecurrentOutput
from compare.mistakes import Call
from compare.mistakes.anatomy import Anatomy

REVERSED, NOT_TURNED = "sequence reversed", "backward output not reversed"
LAST_FIRST = "every step, last first"


def as_pytorch_reads(torch: Anatomy, keras: Anatomy) -> tuple[Anatomy, tuple[str, ...]]:
    """Show Keras's layers that read from the end the way PyTorch's layers show it.

    Args:
        torch: what PyTorch's twin does where its layers hand on what Keras's layers do.
        keras: what Keras's twin does.

    Returns:
        Keras's anatomy, in which such layers are given the reversed input that
        PyTorch's layers are given; and the names of these layers.
    """
    calls = dict(keras.recurrent_calls)
    turned = []
    for layer, call in keras.recurrent_calls.items():
        torch_call = torch.recurrent_calls.get(layer)
        if torch_call is None or not are_reversed(torch_call, call):
            continue
        reversed_steps = call.x[:, ::-1].copy()  # torch.tensor takes no negative stride
        reversed_call = replace(call, x=reversed_steps)
        if hands_on(reversed_call, keras.recurrent_outputs[layer]):
            calls[layer] = reversed_call
            turned.append(layer)
    return replace(keras, recurrent_calls=calls), tuple(turned)


def are_reversed(call: Call, opposite: Call) -> bool:
    """Whether a layer is given the steps of another in reversed order.

    Sequences of several lengths, and those that read the same from either end, are not.
    """
    if call.lengths is not None or opposite.lengths is not None:
        return False
    return near(call.x, opposite.x[:, ::-1]) and not near(call.x, opposite.x)


def hands_on(call: Call, output: RecurrentOutput) -> bool:
    """Whether a layer makes this output: as it should, or by one mistake.

    The mistake of reading in the wrong direction is left out.
    """
    if _is_output(call.run(), output):
        return True
    for mistake in known_mistakes(Computation, call.kind):
        if mistake.name == REVERSED:
            continue
        if _is_output(mistake.effect.compute(call), output):
            return True
    return False


def _is_output(computed: Computed | None, output: RecurrentOutput) -> bool:
    """Whether all steps of a recurrent layer are those that it hands on."""
    if not isinstance(computed, Mapping) or not computed:
        return False
    return near(np.asarray(computed["output"]), output.output)
