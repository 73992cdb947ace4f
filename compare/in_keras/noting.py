"""What the operations of a Keras model do, noted while it is traced."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow

from compare.in_keras.callers import Caller
from compare.in_keras.internals import (
    Call,
    calls_replaced,
    every_layer,
    mask_of,
    operations_noted,
)
from compare.in_keras.names import Renamed, unnamed
from compare.mistakes.operations import (
    Need,
    Operation,
    above,
    below,
    comparison,
    cut,
    mask,
)

# Operations that change values beyond bounds, with the lower and the upper one.
KNEES: Mapping[str, tuple[float | None, float | None]] = {
    "Relu": (0, None),
    "LeakyRelu": (0, None),
    "Elu": (0, None),
    "Selu": (0, None),
    "Abs": (0, None),
    "Relu6": (0, 6),
}
COMPARISONS = {
    "Greater": ">",
    "GreaterEqual": ">=",
    "Less": "<",
    "LessEqual": "<=",
    "NotEqual": "!=",
    "Equal": "==",
}
SELECTIONS = ("Select", "SelectV2")
PADDINGS = ("Pad", "PadV2", "MirrorPad")
WATCHED = ("Minimum", "Maximum", "StridedSlice", *KNEES, *COMPARISONS)
WATCHED = (*WATCHED, *SELECTIONS, *PADDINGS)

OPERATIONS = 256  # that are watched, at most
FIGURES = 3  # of each


# What is to be said of an operation; takes its figures, the largest in all runs, and
# the number of steps of the input, None where it has none.
Describe = Callable[[Sequence[float], int | None], list[Operation]]


class Noting:
    """Notes the operations of a model that are to be watched, while it is traced.

    What they do in a run goes into a variable, a row for each: an operation in the body
    of a loop can hand nothing out of it. It is made beforehand, since a trace that is
    not the first may make none.
    """

    def __init__(self) -> None:
        nothing = np.full((OPERATIONS, FIGURES), -np.inf)
        self._nothing = tensorflow.constant(nothing)
        self._figures = tensorflow.Variable(nothing, trainable=False)
        self._forget()

    def _forget(self) -> None:
        """Forget what was traced."""
        self._descriptions: list[Describe] = []
        self._of_masks: set[int] = set()  # comparisons of which masks are made, if any
        self._busy = False  # in operations of its own
        # What is put into the variable at the end of the trace: rows and their figures.
        self._rows: list[int] = []
        self._of_rows: list[Any] = []
        self._graph: Any = None  # the one that is traced, without those of loops in it
        self._makers: dict[int, keras.Layer] = {}  # by identity, of what one returned
        self._tensors: list[Any] = []  # kept, so that no identity is given twice
        self._masks: set[int] = set()

    def reset(self) -> None:
        """Forget the runs so far."""
        self._figures.assign(self._nothing)

    def operations(self, steps: int | None) -> list[Operation]:
        """What the operations did in the runs since `reset`.

        Args:
            steps: of the input; None where it has none.
        """
        operations: list[Operation] = []
        rows = zip(self._descriptions, self._figures.numpy(), strict=False)
        for number, (describe, figures) in enumerate(rows):
            if self._masks and number in self._of_masks:
                continue  # the mask says it
            if np.isfinite(figures).all():  # it ran
                operations += describe(figures, steps)
        return operations

    def _add(self, figures: Sequence[Any], describe: Describe) -> None:
        """Add an operation to those that are watched.

        Args:
            figures: at most FIGURES tensors, (), of numbers or booleans.
            describe: what is to be said of them.
        """
        if len(self._descriptions) == OPERATIONS:
            return
        numbers = [*figures, *[figures[0]] * (FIGURES - len(figures))]
        if tensorflow.compat.v1.get_default_graph() is self._graph:
            self._rows.append(len(self._descriptions))
            self._of_rows += numbers
        else:
            self._put(len(self._descriptions), tensorflow.stack(_as_float64(numbers)))
        self._descriptions.append(describe)

    def _put_rows(self) -> None:
        """Put what the operations outside of loops did into the variable, at once."""
        if self._rows:
            figures = tensorflow.stack(_as_float64(self._of_rows))
            rows = tensorflow.reshape(figures, (len(self._rows), FIGURES))
            self._put(self._rows, rows)

    def _put(self, numbers: int | list[int], rows: Any) -> None:
        """Put rows of figures into the variable, where they are larger.

        Args:
            numbers: of the rows, or of one.
            rows: a tensor, (rows, FIGURES), or (FIGURES,) of one.
        """
        self._figures.scatter_max(tensorflow.IndexedSlices(rows, numbers))

    @contextmanager
    def noting(self, model: keras.Model | Renamed) -> Iterator[None]:
        """Note what the model does inside, unless it is run eagerly."""
        if tensorflow.executing_eagerly():
            yield
            return
        self._forget()
        inside = every_layer(unnamed(model), itself=False)
        calls = calls_replaced(
            (layer, partial(self._masks_of, layer)) for layer in inside
        )
        self._graph = tensorflow.compat.v1.get_default_graph()
        with calls, operations_noted(self._note):
            yield
        self._put_rows()

    # ------------------------------------------------------------------------ masks

    def _masks_of(self, layer: keras.Layer, call: Call) -> Call:
        """The `call` of a layer, with the masks noted of what it gets."""

        def noted(*args: Any, **kwargs: Any) -> Any:
            for tensor in keras.tree.flatten((args, kwargs)):
                masked = mask_of(tensor)
                if masked is not None and id(masked) not in self._masks:
                    self._masks.add(id(masked))
                    self._tensors.append(masked)
                    self._note_mask(masked, self._makers.get(id(tensor), layer))
            returned = call(*args, **kwargs)
            for tensor in keras.tree.flatten(returned):
                self._makers[id(tensor)] = layer
                self._tensors.append(tensor)
            return returned

        return noted

    def _note_mask(self, masked: Any, layer: keras.Layer) -> None:
        """Note a mask, (batch, time), which a layer makes."""
        value = float(np.ravel(getattr(layer, "mask_value", 0.0))[0])

        def describe(figures: Sequence[float], steps: int | None) -> list[Operation]:
            return [mask(f"the mask of `{layer.name}`", bool(figures[0]), value)]

        with self._own():
            masks_a_step = tensorflow.reduce_any(~tensorflow.cast(masked, bool))
            self._add([masks_a_step], describe)

    @contextmanager
    def _own(self) -> Iterator[None]:
        """Operations inside are not the model's."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    # ------------------------------------------------------------------- operations

    def _note(
        self,
        op_type: str | bytes,
        inputs: Sequence[Any],
        attrs: Sequence[Any],
        outputs: Sequence[Any],
        op_name: object = None,
        graph: object = None,
    ) -> None:
        """Take an operation that was traced; its signature is TensorFlow's."""
        if isinstance(op_type, bytes):
            op_type = op_type.decode()
        if self._busy or graph is None or op_type not in WATCHED:
            return
        caller = Caller.of(sys._getframe(1))  # noqa: SLF001
        if caller is None:
            return
        with self._own():
            if op_type in KNEES:
                lower, upper = KNEES[op_type]
                self._note_knees(caller.place(op_type.lower()), inputs[0], lower, upper)
            elif op_type in ("Minimum", "Maximum"):
                self._note_extreme(op_type, inputs, caller)
            elif op_type in COMPARISONS:
                self._note_comparison(op_type, inputs, outputs[0], caller)
            elif op_type in SELECTIONS:
                place = caller.place("the condition of where")
                self._note_condition(place, inputs[0], inputs[1])
            elif op_type == "StridedSlice":
                self._note_slice(inputs, outputs[0].op, caller)
            else:
                self._note_padding(inputs[1], caller)

    def _note_knees(
        self, place: str, x: Any, lower: float | None, upper: float | None
    ) -> None:
        """Note an operation that changes values below or above a number."""

        def describe(figures: Sequence[float], steps: int | None) -> list[Operation]:
            smallest, largest = -figures[0], figures[1]
            operations = []
            if lower is not None:
                operations.append(below(place, lower, smallest < lower, smallest))
            if upper is not None:
                operations.append(above(place, upper, largest > upper, largest))
            return operations

        figures = [-tensorflow.reduce_min(x)]
        if upper is not None:
            figures.append(tensorflow.reduce_max(x))
        self._add(figures, describe)

    def _note_extreme(
        self, op_type: str, inputs: Sequence[Any], caller: Caller
    ) -> None:
        """Note a minimum or maximum with what is smaller than the values."""
        x, bound = inputs
        if _size(x) < _size(bound):
            x, bound = bound, x
        if _size(x) == _size(bound):  # either may be the larger
            return
        place = caller.place("clip")
        value = tensorflow.get_static_value(bound)
        if value is not None and value.size == 1:
            number = float(value.ravel()[0])
            if op_type == "Maximum" and number == 0 and caller.is_activation:
                return  # `relu` clips at 0 once more where it has a largest value
            if op_type == "Minimum":
                self._note_knees(place, x, None, number)
            else:
                self._note_knees(place, x, number, None)
            return

        def describe(figures: Sequence[float], steps: int | None) -> list[Operation]:
            if op_type == "Minimum":
                return [above(place, None, bool(figures[0]), figures[2])]
            return [below(place, None, bool(figures[0]), -figures[1])]

        cut_off = x > bound if op_type == "Minimum" else x < bound
        figures = [
            tensorflow.reduce_any(cut_off),
            tensorflow.reduce_max(-x),
            tensorflow.reduce_max(x),
        ]
        self._add(figures, describe)

    def _note_comparison(
        self, op_type: str, inputs: Sequence[Any], result: Any, caller: Caller
    ) -> None:
        """Note a comparison of arrays, or of an array and a number."""
        if result.shape.rank == 0:  # a condition of a loop
            return
        words = COMPARISONS[op_type]
        value = tensorflow.get_static_value(inputs[1])
        if value is not None and np.size(value) == 1:
            words += f" {float(np.ravel(value)[0]):g}"
        place = caller.place(f"the comparison {words}")
        if op_type in ("NotEqual", "Equal"):
            if not caller.line:  # Keras keeps what makes a mask as a model's own
                self._of_masks.add(len(self._descriptions))
            self._note_condition(place, result, None)
        else:
            self._note_condition(place, result, inputs[0])

    def _note_condition(self, place: str, condition: Any, x: Any) -> None:
        """Note a condition that can come out either way, for values or for padding."""
        need: Need = "padding"
        if x is not None and x.dtype.is_floating:
            need = "values"

        def describe(figures: Sequence[float], steps: int | None) -> list[Operation]:
            return comparison(place, need, bool(figures[0]), bool(figures[1]))

        figures = [tensorflow.reduce_any(condition), tensorflow.reduce_any(~condition)]
        self._add(figures, describe)

    def _note_slice(self, inputs: Sequence[Any], op: Any, caller: Caller) -> None:
        """Note slices that end, or begin, where an axis that is long enough would."""
        x = inputs[0]
        bounds = [tensorflow.get_static_value(tensor) for tensor in inputs[1:]]
        if any(bound is None for bound in bounds) or op.get_attr("ellipsis_mask"):
            return
        for axis, (begin, end, step) in enumerate(zip(*bounds, strict=True)):

            def has(name: str, axis: int = axis) -> bool:
                return bool(op.get_attr(name) & 1 << axis)

            if has("new_axis_mask"):
                return  # which is no axis of x
            if has("shrink_axis_mask") or step != 1:
                continue
            from_start, to_end = has("begin_mask") or begin == 0, has("end_mask")
            if from_start and not to_end and end > 1:
                self._note_cut(x, axis, int(end), f":{end}", caller)
            elif to_end and not from_start and begin < -1:
                self._note_cut(x, axis, int(-begin), f"{begin}:", caller)

    def _note_cut(
        self, x: Any, axis: int, bound: int, text: str, caller: Caller
    ) -> None:
        """Note a slice of an axis to a fixed number of steps."""
        place = caller.place(f"slice [{text}]")
        if x.shape.rank is None or x.shape[axis] == bound:
            return  # of the very size of the axis

        def describe(figures: Sequence[float], steps: int | None) -> list[Operation]:
            size = int(figures[0])
            return [] if size == bound else [cut(place, bound, size, steps)]

        self._add([tensorflow.shape(x)[axis]], describe)

    def _note_padding(self, amounts: Any, caller: Caller) -> None:
        """Note a padding by fixed amounts."""
        value = tensorflow.get_static_value(amounts)
        if value is None:
            return
        place = caller.place("padding")

        def describe(figures: Sequence[float], steps: int | None) -> list[Operation]:
            return [Operation(place, "added nothing", "weights", bool(figures[0]))]

        self._add([tensorflow.constant(bool(value.any()))], describe)


def _as_float64(figures: Sequence[Any]) -> list[Any]:
    """Scalars of any type as those of one, each tensor once."""
    by_identity: dict[int, Any] = {}
    for figure in figures:
        if id(figure) not in by_identity:
            by_identity[id(figure)] = tensorflow.cast(figure, tensorflow.float64)
    return [by_identity[id(figure)] for figure in figures]


def _size(tensor: Any) -> float:
    """The number of values in a tensor; infinite where it is not known."""
    count = tensor.shape.num_elements()
    return np.inf if count is None else count
