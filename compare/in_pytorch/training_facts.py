"""What a PyTorch model does while it learns and not while it predicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import torch

from compare.in_pytorch.functions import Function, FunctionMode
from compare.in_pytorch.internals import WatchedOperations
from compare.in_pytorch.layers import holders
from compare.in_pytorch.models import BATCH_NORMS, hooked, modes_kept, untouched
from compare.in_pytorch.refusals import REFUSALS
from compare.in_pytorch.twin import Twin
from compare.judging.training_facts import Draw, DrawKind, TrainingFacts
from compare.kinds.batch_norm import keras_momentum

ALPHA_DROPOUTS = ("alpha_dropout", "feature_alpha_dropout")
# Beginnings of the names of operations that draw numbers, and what they are for.
NORMAL = ("randn", "normal")
UNIFORM = ("rand", "uniform", "bernoulli", "multinomial", "exponential", "rrelu_with")


def facts(twin: Twin, arrays: Sequence[np.ndarray]) -> TrainingFacts:
    """Read them from a model, which runs in training mode; it is as it was afterwards.

    Args:
        twin: in the precision in which it can run.
        arrays: one for each input.
    """
    model = twin.model
    with _left_as_it_was(model):
        model.train()
        less_one: set[str] = set()
        with hooked(_hooks_on_variances(model, less_one)):
            draws, states = _draws(twin, arrays)
        statistics = _statistics(model)
    return TrainingFacts(
        draws=draws,
        states=states,
        less_one=frozenset(less_one),
        idle=tuple(_idle(model)),
        statistics=statistics,
        learnt=_learnt(model),
        padding=_padding(model),
    )


@contextmanager
def _left_as_it_was(model: torch.nn.Module) -> Iterator[None]:
    """Leave modes, statistics of batches and random numbers as they were."""
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    try:
        with untouched(), modes_kept(model), torch.no_grad():
            yield
    finally:
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                if name in buffers:
                    buffer.copy_(buffers[name])


# ------------------------------------------------------------------------ random draws


def _draws(
    twin: Twin, arrays: Sequence[np.ndarray]
) -> tuple[tuple[Draw, ...], tuple[str, ...]]:
    """What a run draws at random, in order, and what keeps states from call to call.

    Nothing of either where the model refuses to run.
    """
    running: list[str] = []  # names of the modules that are in their forward
    watched: list[Draw] = []
    results: list[list[np.ndarray]] = []
    operations = _Operations(running, watched)
    functions = _Functions(operations)
    hooks = list(_hooks(twin.model, running))
    with suppress(*REFUSALS), hooked(hooks), operations, functions:
        results.append(_results(twin, arrays))
    if watched or not results:
        return tuple(watched), ()
    with suppress(*REFUSALS):
        results.append(_results(twin, arrays))
        if not _differ(*results):
            return (), ()
        twin.model.eval()
        if _differ(_results(twin, arrays), _results(twin, arrays)):
            return (), ("",)  # nobody can tell which layer
        # Drawn elsewhere than in PyTorch, where nobody watches.
        return (Draw("random numbers", None, ""),), ()
    return (), ()


def _results(twin: Twin, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What the model returns, as arrays."""
    copies = [array.copy() for array in arrays]
    return [result.numpy() for result in twin.results(twin.tensors(copies))]


def _differ(results: Sequence[np.ndarray], again: Sequence[np.ndarray]) -> bool:
    """Whether two runs on one input gave other numbers."""
    return any(
        not np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        for a, b in zip(results, again, strict=True)
    )


def _hooks(model: torch.nn.Module, running: list[str]) -> Iterator[Any]:
    """Hooks that keep the names of the modules that are running in a list."""

    def entering(name: str) -> Callable[..., None]:
        def enter(module: torch.nn.Module, args: object) -> None:
            running.append(name)

        return enter

    def leave(module: torch.nn.Module, args: object, result: object) -> None:
        if running:
            running.pop()

    for name, module in model.named_modules():
        yield module.register_forward_pre_hook(entering(name))
        yield module.register_forward_hook(leave)


class _Operations(WatchedOperations):
    """Notes the operations that draw random numbers, in modules and in code alike.

    Args:
        running: names of the modules that run, the innermost last.
        draws: gets what is drawn.
    """

    def __init__(self, running: Sequence[str], draws: list[Draw]) -> None:
        super().__init__()
        self._running, self._draws = running, draws
        self.alpha = False  # whether an alpha dropout is at work

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kind, rate = _drawn(func.overloadpacket.__name__, args)
        if kind is not None:
            if self.alpha:
                kind = "alpha dropout"
            place = self._running[-1] if self._running else ""
            self._draws.append(Draw(kind, rate, place))
        return func(*args, **(kwargs or {}))


