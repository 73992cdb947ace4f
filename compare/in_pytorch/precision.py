"""PyTorch's settings while a twin runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from compare.judging.words import Precision


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
