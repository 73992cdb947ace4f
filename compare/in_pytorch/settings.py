"""PyTorch's settings that a user may have changed, and the suite's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from compare import settings
from compare.settings import Setting, always

CPU = torch.device("cpu")


def _set_default_device(device: torch.device) -> None:
    """Set the device on which tensors are made; CPU, as it is where nobody set one.

    A device that is set costs time in each call, the CPU too.
    """
    if torch.get_default_device() != device:
        if device == CPU:
            torch.set_default_device(None)
        else:
            torch.set_default_device(device)


def _deterministic() -> tuple[bool, bool]:
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    return torch.are_deterministic_algorithms_enabled(), only_warned


def _set_deterministic(value: tuple[bool, bool]) -> None:
    if value == _deterministic():  # to set it loads PyTorch's compiler, which takes 1 s
        return
    on, only_warned = value
    torch.use_deterministic_algorithms(on, warn_only=only_warned)


def _detects_anomalies() -> tuple[bool, bool]:
    return torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()


def _set_anomalies(value: tuple[bool, bool]) -> None:
    on, nan_too = value
    torch.autograd.set_detect_anomaly(on, nan_too)


def _autocasts() -> bool:
    return torch.is_autocast_enabled("cpu")


def _set_autocast(on: bool) -> None:
    torch.set_autocast_enabled("cpu", on)


def _flushes() -> bool:
    """Whether numbers too small for all their digits are zero; of this thread."""
    smallest = sys.float_info.min
    return smallest / 2 == 0


SETTINGS = (
    Setting(torch.is_grad_enabled, torch.set_grad_enabled, always(True)),
    Setting(torch.get_default_dtype, torch.set_default_dtype, always(torch.float32)),
    Setting(torch.get_default_device, _set_default_device),  # ours: see `relied_on`
    Setting(_deterministic, _set_deterministic, always((False, False))),
    Setting(_detects_anomalies, _set_anomalies, always((False, True))),
    Setting(_autocasts, _set_autocast, always(False)),
    Setting(_flushes, torch.set_flush_denormal, always(False)),
    Setting(
        torch.get_float32_matmul_precision,
        torch.set_float32_matmul_precision,
        always("highest"),
    ),
    # More threads, beside TensorFlow's, slow small models a hundredfold.
    Setting(torch.get_num_threads, torch.set_num_threads, always(1)),
    Setting(torch.get_rng_state, torch.set_rng_state),
)


@contextmanager
def kept() -> Iterator[None]:
    """Let PyTorch's settings be after the block what they were before it."""
    with settings.kept(SETTINGS):
        yield


@contextmanager
def relied_on() -> Iterator[None]:
    """PyTorch as the suite relies on it inside the block, as a user left it after."""
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(settings.relied_on(SETTINGS))
        if "torch._dynamo" in sys.modules:  # a user's models may be compiled, or ours
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        if torch.get_default_device() != CPU:  # by a block of a user's, which goes on
            stack.enter_context(CPU)
        yield


def notes(made: bool) -> list[str]:
    """What of a user's settings the verdict does not speak of, a sentence each.

    Args:
        made: whether the suite makes the model; of no matter here.
    """
    sentences = []
    if _autocasts():
        sentences.append(
            "PyTorch's autocast is on here; the models are judged without it."
        )
    precision = torch.get_float32_matmul_precision()
    if precision != "highest":
        sentences.append(
            f"PyTorch multiplies float32 matrices in precision {precision!r} here; the "
            "models are judged with 'highest'."
        )
    return sentences
