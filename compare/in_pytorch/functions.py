"""Functions of PyTorch that a model calls, each seen or changed as it is called."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

import torch

Function = Callable[..., Any]

BY_ITSELF, EXACT = 20, 40  # thresholds of a softplus: of PyTorch, and for float64
LESS = (torch.float32, torch.float16, torch.bfloat16)  # than float64


class FunctionMode(torch.overrides.TorchFunctionMode):
    """Hands each call of a function of PyTorch that is made inside a block to `call`.

    One that is made by `call` itself goes on to the mode around this one.
    """

    def __torch_function__(
        self,
        function: Function,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        return self.call(function, args, dict(kwargs or {}))

    def call(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call a function in the place of the model.

        Args:
            function: of PyTorch.
            args: its positional arguments.
            kwargs: its other arguments.

        Returns:
            what the model is to get.
        """
        raise NotImplementedError


def calling_frame() -> FrameType:
    """The frame that called the function for which a mode's `call` asks this.

    It looks past a `RightInDouble` and a `Narrowing` between the two.
    """
    frame = sys._getframe(3)  # noqa: SLF001  past this, `call`, `__torch_function__`
    while frame.f_code.co_filename == __file__ and frame.f_back is not None:
        frame = frame.f_back
    return frame


class RightInDouble(FunctionMode):
    """Inside, two functions that are wrong in float64 alone are right.

    A softplus becomes linear above 40, not above 20, where it is off by up to 2e-9.
    Attention reads numbers in float32 that are added to its scores, as a module makes
    them with `.float()`, as if they were float64 (seen in torch 2.13 from 40 steps on).
    """

    def call(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call a function, one of these with other arguments."""
        if function is torch.nn.functional.softplus and args:
            named = dict(kwargs)
            named |= zip(("beta", "threshold"), args[1:], strict=False)
            threshold = named.get("threshold", BY_ITSELF)
            is_double = args[0].dtype == torch.float64
            if is_double and threshold == BY_ITSELF:
                return function(args[0], named.get("beta", 1), EXACT)
        if function is torch.nn.functional.scaled_dot_product_attention:
            return _attention(*args, **kwargs)
        return function(*args, **kwargs)


def _attention(query: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
    """Attention with what is added to the scores in the dtype of its queries."""
    named = {**dict(zip(("key", "value", "attn_mask"), args, strict=False)), **kwargs}
    mask = named.get("attn_mask")
    if isinstance(mask, torch.Tensor) and mask.is_floating_point():
        named["attn_mask"] = mask.to(query.dtype)
    rest = args[3:]
    function: Function = torch.nn.functional.scaled_dot_product_attention
    ordered = [named.pop(key) for key in ("key", "value")]
    return function(query, *ordered, named.pop("attn_mask", None), *rest, **named)


class Narrowing(FunctionMode):
    """Notes the first function inside that makes fewer digits of float64.

    Attributes:
        name: of that function, or "".
    """

    def __init__(self) -> None:
        super().__init__()
        self.name = ""

    def call(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call a function, and note it where its result has fewer digits."""
        result = function(*args, **kwargs)
        if not self.name and args and _is_narrower(args[0], result):
            self.name = function.__name__
        return result


def _is_narrower(x: object, result: object) -> bool:
    """Whether x is a tensor in float64 and the result one in less."""
    if not isinstance(x, torch.Tensor) or not isinstance(result, torch.Tensor):
        return False
    return x.dtype == torch.float64 and result.dtype in LESS
