"""How a twin learns in Keras."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import keras
import numpy as np
import tensorflow

from compare.in_keras.arrays import to_numpy
from compare.in_keras.layers import holders
from compare.in_keras.models import options_set
from compare.in_keras.precision import settled
from compare.in_keras.statistics import statistics_kept
from compare.in_keras.twin import Twin
from compare.judging.model_causes import CONSTRAINTS, Alignment
from compare.judging.optimizers import Optimizer
from compare.matching import adapter
from compare.matching.moves import Sum
from keras_models import optimizers as as_in_pytorch


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
        self._step: Callable[..., Any] | None = None
        doubled = []
        if optimizer.align_biases:
            held = holders(twin.model)
            doubled = [held[biases.layer][biases.keras] for biases in sums]
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

    def gradients(
        self, arrays: Sequence[np.ndarray], target: np.ndarray
    ) -> adapter.Weights:
        """Compute the gradients of a step that is not taken."""
        twin = self.twin
        with settled(twin.dtype, exact=False), tensorflow.GradientTape() as tape:
            value = self._value([*twin.tensors(arrays), *twin.targets([target])])
        gradients: adapter.Weights = {}
        learnt = {}
        for name, variables in holders(twin.model).items():
            learnt[name] = {key: held.value for key, held in variables.items()}
        zero = tensorflow.UnconnectedGradients.ZERO
        computed = tape.gradient(value, learnt, unconnected_gradients=zero)
        for name, by_key in computed.items():
            gradients[name] = {key: to_numpy(g) for key, g in by_key.items()}
        return gradients

    def _value(self, args: Sequence[Any]) -> Any:
        """The loss on tensors, the target last, as the model learns."""
        *tensors, target = args
        with statistics_kept(self.twin.model, self.alignment):
            return self.twin.loss(self.loss, tensors, [target], [None], training=True)

    def _compute(self, *args: Any) -> tuple[Any, dict[str, dict[str, Any]]]:
        """The loss on tensors, the target last, and the weights after the step."""
        learnt = self.twin.model.trainable_variables
        with tensorflow.GradientTape() as tape:
            value = self._value(args)
        still = self._still()
        gradients, variables_reached = [], []
        for gradient, variable in zip(
            tape.gradient(value, learnt), learnt, strict=True
        ):
            if gradient is None:
                continue  # nothing of the first result comes from it
            # Of an embedding, the rows that were looked up: all are wanted.
            gradient = tensorflow.convert_to_tensor(gradient)
            if id(variable) in still:
                gradient = tensorflow.zeros_like(gradient)
            gradients.append(gradient)
            variables_reached.append(variable)
        with ExitStack() as stack:
            if CONSTRAINTS in self.alignment.left_out:
                for variable in learnt:
                    stack.enter_context(options_set(variable, constraint=None))
            self.optimizer.apply(gradients, variables_reached)
        weights = {}
        for name, held in holders(self.twin.model).items():
            # Read here, in the compiled step, at a tenth of the time.
            weights[name] = {key: v.value.read_value() for key, v in held.items()}
        return value, weights

    def _still(self) -> set[int]:
        """Identities of the variables that are not learnt."""
        held = holders(self.twin.model)
        identities = set()
        for name, keys in self.alignment.still.items():
            identities |= {id(held[name][key]) for key in keys}
        return identities


def _optimizer(
    optimizer: Optimizer, doubled: Sequence[keras.Variable]
) -> keras.optimizers.Optimizer:
    """Built as Keras defines it, or as PyTorch does if it is not Keras's own.

    Args:
        optimizer: which one, and its settings.
        doubled: variables that take twice the step.
    """
    home = keras.optimizers if optimizer.own else as_in_pytorch
    cls = getattr(home, optimizer.cls)
    settings = {**optimizer.values, **optimizer.clips}
    if not doubled:
        return cls(**settings)
    doubling = type(f"TwoBiases{cls.__name__}", (as_in_pytorch.TwoBiases, cls), {})
    instance = doubling(**settings)
    instance.doubled = frozenset(map(id, doubled))
    return instance
