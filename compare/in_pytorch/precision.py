"""PyTorch's settings while a twin runs, and lost digits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch

from compare.judging.words import Precision

BY_ITSELF, EXACT = 20, 40  # thresholds of a softplus: of PyTorch, and for float64
LESS = (torch.float32, torch.float16, torch.bfloat16)  # than float64


@contextmanager
def settled(dtype: Precision) -> Iterator[None]:
    """Let what is made inside, as by `torch.zeros`, be of this precision.

    Transformers do what they do while they learn. In evaluation they would go a way of
    their own that puts zeros where a step is padding, and that hooks end.
    """
    before, fast = torch.get_default_dtype(), torch.backends.mha.get_fastpath_enabled()
    torch.set_default_dtype(getattr(torch, dtype))
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
        torch.backends.mha.set_fastpath_enabled(fast)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread inside: more, beside TensorFlow's, slow small models a hundredfold."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def widen(model: torch.nn.Module, dtype: Precision) -> None:
    """Bring tensors to a precision that modules hold beside weights and buffers.

    `model.to` leaves them as they are.
    """
    for module in model.modules():
        for name, value in vars(module).items():
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                vars(module)[name] = value.to(getattr(torch, dtype))


def tell_epsilons(model: torch.nn.Module) -> None:
    """Tell each RMS norm the epsilon that it takes by itself in float32.

    It is the machine epsilon of what it is given: in float64 a twin would compute
    something else than the model.
    """
    for module in model.modules():
        if isinstance(module, torch.nn.RMSNorm) and module.eps is None:
            module.eps = torch.finfo(torch.float32).eps


class ExactSoftplus(torch.overrides.TorchFunctionMode):
    """Inside, a softplus of float64 becomes linear above 40, not above 20.

    Above 20 it is off by up to 2e-9, which float32 does not show and float64 does.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function, a softplus with another threshold than its own."""
        named = dict(kwargs or {})
        if func is torch.nn.functional.softplus and args:
            named |= zip(("beta", "threshold"), args[1:], strict=False)
            threshold = named.get("threshold", BY_ITSELF)
            is_double = args[0].dtype == torch.float64
            if is_double and threshold == BY_ITSELF:
                return func(args[0], named.get("beta", 1), EXACT)
        return func(*args, **(kwargs or {}))


def caller() -> FrameType:
    """The frame that called what called this, past an `ExactSoftplus` between them."""
    frame = sys._getframe(2)  # noqa: SLF001
    while frame.f_code.co_filename == __file__ and frame.f_back is not None:
        frame = frame.f_back
    return frame


class Narrowing(torch.overrides.TorchFunctionMode):
    """Notes the first function inside that makes fewer digits of float64.

    Attributes:
        name: of that function, or "".
    """

    def __init__(self) -> None:
        super().__init__()
        self.name = ""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        if not self.name and args and _is_narrower(args[0], result):
            self.name = function.__name__
        return result


def _is_narrower(x: object, result: object) -> bool:
    """Whether x is a tensor in float64 and the result one in less."""
    if not isinstance(x, torch.Tensor) or not isinstance(result, torch.Tensor):
        return False
    return x.dtype == torch.float64 and result.dtype in LESS
