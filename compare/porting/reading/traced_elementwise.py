"""Functions of PyTorch that work number by number, or along an axis, in Keras's words.

Each function here takes the reader and a step, and returns what the step's results are
in Keras.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from compare.in_pytorch.recording import Open, Step
from compare.porting.reading.traced_constants import operand
from compare.porting.reading.traced_graph import (
    Constant,
    Shape,
    Unported,
    Value,
    times,
)
from compare.porting.reading.traced_reader import Handler, Reader

UNARY = {
    "relu": "relu",
    "relu6": "relu6",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "silu": "silu",
    "selu": "selu",
    "mish": "mish",
    "softsign": "soft_sign",
    "logsigmoid": "log_sigmoid",
    "log_sigmoid": "log_sigmoid",
    "hardsigmoid": "hard_sigmoid",
    "hardswish": "hard_silu",
    "tanhshrink": "tanh_shrink",
    "exp": "exp",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "log2": "log2",
    "log10": "log10",
    "sqrt": "sqrt",
    "rsqrt": "rsqrt",
    "square": "square",
    "reciprocal": "reciprocal",
    "abs": "absolute",
    "neg": "negative",
    "sign": "sign",
    "floor": "floor",
    "ceil": "ceil",
    "round": "round",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "sinh": "sinh",
    "cosh": "cosh",
    "erf": "erf",
    "logical_not": "logical_not",
    "isnan": "isnan",
    "isinf": "isinf",
    "isfinite": "isfinite",
}
BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "true_divide",
    "pow": "power",
    "maximum": "maximum",
    "minimum": "minimum",
    "floor_divide": "floor_divide",
    "remainder": "mod",
    "atan2": "arctan2",
    "gt": "greater",
    "ge": "greater_equal",
    "lt": "less",
    "le": "less_equal",
    "eq": "equal",
    "ne": "not_equal",
    "logical_and": "logical_and",
    "logical_or": "logical_or",
    "logical_xor": "logical_xor",
}
SAME = (
    "contiguous",
    "clone",
    "detach",
    "cpu",
    "cuda",
    "data",
    "alias",
    "requires_grad",
    "positive",
    "resolve_conj",
)
DTYPES = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "bfloat16": "bfloat16",
    "long": "int64",
    "int": "int32",
    "bool": "bool",
}


def unary(reader: Reader, step: Step) -> Value:
    """A function of each number."""
    value = reader.tensor(step.args[0])
    return applied(reader, step, value, UNARY[step.function])


def applied(
    reader: Reader, step: Step, value: Value, function: str, **settings: Any
) -> Value:
    """A function of `keras.ops` of each number of a value."""
    tensor = reader.graph.op(function, value.tensor, **settings)
    return replace(value, tensor=tensor, dtype=step.results[0].dtype)


def same(reader: Reader, step: Step) -> Any:
    """What moves or copies a tensor, and changes no number."""
    return reader.get(step.args[0])


def cast(reader: Reader, step: Step) -> Any:
    """A tensor in another dtype; precision of floats is a matter of the whole twin."""
    known = reader.get(step.args[0])
    target = step.results[0].dtype
    before = reader.recording.steps[step.args[0].step].results[step.args[0].output]
    if before.dtype == target or ("float" in before.dtype and "float" in target):
        return known
    value = reader.tensor(step.args[0])
    return applied(reader, step, value, "cast", dtype=target)


# ------------------------------------------------------------- with settings of their own


def gelu(reader: Reader, step: Step) -> Value:
    """Gaussian error linear unit."""
    given = reader.bound(step, "input approximate", approximate="none")
    approximate = given.approximate == "tanh"
    value = reader.tensor(given.input)
    return applied(reader, step, value, "gelu", approximate=approximate)


def leaky_relu(reader: Reader, step: Step) -> Value:
    """Leaky rectifier."""
    given = reader.bound(
        step, "input negative_slope inplace", negative_slope=0.01, inplace=False
    )
    value = reader.tensor(given.input)
    slope = given.negative_slope
    return applied(reader, step, value, "leaky_relu", negative_slope=slope)


def elu(reader: Reader, step: Step) -> Value:
    """Exponential linear unit."""
    given = reader.bound(step, "input alpha inplace", alpha=1.0, inplace=False)
    settings = {} if given.alpha == 1 else {"alpha": given.alpha}
    value = reader.tensor(given.input)
    return applied(reader, step, value, step.function, **settings)


def softplus(reader: Reader, step: Step) -> Value:
    """Softplus; Keras has no sharper one."""
    given = reader.bound(step, "input beta threshold", beta=1, threshold=20)
    if given.beta != 1:
        raise Unported(f"beta={given.beta}, and Keras's softplus has 1")
    return applied(reader, step, reader.tensor(given.input), "softplus")


def clip(reader: Reader, step: Step) -> Value:
    """Limits on either side."""
    if step.function == "hardtanh":
        given = reader.bound(
            step, "input min max inplace", min=-1.0, max=1.0, inplace=False
        )
    elif step.function == "clamp_min":
        given = reader.bound(step, "input min max", max=None)
    elif step.function == "clamp_max":
        given = reader.bound(step, "input max min", min=None)
    else:
        given = reader.bound(step, "input min max", min=None, max=None)
    value = reader.tensor(given.input)
    if given.min is None:
        tensor = reader.graph.op("minimum", value.tensor, given.max)
    elif given.max is None:
        tensor = reader.graph.op("maximum", value.tensor, given.min)
    else:
        tensor = reader.graph.op("clip", value.tensor, given.min, given.max)
    return replace(value, tensor=tensor)


def softmax(reader: Reader, step: Step) -> Value:
    """Softmax, and its logarithm, along an axis."""
    given = reader.bound(
        step, "input dim _stacklevel dtype", dim=None, _stacklevel=3, dtype=None
    )
    value, axis = reader.plain_axis(reader.tensor(given.input), given.dim or 0)
    function = step.function.strip("_")
    if is_last(value, axis):
        return applied(reader, step, value, function)
    return applied(reader, step, value, function, axis=axis)


def glu(reader: Reader, step: Step) -> Value:
    """Gated linear unit: one half, and the sigmoid of the other."""
    given = reader.bound(step, "input dim", dim=-1)
    value, axis = reader.plain_axis(reader.tensor(given.input), given.dim)
    tensor = reader.graph.op("glu", value.tensor, axis=axis)
    sizes = list(value.sizes)
    sizes[axis] = step.results[0].shape[given.dim]
    shape = step.results[0].shape
    return replace(value, tensor=tensor, sizes=tuple(sizes), shape=shape)


def normalize(reader: Reader, step: Step) -> Value:
    """Each vector along an axis divided by its length."""
    given = reader.bound(step, "input p dim eps", p=2.0, dim=1, eps=1e-12)
    value, axis = reader.plain_axis(reader.tensor(given.input), given.dim)
    settings: dict[str, Any] = {}
    if not is_last(value, axis):
        settings["axis"] = axis
    if given.p != 2:
        settings["order"] = int(given.p) if given.p == int(given.p) else given.p
    return applied(reader, step, value, "normalize", **settings, epsilon=given.eps)


def is_last(value: Value, axis: int) -> bool:
    """Whether an axis of Keras is the last one."""
    return axis == len(value.sizes) - 1


# --------------------------------------------------------------- of several tensors


def binary(reader: Reader, step: Step) -> Any:
    """A function of two tensors, or of a tensor and a number."""
    left, right = step.args[:2]
    settings = dict(step.kwargs or {})
    if settings.pop("alpha", 1) != 1 or len(step.args) > 2:
        raise Unported("an operand with a factor (alpha)")
    if settings.get("rounding_mode"):
        raise Unported(f"rounding_mode={settings['rounding_mode']!r}")
    as_mean = _mean(reader, step)
    if as_mean is not None:
        return as_mean
    return combined(reader, step, BINARY[step.function], [left, right])


def _mean(reader: Reader, step: Step) -> Value | None:
    """A sum over an axis of any size divided by this size: a mean."""
    left, right = step.args[:2]
    if step.function != "div" or not isinstance(right, Open):
        return None
    source = reader.recording.steps[left.step]
    if source.function != "sum":
        raise Unported("a number that depends on the sizes of the input")
    given = reader.bound(source, "input dim keepdim", dim=None, keepdim=False)
    shape = reader.recording.steps[given.input.step].results[given.input.output].shape
    dims = given.dim if isinstance(given.dim, list | tuple) else (given.dim,)
    if times(shape[dim] for dim in dims) != right:
        raise Unported("a number that depends on the sizes of the input")
    mean = Step("mean", "", step.place, source.args, source.kwargs, step.results)
    from compare.porting.reading.traced_reductions import reduced

    return reduced(reader, mean)


def where(reader: Reader, step: Step) -> Value:
    """One of two numbers, as a condition says."""
    return combined(reader, step, "where", list(step.args))


def masked_fill(reader: Reader, step: Step) -> Value:
    """A number in some places."""
    given = reader.bound(step, "input mask value")
    operands = [given.mask, given.value, given.input]
    return combined(reader, step, "where", operands)


def combined(
    reader: Reader, step: Step, function: str, operands: Sequence[Any]
) -> Value:
    """A function of tensors that are broadcast against each other, and numbers."""
    shape = step.results[0].shape
    known: list[Any] = []
    for given in operands:
        value = reader.get(given)
        if isinstance(value, Open):
            raise Unported("a number that depends on the sizes of the input")
        if value is not None and not isinstance(value, int | float | bool | Constant):
            value = reader.tensor(given)
        known.append(value)
    values = [value for value in known if isinstance(value, Value)]
    aligned, lead = _aligned(reader, values, len(shape))
    arguments: list[Any] = []
    waiting = iter(aligned)
    for given, value in zip(operands, known, strict=True):
        if isinstance(value, Value):
            arguments.append(next(waiting).tensor)
        elif isinstance(value, Constant):
            order = _order(lead)
            runs = reader.runs
            arguments.append(operand(reader, given, lead, order, shape, runs))
        else:
            arguments.append(value)
    tensor = reader.graph.op(function, *arguments)
    return _result(step, tensor, lead, aligned, shape)


def _result(
    step: Step, tensor: Any, lead: Value, values: Sequence[Value], shape: Shape
) -> Value:
    """What several aligned values come to."""
    offset = len(shape) - len(lead.shape)
    axes = ((),) * offset + lead.axes
    sizes = list(lead.sizes)
    for value in values:
        place = len(sizes) - len(value.sizes)
        for axis, size in enumerate(value.sizes):
            if size != 1:
                sizes[place + axis] = size
    for axis, group in enumerate(axes):
        # a constant may be larger along an axis of one
        if len(group) == 1 and sizes[group[0]] == 1:
            sizes[group[0]] = shape[axis]
    return Value(tensor, shape, axes, tuple(sizes), step.results[0].dtype)


def _aligned(
    reader: Reader, values: Sequence[Value], count: int
) -> tuple[list[Value], Value]:
    """Values whose axes Keras has in one order, and the one that has them all.

    Args:
        reader: whose graph gets what moves axes.
        values: at least one.
        count: of axes of PyTorch's result.
    """
    graph = reader.graph
    groups = [((),) * (count - len(v.shape)) + v.axes for v in values]
    shapes = [(1,) * (count - len(v.shape)) + v.shape for v in values]
    values = [
        replace(v, axes=g, shape=s)
        for v, g, s in zip(values, groups, shapes, strict=True)
    ]
    counts = [[len(v.axes[axis]) for v in values] for axis in range(count)]
    for axis, lengths in enumerate(counts):
        several = {n for n in lengths if n > 0}
        one = {v.shape[axis] for v in values if len(v.axes[axis]) == 1}
        if len(several) > 1 and one != {1}:
            values = [graph.merged(graph.arranged(v, made=[])) for v in values]
            return _aligned(reader, values, count)
    lead = max(values, key=lambda v: len(v.sizes))
    needed = [
        axis
        for axis in range(count)
        if not lead.axes[axis] and any(v.axes[axis] for v in values)
    ]
    place = values.index(lead)
    order = _order(lead)
    if needed:
        for axis in needed:
            order = _with(order, axis)
        lead = graph.arranged(lead, order, needed)
        values[place] = lead
        order = _order(lead)
    aligned = []
    for value in values:
        aligned.append(value if value is lead else _like(graph, value, lead, order))
    return aligned, lead


def _order(value: Value) -> list[int]:
    """PyTorch's axes that Keras's tensor has, in its order."""
    there = [axis for axis, group in enumerate(value.axes) if group]
    return sorted(there, key=lambda axis: value.axes[axis][0])


def _with(order: Sequence[int], axis: int) -> list[int]:
    """An order with an axis more, at its place among those of PyTorch."""
    behind = [n for n, other in enumerate(order) if other > axis]
    place = behind[0] if behind else len(order)
    return [*order[:place], axis, *order[place:]]


def _like(graph: Any, value: Value, lead: Value, order: Sequence[int]) -> Value:
    """A value with its axes in the order of another, so that Keras broadcasts it."""
    there = [axis for axis in order if value.axes[axis]]
    if not there:
        return value
    first = order.index(there[0])
    made = [axis for axis in order[first:] if not value.axes[axis]]
    if any(len(lead.axes[axis]) > 1 for axis in made):
        raise Unported(
            "a tensor that is repeated along two axes that PyTorch has as one"
        )
    absent = [axis for axis in range(len(value.axes)) if axis not in order[first:]]
    arranged = graph.arranged(value, [*absent, *order[first:]], made)
    return arranged  # type: ignore[no-any-return]


FUNCTIONS: dict[str, Handler] = {
    **dict.fromkeys(UNARY, unary),
    **dict.fromkeys(BINARY, binary),
    **dict.fromkeys(SAME, same),
    **dict.fromkeys((*DTYPES, "to", "type", "type_as"), cast),
    "gelu": gelu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "celu": elu,
    "softplus": softplus,
    "clamp": clip,
    "clamp_min": clip,
    "clamp_max": clip,
    "hardtanh": clip,
    "softmax": softmax,
    "log_softmax": softmax,
    "glu": glu,
    "normalize": normalize,
    "where": where,
    "masked_fill": masked_fill,
}
