"""The arguments of a call as Keras 3 takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compare.kinds.graph import OPERATION, STUB, LayerPlan, tensors_in
from compare.one_line import printable
from compare.porting.reading import operations, tensorflow_operations
from compare.porting.reading.findings import Config, Findings
from compare.porting.reading.keras_layers import RECURRENT

Arguments = tuple[tuple[Any, ...], dict[str, Any]]

# Layers whose call has training=True by default; those that act in training alone are
# read as Identity.
BY_DEFAULT = {"Identity", "CenterCrop", "Normalization", "Rescaling", "Resizing"}


def usual(
    plan: LayerPlan,
    config: Config,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    layer: str,
    found: Findings,
) -> Arguments:
    """The arguments of a call.

    Args:
        plan: of the layer.
        config: of the layer, as the file has it.
        args: by place, with tensors.
        kwargs: by name.
        layer: its full name, for what is found.
        found: takes problems.
    """
    if plan.keras.startswith(OPERATION):
        return _of_operation(plan, config, args, dict(kwargs), layer, found)
    others = {name: value for name, value in kwargs.items() if value is not None}
    # Keras writes it down for layers whose call has it by default: they act as they
    # predict all the same.
    if others.pop("training", False) and plan.keras not in BY_DEFAULT:
        found.problem(f"{layer}: a call with training=True, which a port has not")
    if not _is_recurrent(plan):
        return args, others
    return _of_recurrent(config, args, others)


def most_results(plan: LayerPlan) -> int | None:
    """How many tensors a layer returns at most; None where that is not known."""
    if plan.keras == STUB:
        return None
    if plan.model is not None:
        return len(list(tensors_in(plan.model.outputs)))
    if plan.keras.startswith(OPERATION) or _is_recurrent(plan):
        return None
    if plan.keras.endswith("Attention"):  # with the scores
        return 2
    return 1


def _is_recurrent(plan: LayerPlan) -> bool:
    """Whether a layer is recurrent, or goes in both directions."""
    return plan.keras in RECURRENT or plan.keras == "Bidirectional"


def _of_recurrent(
    config: Config, args: tuple[Any, ...], others: dict[str, Any]
) -> Arguments:
    """The sequence by place, and what is beside it by name.

    Keras 2 called a layer with states as with a list: the sequence, the states, and
    constants.
    """
    first, *following = args
    if following:
        others.setdefault("initial_state", following[0])
    if isinstance(first, list):
        first, *beside = first
        count = config["config"].get("num_constants") or 0
        if count:
            others["constants"] = beside[-count:]
            beside = beside[:-count]
        if beside:
            others["initial_state"] = beside
    states = others.get("initial_state")
    if states is not None and not isinstance(states, list | tuple):
        others["initial_state"] = [states]
    return (first,), others


def _of_operation(
    plan: LayerPlan,
    config: Config,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    layer: str,
    found: Findings,
) -> Arguments:
    """The arguments of a function in `keras.ops`."""
    if config["class_name"] == operations.NODE_LAYER:
        tensors = list(tensors_in(args))
        settings = config["config"]
        node = operations.node_of(settings)
        constants = settings.get("constants") or {}
        try:
            return tensorflow_operations.of_node(node, constants, tensors)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError):
            shown = printable(str(node.get("op")), 60)
            found.problem(f"{layer}: a {shown} of TensorFlow with other inputs")
            return args, {}
    if config["class_name"] in operations.FUNCTION_LAYERS:
        function = operations.function_of(config)
        return tensorflow_operations.called(function, args, kwargs, layer, found)
    options = operations.options_of(config)
    options |= {name: value for name, value in kwargs.items() if value is not None}
    function = plan.keras.removeprefix(OPERATION)
    if function == "getitem" and isinstance(args[-1], list):
        args = (*args[:-1], tuple(args[-1]))
    first = operations.FIRST.get(function)
    if first in options:
        args = (options.pop(first), *args)
    return args, options
