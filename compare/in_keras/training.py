"""How a twin learns in Keras; `pytorch_training.py` is its twin."""

import inspect
from collections.abc import Callable, Sequence
from importlib import import_module

import keras
import numpy as np
import tensorflow

from compare.in_keras.layers import holders, variables
from compare.in_keras.names import children
from compare.in_keras.twin import Twin, settled
from compare.judging.optimizers import Optimizer
from compare.matching.moves import Sum


def defaults(cls: str) -> dict[str, float]:
    """Keras's own settings of an optimiser."""
    found = inspect.signature(getattr(keras.optimizers, cls)).parameters
    values = {name: parameter.default for name, parameter in found.items()}
    return {name: v for name, v in values.items() if isinstance(v, float)}


class Training:
    """A twin that learns: each call takes one step.

    Args:
        twin: its weights are changed.
        loss: takes the model's first result and the target.
        optimizer: what to step with. With `align_biases` the bias that stands for each
            of `sums` takes twice the step, as the sum of PyTorch's two biases does.
        sums: pairs of biases that PyTorch adds.
    """

    def __init__(
        self, twin: Twin, loss: Callable, optimizer: Optimizer, sums: Sequence[Sum]
    ):
        self.twin, self.loss = twin, loss
        self._step = None
        doubled = [
            variables(children(twin.model)[each.layer])[each.keras]
            for each in sums
            if optimizer.align_biases
        ]
        with settled(twin.dtype, exact=False):
            self.optimizer = _optimizer(optimizer, doubled)
            self.optimizer.build(twin.model.trainable_variables)

    def __call__(
        self, arrays: Sequence[np.ndarray], target: np.ndarray
    ) -> tuple[np.ndarray, dict[str, dict[str, np.ndarray]]]:
        """The loss on these inputs before a step, and the weights after it.

        Args:
            arrays: one for each of the twin's inputs.
            target: what the model's first result is compared with.
        """
        twin = self.twin
        self._step = self._step or twin.traced(self._compute, twin.spec(0, target))
        with settled(twin.dtype, exact=False):
            value, weights = self._step(*twin.tensors(arrays), *twin.targets([target]))
        return value.numpy(), {
            name: {key: tensor.numpy() for key, tensor in tensors.items()}
            for name, tensors in weights.items()
        }

    def _compute(self, *args):
        *tensors, target = args
        learnt = self.twin.model.trainable_variables
        with tensorflow.GradientTape() as tape:
            value = self.twin.loss(self.loss, tensors, [target], [None], training=True)
        gradients = [
            (tensorflow.convert_to_tensor(each), variable)  # of an embedding, all rows
            for each, variable in zip(tape.gradient(value, learnt), learnt, strict=True)
            if each is not None  # nothing of the first result comes from the others
        ]
        self.optimizer.apply(*zip(*gradients, strict=True))
        weights = holders(self.twin.model)
        return value, {  # read here, after the step, at a tenth of the time
            name: {key: variable.value.read_value() for key, variable in each.items()}
            for name, each in weights.items()
        }


def _optimizer(optimizer, doubled):
    """Built as Keras defines it, or as PyTorch does if it is not Keras's own."""
    theirs = import_module("keras_models.optimizers")
    cls = getattr(keras.optimizers if optimizer.own else theirs, optimizer.cls)
    if doubled:
        cls = type(f"TwoBiases{cls.__name__}", (theirs.TwoBiases, cls), {})
    made = cls(**optimizer.values)
    if doubled:
        made.doubled = frozenset(map(id, doubled))
    return made
