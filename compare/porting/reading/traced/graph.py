"""The plan of a twin in Keras while it grows, and how its tensors get their axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from compare.in_pytorch.unifying import Size
from compare.kinds.graph import Call, LayerPlan, Tensor
from compare.kinds.layer import Arrays
from compare.kinds.names import identifier
from compare.porting.reading.traced.sizes import Shape, is_open, times
from compare.porting.reading.traced.values import Unported, Value


@dataclass
class Graph:
    """A plan that grows.

    Args:
        layers: by name.
        calls: in order.
        weights: by the name of a layer.
        notes: what a reader must know.
        shapes: of Keras's tensors, as far as they are known.
    """

    layers: dict[str, LayerPlan] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    weights: dict[str, Arrays] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    shapes: dict[Tensor, Shape] = field(default_factory=dict)

    def note(self, sentence: str) -> None:
        """Say something once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def free(self, name: str) -> str:
        """A name that no layer has yet."""
        base = identifier(name)
        number, result = 0, base
        while result in self.layers:
            number += 1
            result = f"{base}_{number}"
        return result

    def layer(
        self,
        plan: LayerPlan,
        args: Sequence[Any],
        kwargs: Mapping[str, Any] | None = None,
        arrays: Arrays | None = None,
    ) -> int:
        """Call a layer, made by its first call; returns the number of the call."""
        if plan.name not in self.layers:
            self.layers[plan.name] = plan
            if arrays:
                self.weights[plan.name] = arrays
        self.calls.append(Call(plan.name, tuple(args), dict(kwargs or {})))
        return len(self.calls) - 1

    def op(self, function: str, *args: Any, **kwargs: Any) -> Tensor:
        """Call a function of `keras.ops`."""
        plan = LayerPlan(self.free(function), f"ops.{function}")
        return Tensor(self.layer(plan, args, kwargs))

    # ------------------------------------------------------------------------ layouts

    def full(self, value: Value) -> Value:
        """A value whose repeated numbers Keras's tensor has as well."""
        for axis, size in enumerate(value.shape):
            if times(value.sizes[k] for k in value.axes[axis]) == size:
                continue
            if not value.axes[axis]:
                value = self.arranged(value, made=[axis])
            place = value.axes[axis][0]
            if is_open(size):
                tensor = self._repeated(value, place, size)
            else:
                tensor = self.op("repeat", value.tensor, size, axis=place)
            sizes = list(value.sizes)
            sizes[place] = size
            value = replace(value, tensor=tensor, sizes=tuple(sizes))
        return value

    def _repeated(self, value: Value, place: int, size: Size) -> Tensor:
        """A tensor repeated as often as another one has steps.

        Raises:
            Unported: if no tensor has this size.
        """
        leads = [tensor for tensor, sizes in self.shapes.items() if size in sizes]
        if not leads:
            raise Unported("numbers repeated along an axis of any size")
        lead = leads[-1]
        sizes = self.shapes[lead]
        axis = sizes.index(size)
        index = tuple(slice(None) if k == axis else 0 for k in range(len(sizes)))
        steps = self.op("getitem", lead, index)
        ones = self.op("ones_like", steps, dtype=value.dtype)
        more = tuple(range(1, len(value.sizes) - place))
        if more:
            ones = self.op("expand_dims", ones, axis=more)
        return self.op("multiply", value.tensor, ones)

    def arranged(
        self,
        value: Value,
        order: Iterable[int] | None = None,
        made: Sequence[int] | None = None,
    ) -> Value:
        """A value whose axes Keras has in a certain order.

        Args:
            value: of PyTorch's tensor.
            order: of PyTorch's axes; None for theirs.
            made: PyTorch's axes that are made where Keras's tensor lacks them; None
                for all.
        """
        order = tuple(range(len(value.shape)) if order is None else order)
        before = [k for axis in order for k in value.axes[axis]]
        tensor = value.tensor
        if before != sorted(before):
            tensor = self.op("transpose", tensor, axes=tuple(before))
        missing = []
        groups: dict[int, tuple[int, ...]] = {}
        sizes: list[Size] = []
        for axis in order:
            group = value.axes[axis]
            start = len(sizes)
            sizes += [value.sizes[k] for k in group]
            if not group and (made is None or axis in made):
                missing.append(start)
                sizes.append(1)
            groups[axis] = tuple(range(start, len(sizes)))
        for place in missing:
            tensor = self.op("expand_dims", tensor, axis=place)
        axes = tuple(groups[axis] for axis in range(len(value.shape)))
        return replace(value, tensor=tensor, axes=axes, sizes=tuple(sizes))

    def merged(self, value: Value, keep: Sequence[int] = ()) -> Value:
        """A value of which Keras's tensor has each axis as one.

        Args:
            value: arranged: the axes of each group stand side by side.
            keep: PyTorch's axes that may stay several.
        """
        by_start = sorted(
            (group[0] if group else -1, axis) for axis, group in enumerate(value.axes)
        )
        sizes: list[Size] = []
        axes: dict[int, tuple[int, ...]] = {}
        for start, axis in by_start:
            group = value.axes[axis]
            own = [value.sizes[k] for k in group]
            if len(group) > 1 and axis not in keep:
                own = [times(own)]
            axes[axis] = tuple(range(len(sizes), len(sizes) + len(own)))
            if start >= 0:
                sizes += own
        if tuple(sizes) == value.sizes:
            return value
        tensor = self.reshaped(value.tensor, value.sizes, tuple(sizes))
        in_order = tuple(axes[axis] for axis in range(len(value.shape)))
        return replace(value, tensor=tensor, axes=in_order, sizes=tuple(sizes))

    def plain(self, value: Value) -> Value:
        """A value that Keras's tensor has as PyTorch's does."""
        return self.merged(self.arranged(self.full(value)))

    def reshaped(self, tensor: Tensor, before: Shape, after: Shape) -> Tensor:
        """Keras's tensor in another shape.

        Raises:
            Unported: if two sizes are open, and the first is not that of the batch.
        """
        sizes = [-1 if is_open(size) else size for size in after]
        if sizes.count(-1) <= 1:
            return self.op("reshape", tensor, tuple(sizes))
        if sizes.count(-1) == 2 and sizes[0] == -1 and after[0] == before[0]:
            target = {"target_shape": tuple(sizes[1:])}
            plan = LayerPlan(self.free("reshape"), "Reshape", target)
            return Tensor(self.layer(plan, [tensor]))
        raise Unported("a reshape with two sizes that are open")
