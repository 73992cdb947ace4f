"""How two layers that normalise differ: in their epsilon, or in their statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from compare.diagnosing.finding import Finding, Reading, named
from compare.diagnosing.finding import reading as read
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import near
from compare.judging.evidence import OTHER, SIDES
from compare.kinds.mistake import Computation
from compare.kinds.norms import normalised
from compare.mistakes import MISTAKES, Call

if TYPE_CHECKING:
    import numpy as np

    from compare.judging.words import Side
    from compare.mistakes.anatomy import Anatomy

BATCH = "statistics of the batch for learnt statistics"
DEFAULTS = (1e-5, 1e-3)  # of PyTorch, and of Keras


class _Setting(NamedTuple):
    """How a layer may normalise.

    Args:
        epsilon: what is added to the variance.
        of_batch: whether mean and variance are those of the batch.
    """

    epsilon: float
    of_batch: bool


def normalises(layer: str, isolated: Isolated) -> Iterator[Finding]:
    """What differs in what a layer that normalises makes of the same input and weights.

    Args:
        layer: its name.
        isolated: as `isolation.isolate` gives it.
    """
    torch, keras = isolated.torch, isolated.keras
    epsilons = [torch.epsilons.get(layer), keras.epsilons.get(layer), *DEFAULTS]
    fitting: dict[Side, list[_Setting]] = {
        "torch": _fitting(layer, torch, epsilons),
        "keras": _fitting(layer, keras, epsilons),
    }
    for side, settings in fitting.items():
        if not settings:
            unknown = (
                "what is made of the same input and weights is something unknown in "
                f"{SIDES[side]}"
            )
            yield Finding(layer, unknown=unknown)
            return
    if set(fitting["torch"]) & set(fitting["keras"]):
        return
    chosen = {side: settings[0] for side, settings in fitting.items()}
    cure = _cure(isolated.weights["keras"][layer], chosen["keras"])
    of_batch = [side for side, setting in chosen.items() if setting.of_batch]
    if len(of_batch) == 1:
        side = of_batch[0]
        reading = read(isolated.name(layer, side), side, named(BATCH))
        yield Finding(layer, (reading,), cure=cure)
    if chosen["torch"].epsilon != chosen["keras"].epsilon:
        yield Finding(layer, _epsilon_readings(layer, isolated, chosen), cure=cure)


def _fitting(
    layer: str, anatomy: Anatomy, epsilons: Sequence[float | None]
) -> list[_Setting]:
    """The settings with which a layer makes what it makes on one side.

    Args:
        layer: its name.
        anatomy: what that side does.
        epsilons: those to try; None where one is not known.
    """
    call, output = anatomy.call(layer), anatomy.made[layer]
    settings = []
    for epsilon in dict.fromkeys(epsilons):  # each once, in this order
        if epsilon is None:
            continue
        for of_batch in (False, True):
            if near(normalised(call, epsilon, of_batch), output):
                settings.append(_Setting(epsilon, of_batch))
    return settings


def _cure(arrays: Mapping[str, np.ndarray], setting: _Setting) -> Computation:
    """The cure that normalises with the arrays and the setting of Keras's layer."""

    def compute(call: Call) -> np.ndarray | None:
        keras_call = replace(call, arrays=arrays)
        return normalised(keras_call, setting.epsilon, setting.of_batch)

    return Computation(compute)


def _epsilon_readings(
    layer: str, isolated: Isolated, chosen: Mapping[Side, _Setting]
) -> tuple[Reading, ...]:
    """Whose epsilon may be wrong; by name where one is a default of the other side."""
    torch_epsilon = _written(chosen["torch"].epsilon)
    keras_epsilon = _written(chosen["keras"].epsilon)
    written: dict[Side, str] = {"torch": torch_epsilon, "keras": keras_epsilon}
    readings = []
    for mistake in MISTAKES:
        for side, opposite in OTHER.items():
            if mistake.name == f"epsilon {written[side]} for {written[opposite]}":
                readings.append(read(isolated.name(layer, side), side, mistake))
    if readings:
        return tuple(readings)
    sentence = (
        f"in {layer}, the epsilon below the root is {torch_epsilon} in PyTorch, "
        f"{keras_epsilon} in Keras"
    )
    fix = (
        f"either {isolated.name(layer, 'torch')} of PyTorch: eps={keras_epsilon} or "
        f"{isolated.name(layer, 'keras')} of Keras: epsilon={torch_epsilon}"
    )
    return (Reading("", (), sentence, fix),)


def _written(epsilon: float) -> str:
    """An epsilon as the names of mistakes have it: 1e-3, not 0.001 or 1e-03."""
    return f"{epsilon:g}".replace("e-0", "e-").replace("0.001", "1e-3")
