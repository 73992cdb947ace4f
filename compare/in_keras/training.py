"""How a twin learns in Keras."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import keras
import numpy as np
import tensorflow

from compare.in_keras.layers import holders, variables
from compare.in_keras.names import children
from compare.in_keras.precision import settled
from compare.in_keras.twin import Twin
from compare.judging.optimizers import Optimizer
from compare.matching import adapter
from compare.matching.moves import Sum


def defaults(cls: str) -> dict[str, float]:
    """Keras's own settings of an optimiser, by its names."""
    parameters = inspect.signature(getattr(keras.optimizers, cls)).parameters
    values = {name: parameter.default for name, parameter in parameters.items()}
    return {name: value for name, value in values.items() if isinstance(value, float)}


class Training(adapter.Training):
    """A twin that learns: each call takes one step.

    Args:
        twin: its weights are changed.
        loss: takes the model's first result and the target.
        optimizer: what to step with. With `align_biases` the bias that stands for each
            of `sums` takes twice the step, as the sum of PyTorch's two biases does.
        sums: pairs of biases that PyTorch adds.
    """

    def __init__(
        self,
        twin: Twin,
        loss: adapter.Loss,
        optimizer: Optimizer,
        sums: Sequence[Sum],
    ) -> None:
        self.twin, self.loss = twin, loss
        self._step: Callable[..., Any] | None = None
        doubled = []
        if optimizer.align_biases:
            for biases in sums:
                layer = children(twin.model)[biases.layer]
                doubled.append(variables(layer)[biases.keras])
        with settled(twin.dtype, exact=False):
            self.optimizer = _optimizer(optimizer, doubled)
            self.optimizer.build(twin.model.trainable_variables)

    def __call__(
        self, arrays: Sequence[np.ndarray], target: np.ndarray
    ) -> tuple[np.ndarray, adapter.Weights]:
        """Take one compiled step; return the loss before, and the weights."""
        twin = self.twin
        if self._step is None:
            self._step = twin.traced(self._compute, twin.spec(0, target))
        with settled(twin.dtype, exact=False):
            value, tensors = self._step(*twin.tensors(arrays), *twin.targets([target]))
        weights = {}
        for name, held in tensors.items():
            weights[name] = {key: tensor.numpy() for key, tensor in held.items()}
        return value.numpy(), weights

    def _compute(self, *args: Any) -> tuple[Any, dict[str, dict[str, Any]]]:
        """The loss on tensors, the target last, and the weights after the step."""
        *tensors, target = args
        learnt = self.twin.model.trainable_variables
        with tensorflow.GradientTape() as tape:
            value = self.twin.loss(self.loss, tensors, [target], [None], training=True)
        gradients, variables_reached = [], []
        for gradient, variable in zip(
            tape.gradient(value, learnt), learnt, strict=True
        ):
            if gradient is None:
                continue  # nothing of the first result comes from it
            # Of an embedding, the rows that were looked up: all are wanted.
            gradients.append(tensorflow.convert_to_tensor(gradient))
            variables_reached.append(variable)
        self.optimizer.apply(gradients, variables_reached)
        weights = {}
        for name, held in holders(self.twin.model).items():
            # Read here, in the compiled step, at a tenth of the time.
            weights[name] = {key: v.value.read_value() for key, v in held.items()}
        return value, weights


def _optimizer(
    optimizer: Optimizer, doubled: Sequence[keras.Variable]
) -> keras.optimizers.Optimizer:
    """Built as Keras defines it, or as PyTorch does if it is not Keras's own.

    Args:
        optimizer: which one, and its settings.
        doubled: variables that take twice the step.
    """
    as_in_pytorch = import_module("keras_models.optimizers")
    home = keras.optimizers if optimizer.own else as_in_pytorch
    cls = getattr(home, optimizer.cls)
    if not doubled:
        return cls(**optimizer.values)
    doubling = type(f"TwoBiases{cls.__name__}", (as_in_pytorch.TwoBiases, cls), {})
    instance = doubling(**optimizer.values)
    instance.doubled = frozenset(map(id, doubled))
    return instance
