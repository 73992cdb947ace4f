"""A model as data: its layers and how tensors go through them, in Keras 3's words.

A saved model of Keras and a traced module of PyTorch are both read into it, and source
in either framework is written from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compare.kinds.layer import Arrays

INPUT = "InputLayer"
MODEL = "Model"  # the class of a layer that is a model

# A call's `mask` that is the one which comes with its first tensor. It stands where a
# layer takes it in Keras 2 and not in Keras 3: recurrent layers that are given states.
HANDED_ON = "handed on"
# The setting of a join that takes masks as Keras did before version 3: a step counts
# that counts in all tensors with a mask, and numbers of other steps are left alone.
OLD_MASKS = "old_masks"
JOINS = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
# The setting of an input that has the time before the batch, as modules of PyTorch may.
TIME_FIRST = "time_first"
ANY_AXES = -1  # in a shape, for any number of axes
STUB = "Stub"  # the class of a layer that is left for the user to write
OPERATION = "ops."  # what the class of an operation begins with

# What the axes of an input are called, by their number, in Keras's order.
BATCH = "batch"
AXES = {
    1: (BATCH,),
    2: (BATCH, "features"),
    3: (BATCH, "time", "features"),
    4: (BATCH, "height", "width", "channels"),
    5: (BATCH, "depth", "height", "width", "channels"),
}
# The same of films, which have an image for each step.
AXES_OF_FILMS = {
    4: (BATCH, "time", "width", "channels"),
    5: (BATCH, "time", "height", "width", "channels"),
    6: (BATCH, "time", "depth", "height", "width", "channels"),
}
UNTOLD = "steps"  # an open size that no short expression tells
ABOUT_UNTOLD = (
    f"`{UNTOLD}` in a comment is a size that no short expression of the others tells."
)

# Arrays by their name in the layer, such as "kernel" or "forward.kernel", by the full
# name of the layer: those of the models that it is in come before its own, with dots. A
# model in a wrapper goes by the wrapper's name.
Weights = Mapping[str, Arrays]


@dataclass(frozen=True)
class Tensor:
    """A tensor in a model: what a call returns.

    Args:
        call: the number of the call.
        output: which of the call's results, where it returns several.
    """

    call: int
    output: int = 0


@dataclass(frozen=True)
class Missing:
    """What a stub stands for.

    Args:
        sentence: what it is, and why it is not written.
        settings: of the layer in the file, whatever they are; none of an operation.
        results: the shapes of what it returns, batch first; None for one that nothing
            tells, and for all that are not among them.
        dtypes: of these results; "float32" of those that are not among them.
    """

    sentence: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    results: tuple[tuple[int | None, ...] | None, ...] = ()
    dtypes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LayerPlan:
    """A layer, before it is made in a framework.

    Args:
        name: as the user called it; no two of a model have one.
        keras: its class in `keras.layers`, such as "LSTM"; "InputLayer" of an input;
            "Model" of a model in the model; "Stub" of what is not written; "ops.mean"
            of an operation, a function in `keras.ops`, which holds nothing.
        config: its settings by the names of Keras's arguments, in the words of Keras 3
            and JSON; those left out have Keras's defaults. An input has "shape",
            without the batch, and "dtype". What no argument of Keras 3 says has a name
            of the suite's: an activation "hard_sigmoid_fifth" is that of Keras 2, and
            `OLD_MASKS` is a setting of joins.
        inside: the layers that a wrapper wraps: one of TimeDistributed; forward and
            backward of Bidirectional; the cells of RNN.
        model: what a model in the model is made of.
        missing: what a stub stands for.
    """

    name: str
    keras: str
    config: Mapping[str, Any] = field(default_factory=dict)
    inside: tuple[LayerPlan, ...] = ()
    model: ModelPlan | None = None
    missing: Missing | None = None


@dataclass(frozen=True)
class Call:
    """A layer at work: a layer that is shared has several.

    Args:
        layer: its name.
        args: what it is called with: tensors, constants, and lists, tuples and
            dictionaries of them.
        kwargs: the same by the argument's name, such as `initial_state`.
    """

    layer: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """All tensors that it is called with, in order."""
        return tuple(tensors_in((self.args, dict(self.kwargs))))


@dataclass(frozen=True)
class ModelPlan:
    """A model: its layers, and the calls of them in an order in which they can run.

    Args:
        name: of the model.
        layers: by name, in the order of the file.
        calls: an input's own call comes without arguments.
        inputs: what the model is called with: one tensor, or a list or a dictionary of
            them.
        outputs: what it returns, of the same forms.
    """

    name: str
    layers: Mapping[str, LayerPlan]
    calls: tuple[Call, ...]
    inputs: Any
    outputs: Any

    def plan_of(self, tensor: Tensor) -> LayerPlan:
        """The layer that makes a tensor."""
        return self.layers[self.calls[tensor.call].layer]

    def readers_of(self, tensor: Tensor) -> list[int]:
        """The numbers of the calls that take a tensor."""
        return [
            number for number, call in enumerate(self.calls) if tensor in call.inputs
        ]


def tensors_in(value: Any) -> Iterator[Tensor]:
    """All tensors in a value, in lists, tuples and dictionaries too."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from tensors_in(item)


def with_tensors(value: Any, replace: Any) -> Any:
    """The value with something else in the place of each tensor.

    Args:
        value: tensors, constants, and lists, tuples and dictionaries of them.
        replace: takes a tensor.
    """
    if isinstance(value, Tensor):
        return replace(value)
    if isinstance(value, list | tuple):
        return type(value)(with_tensors(item, replace) for item in value)
    if isinstance(value, Mapping):
        return {key: with_tensors(item, replace) for key, item in value.items()}
    return value


@dataclass(frozen=True)
class TensorFacts:
    """What is known of a tensor before anything runs.

    Args:
        shape: batch first, in Keras's order of axes; None where a size is open. Of what
            a stub returns it may be (None, ANY_AXES, 8), or () where nothing tells it.
        dtype: such as "float32".
        masked: whether Keras hands a mask on with it.
        words: for each axis that is open what its size is in words, such as "time" or
            "time // 2", and "" for the others; none where nothing was asked.
    """

    shape: tuple[int | None, ...]
    dtype: str
    masked: bool = False
    words: tuple[str, ...] = ()


def names_of_axes(shape: Sequence[int | None], has_time: bool = False) -> list[str]:
    """What the axes of a model's input are called, batch first, in Keras's order.

    Args:
        shape: of the input; None where a size is open.
        has_time: whether the axis behind the batch is time, where it could be one of
            an image.
    """
    axes = len(shape)
    names = (AXES_OF_FILMS if has_time else AXES).get(axes)
    if names is None:
        return [BATCH, *(f"axis_{axis}" for axis in range(1, axes))]
    if axes == 2 and shape[1] is None:
        return [BATCH, "time"]  # of numbers that an embedding looks up
    if axes > 3 and not has_time and shape[-1] is None and shape[1]:
        return [BATCH, "channels", *names[1:-1]]  # as a layer's data format has them
    return list(names)
