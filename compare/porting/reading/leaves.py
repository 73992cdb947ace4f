"""The layers of a plan that may hold arrays, those of models inside it too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from compare.kinds.graph import MODEL, LayerPlan, ModelPlan
from compare.kinds.names import snake
from compare.porting.reading.arrays import Shapes, arrays_of
from compare.porting.reading.keras_layers import NAMES_IN_CODE


@dataclass(frozen=True)
class Leaf:
    """A layer, and where a file may have its arrays.

    Args:
        name: its full name.
        steps: the names that it consists of.
        path: of its group in `model.weights.h5`, without the groups that only hold
            others; there it goes by its class and is numbered.
        plan: of the layer.
        shapes: of its arrays, as far as the configuration tells them.
    """

    name: str
    steps: tuple[str, ...]
    path: str
    plan: LayerPlan
    shapes: Shapes = field(default_factory=dict)


def leaves_of(
    model: ModelPlan,
    classes: Mapping[str, str],
    steps: tuple[str, ...] = (),
    path: str = "",
) -> Iterator[Leaf]:
    """The layers of a model and of those inside it, in the order of the file.

    Args:
        model: whose layers.
        classes: what the file calls the class of a layer, by its full name.
        steps: the names of the models around it.
        path: what the paths of its layers begin with.
    """
    count: dict[str, int] = {}
    for name, plan in model.layers.items():
        own_steps = (*steps, name)
        full_name = ".".join(own_steps)
        cls = classes.get(full_name, plan.keras)
        own_path = snake(NAMES_IN_CODE.get(cls, cls))
        number = count.get(own_path, 0)
        count[own_path] = number + 1
        if number:
            own_path += f"_{number}"
        own_path = f"{path}{own_path}"
        inside = plan.inside[0] if plan.keras == "TimeDistributed" else plan
        if plan.model is not None:
            yield from leaves_of(plan.model, classes, own_steps, f"{own_path}/")
        elif inside.keras == MODEL and inside.model is not None:
            yield from leaves_of(
                inside.model,
                classes,
                own_steps,
                f"{own_path}/layer/",
            )
        else:
            yield Leaf(full_name, own_steps, own_path, plan, arrays_of(plan))