class _Functions(FunctionMode):
    """Says when an alpha dropout is at work, whose operation is that of any dropout."""

    def __init__(self, operations: _Operations) -> None:
        super().__init__()
        self._operations = operations

    def call(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Make a call, and tell the operations in it whether it is an alpha dropout."""
        before = self._operations.alpha
        self._operations.alpha |= getattr(function, "__name__", "") in ALPHA_DROPOUTS
        try:
            return function(*args, **kwargs)
        finally:
            self._operations.alpha = before


def _drawn(operation: str, args: Sequence[Any]) -> tuple[DrawKind | None, float | None]:
    """What an operation draws, and the rate of a dropout; None where it draws nothing.

    Args:
        operation: its name, such as "bernoulli_".
        args: its arguments.
    """
    if operation == "native_dropout":
        return "dropout", _rounded(args[1])
    if operation.startswith("bernoulli"):
        share_kept = _share_kept(operation, args)
        if share_kept is not None and 0 < share_kept < 1:
            shared = args[0].dim() > 1 and 1 in args[0].shape[1:]
            kind: DrawKind = "dropout of whole channels" if shared else "dropout"
            return kind, _rounded(1 - share_kept)
    if operation.startswith(NORMAL):
        return "noise", None
    if operation.startswith(UNIFORM):
        return "random numbers", None
    return None, None


def _rounded(rate: float) -> float:
    """A rate as it was written: 1 - (1 - 0.3) is not 0.3."""
    return round(float(rate), 6)


def _share_kept(operation: str, args: Sequence[Any]) -> float | None:
    """The share of ones that an operation draws; None where it is not one number."""
    if len(args) > 1:
        share = args[1]
        return share if isinstance(share, float) else None
    if operation == "bernoulli_":
        return 0.5  # its default, which is not handed on
    shares = args[0].flatten()
    if not len(shares) or not bool((shares == shares[0]).all()):
        return None
    return float(shares[0])


def _idle(model: torch.nn.Module) -> Iterator[str]:
    """Dropouts of recurrent layers that act between layers, where there is one."""
    for name, module in model.named_modules():
        if not isinstance(module, torch.nn.RNNBase) or module.num_layers > 1:
            continue
        if module.dropout:
            layer = name or type(module).__name__
            yield (
                f"{layer}'s dropout={module.dropout:g} acts between its layers, and "
                "there is one"
            )


# ------------------------------------------------------------------------------ layers


def _statistics(model: torch.nn.Module) -> dict[str, float | None]:
    """The momentum of every batch norm that keeps statistics, in Keras's words."""
    momenta: dict[str, float | None] = {}
    for name, module in model.named_modules():
        if not isinstance(module, BATCH_NORMS) or not module.track_running_stats:
            continue
        momenta[name] = None
        if module.training and module.momentum is not None:
            momenta[name] = keras_momentum(module.momentum)
    return momenta


def _hooks_on_variances(model: torch.nn.Module, less_one: set[str]) -> Iterator[Any]:
    """Hooks that name the batch norms whose running variance divides by n - 1.

    A user's own may divide by n, as Keras does: what each does is looked at.
    """

    def watching(name: str, layer: Any) -> Iterator[Any]:
        before: list[torch.Tensor] = []

        def keep(module: torch.nn.Module, args: object) -> None:
            before.append(layer.running_var.clone())

        def look(module: torch.nn.Module, args: Any, result: object) -> None:
            old, x = before.pop(), args[0].transpose(0, 1).flatten(1)
            momentum = layer.momentum
            if not layer.training or not momentum or x.shape[1] < 2:
                return
            gaps = []
            for correction in (0, 1):
                new = x.var(1, correction=correction)
                expected = old + momentum * (new - old)
                gaps.append(float((layer.running_var - expected).abs().max()))
            if gaps[1] < gaps[0]:
                less_one.add(name)

        yield layer.register_forward_pre_hook(keep)
        yield layer.register_forward_hook(look)

    for name, module in model.named_modules():
        if isinstance(module, BATCH_NORMS) and module.track_running_stats:
            yield from watching(name, module)


def _learnt(model: torch.nn.Module) -> Mapping[str, Mapping[str, np.ndarray]]:
    """1 for each number of a weight that is learnt, else 0, by layer and array."""
    learnt: dict[str, dict[str, np.ndarray]] = {}
    for name, tensors in holders(model).items():
        learnt[name] = {}
        for key, tensor in tensors.items():
            is_learnt = np.float32(tensor.requires_grad)
            learnt[name][key] = np.broadcast_to(is_learnt, tensor.shape)
    return learnt


def _padding(model: torch.nn.Module) -> dict[str, int]:
    """The row of each embedding that is never learnt, counted from 0."""
    rows = {}
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Embedding) and module.padding_idx is not None:
            rows[name] = module.padding_idx
    return rows
