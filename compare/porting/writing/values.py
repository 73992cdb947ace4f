"""The tensors of a model as variables of its port, arranged as each call takes them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from compare.kinds.graph import (
    Call,
    LayerPlan,
    ModelPlan,
    Tensor,
    tensors_in,
)
from compare.kinds.page import Page
from compare.kinds.source import TensorText, shape_text
from compare.kinds.source_tensors import moved_features
from compare.kinds.sources import SOURCES
from compare.porting.writing.chains import joined

WRAPPER = "TimeDistributed"
# What acts on the last axis alone, so that it takes a sequence of steps as one tensor.
LAST_AXIS_ALONE = ("Activation", "Dense", "Dropout", "Embedding", "LayerNormalization")


@dataclass(frozen=True)
class Way:
    """How a call takes a tensor.

    Args:
        second: whether the features are its second axis; None where either is right.
        folded: how many axes after the batch are folded into it; None for any number.
    """

    second: bool | None = False
    folded: int | None = 0


def unwrapped(layer: LayerPlan) -> LayerPlan:
    """The layer in a TimeDistributed; another layer itself."""
    while layer.keras == WRAPPER:
        (layer,) = layer.inside
    return layer


def _wrappers(layer: LayerPlan) -> int:
    """How many TimeDistributed are around a layer."""
    count = 0
    while layer.keras == WRAPPER:
        (layer,) = layer.inside
        count += 1
    return count


def _takes_any_steps(plan: LayerPlan) -> bool:
    """Whether a layer takes steps as an axis of their own as well as in the batch."""
    if plan.keras == "Flatten":
        return plan.config.get("data_format") != "channels_first"
    return _is_on_last_axis(plan)


def _is_on_last_axis(plan: LayerPlan) -> bool:
    """Whether a layer does the same with all steps as with each of them."""
    axis = plan.config.get("axis", -1)
    return plan.keras in LAST_AXIS_ALONE and axis in (-1, [-1])


class Values:
    """The tensors of a model while its port is written.

    Args:
        plan: of the model.
        page: of its class, on which lines are added.
    """

    def __init__(self, plan: ModelPlan, page: Page):
        self.plan = plan
        self.page = page
        self.texts: dict[Tensor, TensorText] = {}
        # The same tensors in the way in which later calls take them.
        self.spares: dict[Tensor, TensorText] = {}
        self.number = 0
        self.last_read = _last_read(plan)

    def __getitem__(self, tensor: Tensor) -> TensorText:
        """The tensor as it was last arranged."""
        return self.texts[tensor]

    def __setitem__(self, tensor: Tensor, value: TensorText) -> None:
        self.texts[tensor] = value

    def step(self, tensor: Tensor) -> TensorText:
        """The tensor as a layer takes it, with steps as samples if they are folded."""
        return self.texts[tensor].step

    def at(self, number: int) -> None:
        """Say which call is written: the page may use variables that none reads now."""
        self.number = number
        self.page.live = self._live(number)
        self.page.later = self._live(number + 1)

    def _live(self, number: int) -> set[str]:
        """The variables that calls from this one on read."""
        live = set()
        for values in (self.texts, self.spares):
            for tensor, value in values.items():
                if self.last_read.get(tensor, -1) >= number:
                    live |= {value.text, value.mask, *value.folded}
        return live - {""}

    # ------------------------------------------------------------------------- moves

    def arrange_for(self, call: Call) -> None:
        """Bring all tensors of a call to where its layer takes them."""
        way = self._way(self.plan.layers[call.layer], call)
        if way.second is None:
            values = [self.texts[tensor].step for tensor in call.inputs]
            alike = len({value.axes for value in values}) == 1
            second = alike and any(value.features_second for value in values)
            way = replace(way, second=second)
        for tensor in dict.fromkeys(call.inputs):
            self.arrange(tensor, way)

    def folded_after(self, call: Call) -> tuple[str, ...]:
        """What is folded into the batch of the results of a call."""
        layer = self.plan.layers[call.layer]
        if not call.inputs:
            return ()
        if layer.keras == WRAPPER or _is_on_last_axis(layer):
            return self.texts[call.inputs[0]].folded
        return ()

    def _way(self, layer: LayerPlan, call: Call) -> Way:
        """How a layer takes what it is called with."""
        plan = unwrapped(layer)
        folded = _wrappers(layer)
        if plan.model is not None:
            return Way(False, folded)
        if not call.inputs:
            return Way(None, None)
        axes = self._axes(call.inputs[0])
        layout = SOURCES[plan.keras].layout_of(plan, call, axes - folded)
        second = None if layout == "any" else layout == "features second"
        return Way(second, None if _takes_any_steps(plan) else folded)

    def _axes(self, tensor: Tensor) -> int:
        """How many axes a tensor has that is written already."""
        return self.texts[tensor].axes

    def arrange(self, tensor: Tensor, way: Way) -> None:
        """Bring a tensor to where it is taken, with a line if it is elsewhere."""
        value = self.texts[tensor]
        if _fits(value, way):
            return
        spare = self.spares.get(tensor)
        if spare is not None and _fits(spare, way):
            self.texts[tensor], self.spares[tensor] = spare, value
            return
        is_read_later = self._is_taken_so(tensor, value)
        moved = self._moved(value, way)
        name = value.text
        if is_read_later:
            name = self.page.variable(_name_for(value, moved))
            self.spares[tensor] = value
        arranged, shape = replace(moved, text=name), shape_text(moved)
        text = moved.text
        if not is_read_later and self.page.lines:
            chain = joined(self.page.lines[-1], text, shape, set())
            if chain:
                text = chain
                del self.page.lines[-1]
        self.page.lines.append(f"{name} = {text}  # {shape}")
        if not is_read_later:
            self._rename(value, arranged)
        self.texts[tensor] = arranged

    def _rename(self, before: TensorText, after: TensorText) -> None:
        """A variable holds a tensor in another way: so do all tensors that it holds."""
        second, folded = after.features_second, after.folded
        for values in (self.texts, self.spares):
            for tensor, value in values.items():
                if value.text == before.text and value.axes == before.axes:
                    values[tensor] = replace(
                        value, features_second=second, folded=folded
                    )

    def _moved(self, value: TensorText, way: Way) -> TensorText:
        """The tensor as an expression, moved in one way after the other."""
        folded = len(value.folded) if way.folded is None else way.folded
        second = way.second and value.axes - folded > 2
        if len(value.folded) != folded:
            sizes = self._sizes(value, folded)
            value = self._with_features(value, second=False)
            value = self._with_folded(value, sizes)
        return self._with_features(value, bool(second))

    def _with_features(self, value: TensorText, second: bool) -> TensorText:
        if value.features_second == second:
            return value
        text = moved_features(value.text, value.step.axes, second)
        return replace(value, text=text, features_second=second)

    def _sizes(self, value: TensorText, count: int) -> tuple[str, ...]:
        """The sizes of so many axes after the batch; a line takes one that is open."""
        sizes = [*value.folded[:count]]
        for axis in range(len(sizes) + 1, count + 1):
            size = value.shape[axis]
            if size is not None:
                sizes.append(str(size))
                continue
            word = value.size_text(axis)
            sizes.append(
                self.page.variable(word if word.isidentifier() else "num_steps")
            )
            in_torch = value.step.axis_in_torch(axis - len(value.folded))
            self.page.lines.append(f"{sizes[-1]} = {value.text}.shape[{in_torch}]")
        return tuple(sizes)

    def _with_folded(self, value: TensorText, sizes: tuple[str, ...]) -> TensorText:
        """The tensor, features last, with axes of these sizes folded into its batch."""
        text = value.text
        if value.folded:
            text = f"{text}.unflatten(0, (-1, {', '.join(value.folded)}))"
        if sizes:
            text = f"{text}.flatten(0, {len(sizes)})"
        return replace(value, text=text, folded=sizes)

    def _is_taken_so(self, tensor: Tensor, value: TensorText) -> bool:
        """Whether a later call takes a tensor as it is now, and no other way."""
        for call in self.plan.calls[self.number + 1 :]:
            if tensor not in call.inputs:
                continue
            way = self._way_later(call, tensor)
            if way.second is not None and _fits(value, way):
                return True
        is_result = tensor in [*tensors_in(self.plan.outputs)]
        return is_result and self.number < len(self.plan.calls) and _fits(value, Way())

    def _way_later(self, call: Call, tensor: Tensor) -> Way:
        """How a later call takes a tensor, whose other tensors may not be written."""
        if call.inputs[0] not in self.texts:
            call = Call(call.layer, (tensor,))
        return self._way(self.plan.layers[call.layer], call)


def _fits(value: TensorText, way: Way) -> bool:
    """Whether a tensor is where it is taken."""
    if way.folded is not None and len(value.folded) != way.folded:
        return False
    is_flat = value.step.axes < 3
    return way.second is None or is_flat or value.features_second == way.second


def _name_for(before: TensorText, after: TensorText) -> str:
    """What a tensor is called in another way, where both are read later."""
    if len(before.folded) != len(after.folded):
        return "steps"
    return "channels_first" if after.features_second else "channels_last"


def _last_read(plan: ModelPlan) -> dict[Tensor, int]:
    """The number of the last call that reads each tensor; beyond all for results."""
    last: dict[Tensor, int] = {}
    for number, call in enumerate(plan.calls):
        for tensor in call.inputs:
            last[tensor] = number
    for tensor in tensors_in(plan.outputs):
        last[tensor] = len(plan.calls)
    return last
