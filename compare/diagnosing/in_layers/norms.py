"""How two layers that normalise differ: in an option, or by a known mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from compare.diagnosing.finding import (
    Finding,
    Reading,
    finding_in_layer,
    known_mistakes,
    mistake_named,
    worded,
)
from compare.diagnosing.finding import reading as read
from compare.diagnosing.in_layers.fixes import fix_of_option, written
from compare.diagnosing.in_layers.options import unlike_options
from compare.diagnosing.isolated import Isolated
from compare.diagnosing.wordings import PLACES, Wording
from compare.judging.distances import near
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds import BY_TORCH_NAME
from compare.kinds.computing import Computed
from compare.kinds.mistake import Call, Computation, Mistake
from compare.mistakes import MISTAKES
from compare.mistakes.anatomy import Anatomy

BATCH = "statistics of the batch for learnt statistics"
DEFAULTS = (1e-5, 1e-3)  # of PyTorch, and of Keras


class _Setting(NamedTuple):
    """How a layer may normalise.

    Args:
        epsilon: what is added to the variance; None where it is not known.
        of_batch: whether mean and variance are those of the batch.
    """

    epsilon: float | None
    of_batch: bool


def differing_norms(layer: str, isolated: Isolated) -> Iterator[Finding]:
    """Say how two layers that normalise differ on the same input and weights.

    Args:
        layer: its name.
        isolated: what both layers do.
    """
    torch, keras = isolated.torch, isolated.keras
    epsilons = [
        torch.call(layer).options.get("epsilon"),
        keras.call(layer).options.get("epsilon"),
        *DEFAULTS,
    ]
    settings: dict[Side, list[_Setting]] = {
        "torch": _fitting_settings(layer, torch, epsilons),
        "keras": _fitting_settings(layer, keras, epsilons),
    }
    if not settings["torch"] or not settings["keras"]:
        unexplained = [side for side in SIDES if not settings[side]]
        yield _of_mistakes(layer, isolated, unexplained)
        return
    if set(settings["torch"]) & set(settings["keras"]):
        named = list(_unlike_options(layer, isolated, _cure(layer, isolated)))
        yield from named or unlike_options(layer, isolated)
        return
    chosen = {side: fitting[0] for side, fitting in settings.items()}
    cure = _cure(
        layer,
        isolated,
        epsilon=chosen["keras"].epsilon,
        training=chosen["keras"].of_batch,
    )
    of_batch = [side for side, setting in chosen.items() if setting.of_batch]
    if len(of_batch) == 1:
        side = of_batch[0]
        reading = read(isolated.name(layer, side), side, mistake_named(BATCH))
        yield Finding(layer, (reading,), cure=cure)
    if chosen["torch"].epsilon != chosen["keras"].epsilon:
        yield Finding(layer, _epsilon_readings(layer, isolated, chosen), cure=cure)
    yield from _unlike_options(layer, isolated, cure)


def _fitting_settings(
    layer: str, anatomy: Anatomy, epsilons: Sequence[float | None]
) -> list[_Setting]:
    """The settings with which a layer makes what it makes on one side.

    Args:
        layer: its name.
        anatomy: what that side does.
        epsilons: those to try; None where one is not known.
    """
    call, output = anatomy.call(layer), anatomy.layer_outputs[layer]
    settings = []
    for epsilon in dict.fromkeys(epsilons):  # each once, in this order
        for of_batch in (False, True):
            if near(call.run(epsilon=epsilon, training=of_batch), output):
                settings.append(_Setting(epsilon, of_batch))
    return settings


def _cure(layer: str, isolated: Isolated, **options: Any) -> Computation:
    """Make PyTorch's layer compute what Keras's layer does, with these options."""
    keras = isolated.keras.call(layer)
    arrays = isolated.weights["keras"][layer]

    def compute(call: Call) -> Any:
        keras_call = replace(call, arrays=arrays, options=keras.options)
        return keras_call.run(**options)

    return Computation(compute)


# ---------------------------------------------------------------------- known mistakes


def _of_mistakes(
    layer: str, isolated: Isolated, unexplained: Sequence[Side]
) -> Finding:
    """The known mistakes of sides that do not just have another epsilon.

    Args:
        layer: its name.
        isolated: what both layers do.
        unexplained: the sides that no setting explains, PyTorch first.
    """
    anatomies: dict[Side, Anatomy] = {"torch": isolated.torch, "keras": isolated.keras}
    suspects: list[tuple[Side, Mistake[Computation]]] = []
    cure = _cure(layer, isolated)
    for side in unexplained:
        fitting = _fitting_mistakes(layer, anatomies[side])
        if not fitting:
            unknown = (
                "what is made of the same input and weights is something unknown in "
                f"{SIDES[side]}"
            )
            return Finding(layer, unknown=unknown)
        suspects += [(side, mistake) for mistake in fitting]
        if side == "keras":
            cure = _with_mistake(fitting[0], isolated.weights["keras"][layer])
    return finding_in_layer(layer, isolated, suspects, cure)


def _fitting_mistakes(layer: str, anatomy: Anatomy) -> list[Mistake[Computation]]:
    """The mistakes by which a layer makes what it makes on one side."""
    call, output = anatomy.call(layer), anatomy.layer_outputs[layer]
    fitting = []
    for mistake in known_mistakes(Computation, call.kind):
        result = mistake.effect.compute(call)
        if isinstance(result, np.ndarray) and near(result, output):
            fitting.append(mistake)
    return fitting


def _with_mistake(
    mistake: Mistake[Computation], arrays: Mapping[str, np.ndarray]
) -> Computation:
    """Make PyTorch's layer make the mistake of Keras's layer, with its arrays."""

    def compute(call: Call) -> Computed | None:
        return mistake.effect.compute(replace(call, arrays=arrays))

    return Computation(compute)


def _unlike_options(
    layer: str, isolated: Isolated, cure: Computation
) -> Iterator[Finding]:
    """Mistakes that show in another value of an option on either side."""
    torch, keras = isolated.torch.call(layer), isolated.keras.call(layer)
    calls: dict[Side, Call] = {"torch": torch, "keras": keras}
    for mistake in known_mistakes(Computation, torch.kind):
        option = mistake.effect.option
        if option and torch.options[option] != keras.options[option]:
            readings = [
                read(
                    isolated.name(layer, side), side, _with_values(mistake, side, calls)
                )
                for side in SIDES
            ]
            yield Finding(layer, tuple(readings), cure=cure)


def _with_values(
    mistake: Mistake[Computation], side: Side, calls: Mapping[Side, Call]
) -> Mistake[Computation]:
    """A mistake in a setting with the value that a side has, and the right one."""
    name = mistake.effect.option
    option = BY_TORCH_NAME[calls["torch"].kind].option(name)
    value, right = calls[side].options[name], calls[OTHER[side]].options[name]
    sentence = f"{mistake.sentence}: {name} is {written(value)}, not {written(right)}"
    fix = fix_of_option(option, side, calls)
    return replace(mistake, sentence=sentence, torch=fix, keras=fix)


# ---------------------------------------------------------------------------- epsilons


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
    wording = Wording(
        f"in {PLACES['torch']}, the epsilon below the root is {torch_epsilon} in "
        f"PyTorch, {keras_epsilon} in Keras",
        f"either {PLACES['torch']} of PyTorch: eps={keras_epsilon} or "
        f"{PLACES['keras']} of Keras: epsilon={torch_epsilon}",
    )
    names = {side: isolated.name(layer, side) for side in SIDES}
    return (worded("", (), wording, names),)


def _written(epsilon: float | None) -> str:
    """An epsilon as the names of mistakes have it: 1e-3, not 0.001 or 1e-03."""
    return f"{epsilon:g}".replace("e-0", "e-").replace("0.001", "1e-3")
