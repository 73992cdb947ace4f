"""Loops of PyTorch that leave out steps which Keras's layer is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from compare.diagnosing.finding import Finding, Reading
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import near
from compare.kinds.computing import Computed
from compare.kinds.mistake import Call, Computation
from compare.mistakes.runs import layer_of, runs_of


def steps_left_out(isolated: Isolated) -> Iterator[Finding]:
    """Loops that end before the last step, or begin after the first.

    The cure lets the last run go on to the end, or the first begin at the beginning.

    Args:
        isolated: the twins at work.
    """
    torch, keras = isolated.torch, isolated.keras
    for layer in dict.fromkeys(map(layer_of, torch.recurrent_calls)):
        runs = runs_of(layer, torch)
        if layer not in keras.recurrent_calls or runs == [layer]:
            continue
        if any(run not in torch.recurrent_calls for run in runs):
            continue
        keras_x = keras.recurrent_calls[layer].x
        steps = [torch.recurrent_calls[run].x for run in runs]
        number, time = len(runs), keras_x.shape[1]
        shapes = {step.shape for step in steps}
        if number >= time or shapes != {keras_x[:, :1].shape}:
            continue
        x = np.concatenate(steps, axis=1)
        if near(x, keras_x[:, :number]):
            cure = Computation(_going_on(keras_x[:, number:]))
            yield _finding(runs[-1], "last", isolated, number, time, cure)
        elif near(x, keras_x[:, -number:]):
            cure = Computation(_beginning(keras_x[:, :-number]))
            yield _finding(runs[0], "first", isolated, number, time, cure)


def _going_on(left_out: np.ndarray) -> Callable[[Call], Computed | None]:
    """What a run makes that goes on with the steps that are left out."""

    def compute(call: Call) -> Computed | None:
        result: Computed | None = call.run(x=np.concatenate([call.x, left_out], axis=1))
        return result

    return compute


def _beginning(left_out: np.ndarray) -> Callable[[Call], Computed | None]:
    """What a run makes that begins with the steps that are left out."""

    def compute(call: Call) -> Computed | None:
        result: Computed | None = call.run(x=np.concatenate([left_out, call.x], axis=1))
        return result

    return compute


def _finding(
    run: str, place: str, isolated: Isolated, number: int, time: int, cure: Computation
) -> Finding:
    """The finding that a loop leaves steps out.

    Args:
        run: of the layer, the one that the cure changes.
        place: "first" or "last", where the steps are that are left out.
        isolated: the twins at work.
        number: of runs in PyTorch.
        time: how many steps Keras's layer is given.
        cure: what lets PyTorch's layer read them all.
    """
    layer = layer_of(run)
    several = time - number
    steps = f"the {place} step" if several == 1 else f"the {place} {several} steps"
    verb = "is" if several == 1 else "are"
    sentence = (
        f"PyTorch's loop runs {layer} on {number} of {time} steps: {steps} {verb} left "
        "out"
    )
    fix = f"{layer} of PyTorch: run it on {steps} as well"
    keras = isolated.name(layer, "keras")
    readings = (
        Reading("torch", (), sentence, fix),
        Reading(
            "keras",
            (),
            f"{keras} of Keras is given {steps} beside the {number} that PyTorch reads",
            f"{keras} of Keras: leave {steps} of its input out",
        ),
    )
    return Finding(run, readings, cure=cure)
