"""Names in a port: of layers as attributes, and of classes."""

from __future__ import annotations

import builtins
import re
from collections.abc import Container, Iterable, Mapping
from pathlib import Path

from compare import in_pytorch
from compare.errors import BadInput
from compare.kinds.graph import ModelPlan, tensors_in
from compare.kinds.names import identifier

# What tensors are called in a forward method, the first that is free.
VARIABLES = ("x", "y", "z")
HELPERS = Path(in_pytorch.__file__).parent / "ported"

# What a module of PyTorch has already, as a method, a class's or an object's own; a
# test holds that it is all of them.
OF_MODULES = """
    T_destination add_module apply bfloat16 buffers call_super_init children compile
    cpu cuda double dump_patches eval extra_repr float forward get_buffer
    get_extra_state get_parameter get_submodule half ipu load_state_dict modules mtia
    named_buffers named_children named_modules named_parameters parameters
    register_backward_hook register_buffer register_forward_hook
    register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training
    type xpu zero_grad
"""
RESERVED = frozenset(OF_MODULES.split())


def attributes(layers: Iterable[str]) -> dict[str, str]:
    """A name for each layer, as attribute of a module, by its name.

    No two are the same, and none hides what a module has.
    """
    taken: set[str] = set()
    names = {}
    for layer in layers:
        name = identifier(layer)
        if name in RESERVED:
            name = f"{name}_layer"
        names[layer] = numbered(name, taken)
        taken.add(names[layer])
    return names


def argument_names(plan: ModelPlan, names: Mapping[str, str]) -> list[str]:
    """What the inputs of a model are called, in their order.

    Args:
        plan: of the model.
        names: of its layers, as `attributes` gives them.

    Raises:
        BadInput: if a dictionary of inputs holds lists.
    """
    inputs = [*tensors_in(plan.inputs)]
    if not isinstance(plan.inputs, Mapping):
        return [names[plan.plan_of(tensor).name] for tensor in inputs]
    if len(plan.inputs) != len(inputs):
        raise BadInput(
            f"{plan.name}: expected inputs in a list or in a dictionary, got lists "
            "inside a dictionary, which no forward of PyTorch has arguments for; give "
            "each of these inputs a name of its own"
        )
    return [*attributes(map(str, plan.inputs)).values()]


def numbered(name: str, taken: Container[str]) -> str:
    """The name, with a number behind it where it is taken."""
    result, number = name, 1
    while result in taken:
        number += 1
        result = f"{name}_{number}"
    return result


def class_name(layer: str, taken: Container[str]) -> str:
    """The name of the class of a model in the model: "my_encoder" is MyEncoder."""
    words = identifier(layer).split("_")
    name = "".join(word[:1].upper() + word[1:] for word in words)
    if name == "F" or hasattr(builtins, name):
        name = f"{name}Model"
    result, number = name, 1
    while result in taken:
        number += 1
        result = f"{name}{number}"
    return result


def of_helpers() -> set[str]:
    """The names of all classes and functions that may be copied into a port."""
    names: set[str] = set()
    for path in HELPERS.glob("*.py"):
        text = path.read_text("utf-8")
        names.update(re.findall(r"^(?:class|def) (\w+)", text, re.MULTILINE))
        names.update(re.findall(r"^([A-Z_]+)\b.* = ", text, re.MULTILINE))
    return names
