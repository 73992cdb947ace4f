"""Live PyTorch models: what they are, copied, watched, and left as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.utils.hooks import RemovableHandle

from compare.errors import BadInput
from compare.in_pytorch import computed, internals
from compare.in_pytorch.internals import reads_its_mode
from compare.judging.words import Precision
from compare.one_line import class_name

BATCH_NORMS = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)


def is_model(value: object) -> bool:
    """Whether this is a model and not what makes one."""
    return isinstance(value, torch.nn.Module)


def check_usable(model: torch.nn.Module) -> None:
    """Check that a model has its numbers, and code in Python.

    Raises:
        BadInput: if it is compiled by torch.jit, or a tensor has no shape yet or is on
            the meta device; or if its `__init__` left out that of its base.
    """
    who = f"{class_name(model)} of PyTorch"
    compiled = isinstance(model, torch.jit.ScriptModule)  # what it has is not Python's
    if not compiled and "_modules" not in vars(model):
        raise BadInput(
            f"{who}: expected a model whose __init__ calls super().__init__(), got one "
            "that does not; call it there before all else"
        )
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise BadInput(
            f"{who}: expected a model in Python, got one compiled by torch.jit; give "
            "the nn.Module that it was made from"
        )
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if torch.nn.parameter.is_lazy(tensor):
            raise BadInput(
                f"{who}: expected a model that has its weights, got {name} without a "
                "shape yet; call the model once on an input first"
            )
        if tensor.is_meta:
            raise BadInput(
                f"{who}: expected a model that has its weights, got {name} on the meta "
                "device, which holds none; load them first"
            )


def copied(model: torch.nn.Module, dtype: Precision) -> torch.nn.Module:
    """A copy on the CPU, with the same weights, in a precision.

    Args:
        model: of any precision.
        dtype: "float32" or "float64".
    """
    copy = computed.copied(model).cpu()
    computed.hold(copy)  # as they are computed in the model's own precision
    return copy.to(getattr(torch, dtype))


def in_precision(model: torch.nn.Module, dtype: Precision) -> torch.nn.Module:
    """The model itself: `Twin` brings its parameters to the precision.

    Args:
        model: that a function has just made.
        dtype: "float32" or "float64".
    """
    return model


def default_dtype() -> str:
    """The precision in which a model would be made just now."""
    return str(torch.get_default_dtype()).removeprefix("torch.")


def dtypes(model: torch.nn.Module) -> set[str]:
    """The precisions of a model's weights, such as "float32"."""
    parameters = model.parameters()
    return {str(parameter.dtype).removeprefix("torch.") for parameter in parameters}


def is_compiled(model: torch.nn.Module) -> bool:
    """Whether `torch.compile` compiles a model, or a part of it, when it is called."""
    return any(internals.is_compiled(module) for module in model.modules())


def note_of_training(model: torch.nn.Module) -> str:
    """Say that a model computes something else now than in evaluation, or ""."""
    if not any(_learns(module) for module in model.modules()):
        return ""
    return (
        "PyTorch's model is in training mode; it is judged as in evaluation: call "
        ".eval() before you use it."
    )


def _learns(module: torch.nn.Module) -> bool:
    """Whether one module does, without those inside.

    Recurrent layers and attention ask for the mode even where they drop nothing.
    """
    if not module.training or not reads_its_mode(module):
        return False
    return getattr(module, "dropout", None) != 0


def keeps_states(model: torch.nn.Module) -> bool | None:
    """None: PyTorch's layers do not say whether a call begins with old states."""
    return None


def draw_from(seed: int) -> None:
    """Let the random numbers that are drawn from now on be those of a seed."""
    torch.manual_seed(seed)


@contextmanager
def untouched() -> Iterator[None]:
    """Leave PyTorch's random numbers as they were before the block.

    Gradients can be taken inside, also where a user's file has turned them off.
    """
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        yield


@contextmanager
def modes_kept(model: torch.nn.Module) -> Iterator[None]:
    """Leave each module in training or in evaluation as it was before the block."""
    modes = {module: module.training for module in model.modules()}
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextmanager
def noticing(model: torch.nn.Module, notice: Callable[[], object]) -> Iterator[None]:
    """Call `notice` whenever a layer of the model is called inside the block."""

    def hook(module: torch.nn.Module, args: tuple[object, ...]) -> None:
        notice()

    with hooked(module.register_forward_pre_hook(hook) for module in model.modules()):
        yield


@contextmanager
def hooked(hooks: Iterable[RemovableHandle]) -> Iterator[None]:
    """Take hooks away when the block ends."""
    handles = list(hooks)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def options_set(layer: torch.nn.Module, **options: Any) -> Iterator[None]:
    """Give a layer other options inside the block, and its own back afterwards."""
    before = {name: getattr(layer, name) for name in options}
    try:
        for name, value in options.items():
            setattr(layer, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(layer, name, value)


@contextmanager
def rows_learnt(model: torch.nn.Module, every: bool) -> Iterator[None]:
    """Let embeddings learn each row inside the block, also that of `padding_idx`.

    Args:
        model: whose embeddings.
        every: whether to do so; if not, all stays as it is.
    """
    with ExitStack() as stack:
        for layer in model.modules():
            if every and isinstance(layer, torch.nn.Embedding):
                stack.enter_context(options_set(layer, padding_idx=None))
        yield


def copy_numbers(source: torch.nn.Module, target: torch.nn.Module) -> None:
    """Give a model all numbers of another that was made in the same way.

    Args:
        source: whose parameters and buffers are read.
        target: in any precision; it holds as many, of the same shapes.
    """
    read = (*source.parameters(), *source.buffers())
    written = (*target.parameters(), *target.buffers())
    with torch.no_grad():
        for numbers, tensor in zip(read, written, strict=True):
            tensor.copy_(numbers)
