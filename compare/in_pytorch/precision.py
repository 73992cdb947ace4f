"""PyTorch's settings while a twin runs, and lost digits."""

from __future__ import annotations

from contextlib import contextmanager

import torch


@contextmanager
def settled():
    """One thread inside: beside TensorFlow's, more slow small models a hundredfold."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class Narrowing(torch.overrides.TorchFunctionMode):
    """Notes the first function that makes fewer digits of float64."""

    def __init__(self):
        super().__init__()
        self.name = ""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        of = args[0] if args else None
        both = isinstance(made, torch.Tensor) and isinstance(of, torch.Tensor)
        less = torch.float32, torch.float16, torch.bfloat16
        if both and of.dtype == torch.float64 and made.dtype in less:
            self.name = self.name or function.__name__
        return made


@contextmanager
def default_precision(dtype):
    """What `torch.zeros` makes inside is of this precision."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        yield
    finally:
        torch.set_default_dtype(before)
