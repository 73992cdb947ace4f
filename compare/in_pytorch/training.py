"""How a twin learns in PyTorch."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from compare.in_pytorch.layers import holders, layers
from compare.in_pytorch.statistics import statistics_kept
from compare.in_pytorch.twin import Twin, gradient_of
from compare.judging.model_causes import Alignment
from compare.judging.optimizers import Optimizer
from compare.matching import adapter
from compare.matching.moves import Sum
from pytorch_models import optimizers as as_in_keras

# PyTorch's names of an optimiser's settings, where Keras has other names.
PYTORCH_NAMES = {"learning_rate": "lr", "rho": "alpha", "epsilon": "eps"}
SETTINGS = ("learning_rate", "momentum", "rho", "epsilon", "weight_decay")


def script(
    make: Callable[[], torch.nn.Module], seed: int, examples: int
) -> tuple[adapter.Weights, Callable[[], Iterator[list[int]]]]:
    """What a training script gets that begins with `torch.manual_seed(seed)`.

    Such a script makes the model, then a `DataLoader` with `shuffle=True`; what it
    draws is the recipe of `pytorch_models/stock_data.py`. The global random numbers are
    as they were afterwards.

    Returns:
        The weights that the new model has, by layer and name; and what yields the
        order of the examples in one epoch after the other, each time from the first.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        new = layers(make())
        start = torch.get_rng_state()

    def orders() -> Iterator[list[int]]:
        state = start
        while True:
            with torch.random.fork_rng(devices=[]):
                torch.set_rng_state(state)
                torch.empty((), dtype=torch.int64).random_()  # the loader's base seed
                order = list(torch.utils.data.RandomSampler(range(examples)))
                state = torch.get_rng_state()
            yield order

    return {name: dict(layer.arrays) for name, layer in new.items()}, orders


def defaults(cls: str) -> dict[str, float]:
    """PyTorch's own settings of an optimiser, by Keras's names."""
    parameters = inspect.signature(getattr(torch.optim, cls)).parameters
    values = {}
    for setting in SETTINGS:
        parameter = parameters.get(PYTORCH_NAMES.get(setting, setting))
        if parameter is not None:
            values[setting] = parameter.default
    if "betas" in parameters:
        values["beta_1"], values["beta_2"] = parameters["betas"].default
    return values


class Training(adapter.Training):
    """A twin that learns: each call takes one step.

    Args:
        twin: its weights are changed.
        loss: takes the model's first result and the target.
        optimizer: what to step with. With `align_biases` the second bias of each of
            `sums` is added to the first and stays zero from then on, so that their sum
            takes one step, as Keras's bias does.
        sums: pairs of biases that PyTorch adds.
        alignment: what it does otherwise than its model.
    """

    def __init__(
        self,
        twin: Twin,
        loss: adapter.Loss,
        optimizer: Optimizer,
        sums: Sequence[Sum],
        alignment: Alignment,
    ) -> None:
        self.twin, self.loss, self.alignment = twin, loss, alignment
        twin.left_out = alignment.left_out
        self._weights = {}
        for name, held in holders(twin.model).items():
            self._weights[name] = {key: tensor.detach() for key, tensor in held.items()}
        self._still = []
        for name, keys in alignment.still.items():
            layer = twin.model.get_submodule(name)
            self._still += [layer.get_parameter(key) for key in keys]
        learnt_by_layer = holders(twin.model)
        for biases in sums:
            held = learnt_by_layer[biases.layer]
            bias, added = (held[name] for name in biases.torch)
            _apart(added)
            if optimizer.align_biases:
                _unite(bias, added)
        learnt = [p for p in twin.model.parameters() if p.requires_grad]
        self.optimizer = _optimizer(optimizer, learnt)

    def __call__(
        self, arrays: Sequence[np.ndarray], target: np.ndarray
    ) -> tuple[np.ndarray, adapter.Weights]:
        """Take one step in training mode; return the loss before, and the weights."""
        value = self._differentiated(arrays, target)
        for parameter in self._still:
            if parameter.grad is not None:
                parameter.grad.zero_()
        self.optimizer.step()
        weights = {}
        for name, held in self._weights.items():
            weights[name] = {key: tensor.numpy().copy() for key, tensor in held.items()}
        return value.detach().numpy(), weights

    def gradients(
        self, arrays: Sequence[np.ndarray], target: np.ndarray
    ) -> adapter.Weights:
        """Compute the gradients of a step that is not taken."""
        self._differentiated(arrays, target)
        gradients = {
            name: {key: gradient_of(tensor) for key, tensor in tensors.items()}
            for name, tensors in holders(self.twin.model).items()
        }
        self.optimizer.zero_grad()
        return gradients

    def _differentiated(
        self, arrays: Sequence[np.ndarray], target: np.ndarray
    ) -> torch.Tensor:
        """The loss in training mode, after which each parameter has its gradient."""
        twin = self.twin
        twin.model.train()
        self.optimizer.zero_grad()
        tensors, targets = twin.tensors(arrays), twin.targets([target])
        with statistics_kept(twin.model, self.alignment):
            value = twin.loss(self.loss, tensors, targets, [None])
            value.backward()  # in training mode too: a checkpoint computes anew
        twin.model.eval()
        return value


# Attribute of a bias that `_unite` holds at zero: it is learnt again in the next run.
HELD = "held_at_zero"


def _apart(added: torch.Tensor) -> None:
    """Let a bias that an earlier run held at zero be learnt again."""
    if getattr(added, HELD, False):
        added.requires_grad_(True)
        setattr(added, HELD, False)


@torch.no_grad()
def _unite(bias: torch.Tensor, added: torch.Tensor) -> None:
    """Add one bias to another; it is zero from now on and is not learnt."""
    bias += added
    added.zero_()
    if added.requires_grad:
        added.requires_grad_(False)
        setattr(added, HELD, True)


def _optimizer(
    optimizer: Optimizer, parameters: Iterable[torch.nn.Parameter]
) -> torch.optim.Optimizer:
    """Built as PyTorch defines it, or as Keras does if it is not PyTorch's own."""
    values: dict[str, Any] = dict(optimizer.values)
    if not optimizer.own:
        return getattr(as_in_keras, optimizer.cls)(parameters, **values)
    if "beta_1" in values:
        values["betas"] = values.pop("beta_1"), values.pop("beta_2")
    options = {PYTORCH_NAMES.get(name, name): value for name, value in values.items()}
    return getattr(torch.optim, optimizer.cls)(parameters, **options)
