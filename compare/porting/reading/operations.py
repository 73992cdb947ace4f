"""Operations between layers: those of Keras 3, and those of TensorFlow in Keras 2.

A plan calls them by their function in `keras.ops`, such as "ops.mean".
"""

from __future__ import annotations

import json
from typing import Any

from compare.kinds.graph import LayerPlan
from compare.kinds.names import snake
from compare.one_line import printable
from compare.porting.reading.findings import Config, Findings
from compare.porting.reading.tensorflow_operations import FUNCTIONS, OPERATIONS

OPS = "ops."
# Layers of TensorFlow's Keras around a function, and around a node of a graph.
FUNCTION_LAYERS = ("TFOpLambda", "SlicingOpLambda", "ClassMethod")
NODE_LAYER = "TensorFlowOpLayer"

# Functions whose name is not that of their class in snake case.
NAMES = {
    "AllClose": "allclose",
    "BatchNorm": "batch_normalization",
    "CDist": "cdist",
    "IsIn": "isin",
    "LayerNorm": "layer_normalization",
    "RMSNorm": "rms_normalization",
    "SearchSorted": "searchsorted",
    "GetItem": "get_item",
}
NEEDLESS = ("name", "trainable", "dtype", "seed")


def is_operation(config: Config) -> bool:
    """Whether what a configuration calls a layer is an operation."""
    module = str(config.get("module") or "")
    if module.startswith("keras.") and "ops" in module.split("."):
        return True
    return config["class_name"] in (*FUNCTION_LAYERS, NODE_LAYER)


def plan(config: Config, name: str, full_name: str, found: Findings) -> LayerPlan:
    """An operation as a plan; its options are those that it was made with."""
    cls, settings = config["class_name"], config["config"]
    function = function_of(config)
    if cls in FUNCTION_LAYERS or cls == NODE_LAYER:
        known = OPERATIONS if cls == NODE_LAYER else FUNCTIONS
        if function not in known:
            shown = printable(function, 60)
            found.problem(
                f"{full_name}: the function {shown} of TensorFlow, which no port can "
                "say"
            )
            return LayerPlan(name, cls)
        return LayerPlan(name, f"{OPS}{known[function].name}")
    options = {
        option: value
        for option, value in settings.items()
        if option not in NEEDLESS and (option != "dtype" or cls == "Cast")
    }
    if cls == "Cast" and "dtype" in settings:
        options["dtype"] = settings["dtype"]
    module = config["module"].split(".")[-1]
    function = NAMES.get(cls, snake(cls))
    if module == "image":
        function = f"image.{function}"
    return LayerPlan(name, f"{OPS}{function}", options)


def function_of(config: Config) -> str:
    """The function of TensorFlow that a layer calls; "" of another layer."""
    settings = config["config"]
    if config["class_name"] == NODE_LAYER:
        return str(node_of(settings).get("op", ""))
    if config["class_name"] in FUNCTION_LAYERS:
        return str(settings.get("function", ""))
    return ""


def node_of(settings: Config) -> Config:
    """The node of a graph that a layer of TensorFlow's Keras holds."""
    node: Any = settings.get("node_def", {})
    if isinstance(node, str):
        node = json.loads(node)
    return node if isinstance(node, dict) else {}
