"""How a twin learns in PyTorch; `keras_training.py` is its twin."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module

import numpy as np
import torch

from compare.in_pytorch.layers import holders, layers
from compare.in_pytorch.twin import Twin
from compare.judging.optimizers import Optimizer
from compare.matching.moves import Sum


def script(
    make: Callable[[], torch.nn.Module], seed: int, examples: int
) -> tuple[dict[str, dict[str, np.ndarray]], Callable[[], Iterator[list[int]]]]:
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
        found = layers(make())
        start = torch.get_rng_state()

    def orders():
        state = start
        while True:
            with torch.random.fork_rng(devices=[]):
                torch.set_rng_state(state)
                torch.empty((), dtype=torch.int64).random_()
                order = list(torch.utils.data.RandomSampler(range(examples)))
                state = torch.get_rng_state()
            yield order

    return {name: dict(layer.arrays) for name, layer in found.items()}, orders


# PyTorch's names of an optimiser's settings, where they are not Keras's.
PYTORCH_NAMES = {"learning_rate": "lr", "rho": "alpha", "epsilon": "eps"}


def defaults(cls: str) -> dict[str, float]:
    """PyTorch's own settings of an optimiser, by Keras's names."""
    found = inspect.signature(getattr(torch.optim, cls)).parameters
    values = {name: found[found_as].default for name, found_as in _settings(found)}
    if "betas" in found:
        values["beta_1"], values["beta_2"] = found["betas"].default
    return values


def _settings(found):
    """Keras's and PyTorch's name of each setting that is among `found`."""
    names = ("learning_rate", "momentum", "rho", "epsilon", "weight_decay")
    both = ((name, PYTORCH_NAMES.get(name, name)) for name in names)
    return [(ours, theirs) for ours, theirs in both if theirs in found]


class Training:
    """A twin that learns: each call takes one step.

    Args:
        twin: its weights are changed.
        loss: takes the model's first result and the target.
        optimizer: what to step with. With `align_biases` the second bias of each of
            `sums` is added to the first and stays zero from then on, so that their sum
            takes one step, as Keras's bias does.
        sums: pairs of biases that PyTorch adds.
    """

    def __init__(
        self, twin: Twin, loss: Callable, optimizer: Optimizer, sums: Sequence[Sum]
    ):
        self.twin, self.loss = twin, loss
        self._weights = {
            name: {key: tensor.detach() for key, tensor in holds.items()}
            for name, holds in holders(twin.model).items()
        }
        for each in sums:
            layer = twin.model.get_submodule(each.layer)
            getattr(layer, each.torch[1]).requires_grad_(True)
            if optimizer.align_biases:
                _one_bias(layer, *each.torch)
        learnt = [p for p in twin.model.parameters() if p.requires_grad]
        self.optimizer = _optimizer(optimizer, learnt)

    def __call__(
        self, arrays: Sequence[np.ndarray], target: np.ndarray
    ) -> tuple[np.ndarray, dict[str, dict[str, np.ndarray]]]:
        """The loss on these inputs before a step, and the weights after it.

        Args:
            arrays: one for each of the twin's inputs.
            target: what the model's first result is compared with.
        """
        twin = self.twin
        twin.model.train()
        self.optimizer.zero_grad()
        value = twin.loss(
            self.loss, twin.tensors(arrays), twin.targets([target]), [None]
        )
        value.backward()
        self.optimizer.step()
        twin.model.eval()
        return value.detach().numpy(), {
            name: {key: tensor.numpy().copy() for key, tensor in holds.items()}
            for name, holds in self._weights.items()
        }


@torch.no_grad()
def _one_bias(layer, first, second):
    first, second = getattr(layer, first), getattr(layer, second)
    first += second
    second.zero_()
    second.requires_grad_(False)


def _optimizer(optimizer, parameters):
    """Built as PyTorch defines it, or as Keras does if it is not PyTorch's own."""
    values = dict(optimizer.values)
    if not optimizer.own:
        theirs = import_module("pytorch_models.optimizers")
        return getattr(theirs, optimizer.cls)(parameters, **values)
    if "beta_1" in values:
        values["betas"] = values.pop("beta_1"), values.pop("beta_2")
    values = {PYTORCH_NAMES.get(name, name): value for name, value in values.items()}
    return getattr(torch.optim, optimizer.cls)(parameters, **values)
