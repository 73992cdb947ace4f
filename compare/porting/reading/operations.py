"""Operations between layers: those of Keras 3, and those of TensorFlow in Keras 2.

A plan calls them by their function in `keras.ops`, such as "ops.mean".
"""

from __future__ import annotations

import json
from typing import Any

from compare.kinds.graph import OPERATION, LayerPlan
from compare.kinds.names import snake
from compare.one_line import printable
from compare.porting.reading.findings import Config, Findings
from compare.porting.reading.tensorflow_operations import FUNCTIONS, OPERATIONS

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
    "GetItem": "getitem",
}
NEEDLESS = ("name", "trainable", "seed")
FIRST = {"einsum": "subscripts"}  # the option that a function takes before tensors
# Layers that leave `trainable` out of their settings, as operations do.
UNTRAINED = (
    "Discretization",
    "HashedCrossing",
    "Pipeline",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
)


def is_operation(config: Config) -> bool:
    """Whether what a configuration calls a layer is an operation.

    Keras 3 leaves the module out in HDF5, where a layer has settings of its own.
    """
    module = str(config.get("module") or "")
    if module.startswith("keras."):
        return "ops" in module.split(".")
    if config["class_name"] in (*FUNCTION_LAYERS, NODE_LAYER):
        return True
    if config["class_name"] in UNTRAINED:
        return False
    nodes, settings = config.get("inbound_nodes"), config["config"]
    if module or not nodes or not isinstance(nodes[0], dict) or "args" not in nodes[0]:
        return False
    return isinstance(settings, dict) and "trainable" not in settings


def plan(config: Config, name: str, full_name: str, found: Findings) -> LayerPlan:
    """An operation as a plan; its options are in its calls."""
    cls = config["class_name"]
    if cls in FUNCTION_LAYERS or cls == NODE_LAYER:
        known = OPERATIONS if cls == NODE_LAYER else FUNCTIONS
        function = function_of(config)
        if function not in known:
            shown = printable(function, 60)
            found.problem(
                f"{full_name}: the function {shown} of TensorFlow, which no port can "
                "say"
            )
            return LayerPlan(name, cls)
        return LayerPlan(name, f"{OPERATION}{known[function].name}")
    function = NAMES.get(cls, snake(cls))
    if str(config.get("module")).split(".")[-1] == "image":
        function = f"image.{function}"
    return LayerPlan(name, f"{OPERATION}{function}")


def options_of(config: Config) -> Config:
    """What an operation of Keras 3 was made with, but for what is None by default."""
    options = {}
    for name, value in config["config"].items():
        if name not in NEEDLESS and value is not None and not _is_policy(name, value):
            options[name] = value
    return options


def _is_policy(name: str, value: Any) -> bool:
    return name == "dtype" and isinstance(value, dict)


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
