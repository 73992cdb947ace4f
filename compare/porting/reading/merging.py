"""The layer `Merge` of Keras 1, for which Keras 3 has a class for each mode."""

from __future__ import annotations

from typing import Any

from compare.kinds.graph import LayerPlan
from compare.one_line import printable
from compare.porting.reading.findings import Config, Findings

CLASSES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
    "dot": "Dot",
}
CONCATENATED, DOTTED = -1, -1  # the axes where Keras 1 was told none


def merged(settings: Config, name: str, full_name: str, found: Findings) -> LayerPlan:
    """A layer that merges, in the words of Keras 3."""
    mode = settings.get("mode", "sum")
    if not isinstance(mode, str) or mode not in CLASSES:
        shown = printable(str(mode), 60)
        found.problem(
            f"{full_name}: a Merge of the mode {shown}, for which Keras 3 has no layer"
        )
        return LayerPlan(name, "Merge")
    config: dict[str, Any] = {}
    if mode == "concat":
        config["axis"] = settings.get("concat_axis", CONCATENATED)
    if CLASSES[mode] == "Dot":
        config["axes"] = _axes(settings.get("dot_axes", DOTTED))
    return LayerPlan(name, CLASSES[mode], config)


def _axes(axes: Any) -> Any:
    """The axes of a dot product; Keras 1 also took a list of lists of one."""
    if isinstance(axes, list):
        return [axis[0] if isinstance(axis, list) else axis for axis in axes]
    return axes
