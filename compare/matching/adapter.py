"""What either adapter's twin and its training offer, written once for both.

This is the lowest floor that knows inputs as well as layers as data, and the highest
that both adapters may import. Whoever works with a twin of either framework names
these types; what a framework needs beside them stands in its adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from compare.judging.arrays import Input
from compare.judging.words import Precision
from compare.kinds.layer import Layer

Loss = Callable[[Any, Any], Any]  # of a result and its target, both tensors
Call = Callable[[Any, Sequence[Any]], Any]  # hands tensors to a model
Gradients = tuple[np.ndarray, dict[str, np.ndarray], dict[str, Layer]]
Weights = dict[str, dict[str, np.ndarray]]  # by layer and name


def call_by_name(inputs: Sequence[Input], model: Any, tensors: Sequence[Any]) -> Any:
    """Call a model with its first input, and with the others by their names.

    Args:
        inputs: what the model takes.
        model: of either framework.
        tensors: one for each of `inputs`.
    """
    names = [argument.name for argument in inputs[1:]]
    return model(tensors[0], **dict(zip(names, tensors[1:], strict=True)))


class Twin(Protocol):
    """A model in one precision, ready to run; each call returns its stages.

    Args:
        make: builds the model, with weights of any value.
        inputs: name, shape and kind of each argument; None in a shape admits any size.
        dtype: "float32" or "float64".
        outputs: names of the stages that the model returns, in order; None to name
            them by their place in what it returns, once that is known.
        call: hands the inputs to the model, where that is not `model(x, name=...)`;
            it is a user's own then, and all that it raises is a refusal.

    Attributes:
        model: the framework's model in this precision.
        inputs, dtype, outputs: as above.
        left_out: causes of drift in the model, of OF_SIDE, that its loss leaves out.
    """

    model: Any
    left_out: frozenset[str]
    inputs: Sequence[Input]
    dtype: Precision
    outputs: Sequence[str] | None

    def __init__(
        self,
        make: Callable[[], Any],
        inputs: Sequence[Input],
        dtype: Precision,
        outputs: Sequence[str] | None,
        call: Call | None = None,
    ) -> None: ...

    def __call__(self, *arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Run the model; return its stages in the order of computation.

        Args:
            arrays: one for each of `inputs`; floats in float32, lengths in int64.

        Returns:
            Arrays by stage: the output of every layer by its attribute name, a
            recurrent one's (batch, time, hidden_size), with its final states as
            `<name>.h` and `<name>.c`, (batch, hidden_size), where there is one layer
            and direction; and the model's own results. A layer that runs more than
            once is not a stage.

        Raises:
            REFUSALS: of the adapter, where the model rejects its input.
        """
        ...

    def results(self, tensors: Sequence[Any]) -> tuple[Any, ...]:
        """Run the model in Python, so that hooks and replaced calls see each layer.

        Args:
            tensors: as `tensors` returns them.

        Returns:
            The tensors that the model returns, in the order of `flat`.
        """
        ...

    def tensors(self, arrays: Sequence[np.ndarray]) -> list[Any]:
        """Arrays, one for each of `inputs`, as tensors: floats in the precision."""
        ...

    def targets(self, targets: Sequence[np.ndarray]) -> list[Any]:
        """Targets as tensors: floats in the twin's precision, labels as they are."""
        ...

    def loss(
        self,
        loss: Loss,
        tensors: Sequence[Any],
        targets: Sequence[Any],
        valid: Sequence[Any],
    ) -> Any:
        """Run the model on tensors; return the sum of its results' losses.

        Args:
            loss: takes a result of the model and its target.
            tensors: one for each of `inputs`.
            targets: one for each result that counts, in order.
            valid: for each target a mask that broadcasts over it, True where the
                result counts, or None; what does not count is zero.
        """
        ...

    def gradients(
        self,
        loss: Loss,
        arrays: Sequence[np.ndarray],
        targets: Sequence[np.ndarray],
        valid: Sequence[np.ndarray | None],
    ) -> Gradients:
        """Compute a loss, and its gradients by input and by layer.

        Args:
            loss: takes a result of the model and its target.
            arrays: one for each of `inputs`.
            targets: one for each result that counts, in order; the losses are added.
            valid: for each target, where a result is not valid, True where it is,
                shaped to broadcast over it; or None. What is not valid counts as zero.

        Returns:
            The loss, (); the gradient of each float input, of its shape, by name; and
            the gradients of each layer's arrays, in the layout of this framework.
        """
        ...

    def layers(self, arrays: Sequence[np.ndarray]) -> dict[str, Layer]:
        """Read the layers that hold weights, in the order of execution.

        Args:
            arrays: one for each of `inputs`, on which the order shows.
        """
        ...

    def unread(self, layer: str, arrays: Sequence[np.ndarray]) -> list[str]:
        """Name the arrays of a layer that have no part in what the model returns.

        Args:
            layer: its name in `layers`.
            arrays: one for each of `inputs`.
        """
        ...

    def narrows(self, arrays: Sequence[np.ndarray]) -> str:
        """Name the operation that takes float64 to less while the model runs, or "".

        Args:
            arrays: one for each of `inputs`.
        """
        ...


class Training(Protocol):
    """A twin that learns: each call takes one step."""

    def __call__(
        self, arrays: Sequence[np.ndarray], target: np.ndarray
    ) -> tuple[np.ndarray, Weights]:
        """Take one step; return the loss before it, (), and the weights after it.

        Args:
            arrays: one for each of the twin's inputs.
            target: what the model's first result is compared with.
        """
        ...

    def gradients(self, arrays: Sequence[np.ndarray], target: np.ndarray) -> Weights:
        """Compute the gradients of a step that is not taken.

        Statistics of batches are changed all the same.

        Args:
            arrays: one for each of the twin's inputs.
            target: what the model's first result is compared with.
        """
        ...
