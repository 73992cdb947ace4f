"""The class of a stub in Keras: a layer that is left for the user to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compare.kinds.graph import ANY_AXES, LayerPlan, TensorFacts
from compare.kinds.layer import Arrays
from compare.kinds.source import TensorText
from compare.porting.writing.lines import (
    STEP,
    Code,
    call,
    literal,
    name,
    quoted,
    statement,
)
from compare.porting.writing.names import attributes
from compare.porting.writing.stub_text import docstring, not_written, words

SPEC = "keras.KerasTensor"
# What a layer of Keras has already, beside what begins with an underscore.
OF_LAYERS = """
    add_loss add_metric add_weight autocast build built call compute_dtype compute_mask
    compute_output_shape compute_output_spec count_params dtype dtype_policy
    from_config get_config get_weights input input_dtype input_spec load_own_variables
    losses metrics name non_trainable_variables non_trainable_weights output path
    quantize rematerialized_call save_own_variables self set_weights stateless_call
    supports_jit supports_masking symbolic_call trainable trainable_variables
    trainable_weights variable_dtype variables weights
"""
RESERVED = frozenset(OF_LAYERS.split())


def keras_stub_lines(
    class_name: str,
    layer: LayerPlan,
    takes: Sequence[TensorFacts],
    returns: Sequence[TensorFacts],
    arrays: Arrays,
) -> list[str]:
    """The class of a stub of Keras.

    Args:
        class_name: of the stub.
        layer: that it stands for.
        takes: what is known of its arguments.
        returns: what is known of its results.
        arrays: that it holds, by name.
    """
    arguments = ["x"]
    if len(takes) > 1:
        arguments = [f"x{number}" for number in range(1, len(takes) + 1)]
    assert layer.missing is not None
    described = map(_words, takes)
    lines = [
        f"class {class_name}(layers.Layer):",
        *docstring(
            layer.name,
            layer.missing,
            dict(zip(arguments, described, strict=True)),
            [*map(_words, returns)],
        ),
    ]
    if arrays:
        lines += ["", *_maker(arrays)]
    first = arguments[0]
    specs = [_spec(fact, first) for fact in returns]
    result = specs[0] if len(specs) == 1 else literal(specs)
    given = ", ".join(["self", *arguments])
    untold = [fact for fact in returns if not fact.shape or ANY_AXES in fact.shape]
    comment = [f"{STEP * 2}# The file does not tell the shape; that of {first} stands"]
    comment += [f"{STEP * 2}# in its place."]
    return [
        *lines,
        "",
        f"{STEP}def compute_output_spec({given}):",
        *(comment if untold else []),
        *statement(result, "return ", indent=2),
        "",
        f"{STEP}def call({given}):",
        *not_written(layer.name),
    ]


def _maker(arrays: Arrays) -> list[str]:
    """The method that makes the weights."""
    lines = [
        f"{STEP}def __init__(self, **kwargs):",
        f"{STEP * 2}super().__init__(**kwargs)",
    ]
    for array, attribute in attributes_of(arrays).items():
        shape = literal(tuple(int(size) for size in arrays[array].shape))
        kwargs = {"shape": shape, "name": quoted(attribute)}
        made = call("self.add_weight", [], kwargs)
        lines += statement(made, f"self.{attribute} = ", indent=2)
    return lines


def attributes_of(arrays: Arrays) -> Mapping[str, str]:
    """What a stub calls each of its arrays."""
    names = {}
    for array, attribute in attributes(arrays).items():
        names[array] = f"{attribute}_array" if attribute in RESERVED else attribute
    return names


def _words(fact: TensorFacts) -> str:
    return words(TensorText("", fact.shape, fact.dtype, words=fact.words))


def _spec(fact: TensorFacts, first: str) -> Code:
    """What a stub says of a tensor that it returns.

    Args:
        fact: what is known of it.
        first: the argument whose shape stands for one that nothing tells.
    """
    dtype = quoted(fact.dtype)
    if not fact.shape:
        return call(SPEC, [name(f"{first}.shape"), dtype])
    if ANY_AXES in fact.shape:
        return call(SPEC, [name(f"(*{first}.shape[:-1], {fact.shape[-1]})"), dtype])
    return call(SPEC, [literal(tuple(fact.shape)), dtype])
