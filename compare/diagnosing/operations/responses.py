"""Norms of local responses, whose settings mean other things in each framework.

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html,
    which divides alpha by the size;
    https://www.tensorflow.org/api_docs/python/tf/nn/local_response_normalization.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.naming import at
from compare.diagnosing.operations.worded import Worded
from compare.judging.explanation import listed
from compare.judging.words import Side
from compare.mistakes.traces import Step

IN_PYTORCH = ("LocalResponseNorm", "local_response_norm")
IN_KERAS = "local_response_normalization"  # also what users call `lrn`
NAMES: Mapping[Side, tuple[str, ...]] = {
    "torch": ("size", "alpha", "beta", "k"),
    "keras": ("depth_radius", "alpha", "beta", "bias"),
}
# By place after the tensor, as either function has them.
PLACES: Mapping[Side, tuple[str, ...]] = {
    "torch": ("size", "alpha", "beta", "k"),
    "keras": ("depth_radius", "bias", "alpha", "beta"),
}
DEFAULTS: Mapping[Side, Mapping[str, float]] = {
    "torch": {"alpha": 1e-4, "beta": 0.75, "k": 1.0},
    "keras": {"depth_radius": 5, "alpha": 1.0, "beta": 0.5, "bias": 1.0},
}


@dataclass(frozen=True)
class Response:
    """What a norm of local responses is told.

    Args:
        size: channels that are summed up.
        alpha: times the sum of their squares.
        beta: the power of the divisor.
        bias: that is added to it.
    """

    size: int
    alpha: float
    beta: float
    bias: float


def unlike_responses(change: Candidate) -> Worded | None:
    """Name the settings in which two norms of local responses differ, if they do."""
    keras = change.keras
    if keras is None or keras.name != IN_KERAS:
        return None
    if change.torch.name not in IN_PYTORCH:
        return None
    settings: dict[Side, dict[str, float]] = {
        "torch": _settings(change.torch, "torch"),
        "keras": _settings(keras, "keras"),
    }
    if "size" not in settings["torch"]:
        return None
    responses: dict[Side, Response] = {
        "torch": _of_torch(settings["torch"]),
        "keras": _of_keras(settings["keras"]),
    }
    right: dict[Side, dict[str, float]] = {
        "torch": _as_torch(responses["keras"]),
        "keras": _as_keras(responses["torch"]),
    }
    unlike = []
    for torch_name, keras_name in zip(NAMES["torch"], NAMES["keras"], strict=True):
        own = settings["torch"][torch_name]
        if abs(own - right["torch"][torch_name]) > 1e-9 * abs(own):
            unlike.append((torch_name, keras_name))
    if not unlike:
        return None
    has, keras_has = [], []
    in_torch, in_keras = [], []
    for torch_name, keras_name in unlike:
        has.append(f"{torch_name}={settings['torch'][torch_name]:g}")
        keras_has.append(f"{keras_name}={settings['keras'][keras_name]:g}")
        in_torch.append(f"{torch_name}={right['torch'][torch_name]:g}")
        in_keras.append(f"{keras_name}={right['keras'][keras_name]:g}")
    where, keras_where = at(change.torch), at(keras)
    sentence = (
        f"the local response norm of PyTorch{where} has {listed(has)}, that of Keras"
        f"{keras_where} {listed(keras_has)}"
    )
    if ("alpha", "alpha") in unlike:
        sentence += ", where PyTorch divides alpha by its size and Keras does not"
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: {', '.join(in_torch)}",
        "keras": f"Keras{keras_where}: {', '.join(in_keras)}",
    }
    names = listed([torch_name for torch_name, _ in unlike])
    return Worded(f"{names} of a local response norm", sentence, fixes)


def _settings(step: Step, side: Side) -> dict[str, float]:
    """What a step is told, by name, with the defaults of its framework."""
    settings = {**DEFAULTS[side]}
    for place, name in enumerate(PLACES[side], start=1):
        value = step.arguments.get(name, step.arguments.get(str(place)))
        if isinstance(value, int | float):
            settings[name] = value
    return settings


def _of_torch(settings: Mapping[str, float]) -> Response:
    size = int(settings["size"])
    return Response(size, settings["alpha"] / size, settings["beta"], settings["k"])


def _of_keras(settings: Mapping[str, float]) -> Response:
    size = 2 * int(settings["depth_radius"]) + 1
    return Response(size, settings["alpha"], settings["beta"], settings["bias"])


def _as_torch(response: Response) -> dict[str, float]:
    alpha = response.alpha * response.size
    return {
        "size": response.size,
        "alpha": alpha,
        "beta": response.beta,
        "k": response.bias,
    }


def _as_keras(response: Response) -> dict[str, float]:
    return {
        "depth_radius": response.size // 2,
        "alpha": response.alpha,
        "beta": response.beta,
        "bias": response.bias,
    }
