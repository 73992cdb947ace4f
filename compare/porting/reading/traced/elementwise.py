"""Functions of PyTorch that work number by number, or along an axis.

Each function here takes the reader and a step, and returns what the step's results are
in Keras.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from compare.in_pytorch.recorded import Step
from compare.in_pytorch.unifying import Open
from compare.kinds.graph import LayerPlan, Tensor
from compare.porting.reading.traced.broadcasting import combined
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.reductions import reduced
from compare.porting.reading.traced.sizes import times
from compare.porting.reading.traced.values import Unported, Value

UNARY = {
    "relu": "relu",
    "relu6": "relu6",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "silu": "silu",
    "selu": "selu",
    "softsign": "softsign",
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
    "real",
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


def gelu(reader: Reader, step: Step) -> Value:
    """Gaussian error linear unit."""
    args = reader.bound(step, "input approximate", approximate="none")
    approximate = args.approximate == "tanh"
    value = reader.tensor(args.input)
    return applied(reader, step, value, "gelu", approximate=approximate)


def leaky_relu(reader: Reader, step: Step) -> Value:
    """Leaky rectifier."""
    args = reader.bound(
        step, "input negative_slope inplace", negative_slope=0.01, inplace=False
    )
    value = reader.tensor(args.input)
    slope = args.negative_slope
    return applied(reader, step, value, "leaky_relu", negative_slope=slope)


def elu(reader: Reader, step: Step) -> Value:
    """Exponential linear unit."""
    args = reader.bound(step, "input alpha inplace", alpha=1.0, inplace=False)
    settings = {} if args.alpha == 1 else {"alpha": args.alpha}
    value = reader.tensor(args.input)
    return applied(reader, step, value, step.function, **settings)


def softplus(reader: Reader, step: Step) -> Value:
    """Softplus; Keras has no sharper one."""
    args = reader.bound(step, "input beta threshold", beta=1, threshold=20)
    if args.beta != 1:
        raise Unported(f"beta={args.beta}, and Keras's softplus has 1")
    return applied(reader, step, reader.tensor(args.input), "softplus")


def clip(reader: Reader, step: Step) -> Value:
    """Limits on either side."""
    if step.function == "hardtanh":
        args = reader.bound(
            step,
            "input min_val max_val inplace",
            min_val=-1.0,
            max_val=1.0,
            inplace=False,
        )
        args.min, args.max = args.min_val, args.max_val
    elif step.function == "clamp_min":
        args = reader.bound(step, "input min max", max=None)
    elif step.function == "clamp_max":
        args = reader.bound(step, "input max min", min=None)
    else:
        args = reader.bound(step, "input min max", min=None, max=None)
    value = reader.tensor(args.input)
    if args.min is None:
        tensor = reader.graph.op("minimum", value.tensor, args.max)
    elif args.max is None:
        tensor = reader.graph.op("maximum", value.tensor, args.min)
    else:
        tensor = reader.graph.op("clip", value.tensor, args.min, args.max)
    return replace(value, tensor=tensor)


def softmax(reader: Reader, step: Step) -> Value:
    """Softmax, and its logarithm, along an axis."""
    args = reader.bound(
        step, "input dim _stacklevel dtype", dim=None, _stacklevel=3, dtype=None
    )
    value, axis = reader.plain_axis(reader.tensor(args.input), args.dim or 0)
    function = step.function.strip("_")
    if is_last(value, axis):
        return applied(reader, step, value, function)
    return applied(reader, step, value, function, axis=axis)


def softmin(reader: Reader, step: Step) -> Value:
    """Softmax of the negative numbers."""
    value = reader.tensor(step.args[0])
    dim = (step.kwargs or {}).get("dim", step.args[1] if len(step.args) > 1 else -1)
    value, axis = reader.plain_axis(value, dim)
    negative = reader.graph.op("negative", value.tensor)
    value = replace(value, tensor=negative)
    return applied(reader, step, value, "softmax", axis=axis)


def shrink(reader: Reader, step: Step) -> Value:
    """Numbers near 0 made 0."""
    args = reader.bound(step, "input lambd", lambd=0.5)
    function = "soft_shrink" if step.function == "softshrink" else "hard_shrink"
    value = reader.tensor(args.input)
    return applied(reader, step, value, function, threshold=args.lambd)


def threshold(reader: Reader, step: Step) -> Value:
    """Another number in the place of small ones."""
    args = reader.bound(step, "input threshold value inplace", inplace=False)
    value = reader.tensor(args.input)
    above = reader.graph.op("greater", value.tensor, args.threshold)
    tensor = reader.graph.op("where", above, value.tensor, args.value)
    return replace(value, tensor=tensor)


def rrelu(reader: Reader, step: Step) -> Value:
    """A leaky rectifier, whose slope is random while it trains."""
    args = reader.bound(
        step,
        "input lower upper training inplace",
        lower=1 / 8,
        upper=1 / 3,
        training=False,
        inplace=False,
    )
    reader.graph.note(f"{step.place}: slopes that are random in training are not")
    slope = (args.lower + args.upper) / 2
    value = reader.tensor(args.input)
    return applied(reader, step, value, "leaky_relu", negative_slope=slope)


def as_layer(reader: Reader, step: Step) -> Value:
    """A function that Keras has as an activation alone."""
    value = reader.tensor(step.args[0])
    config = {"activation": step.function}
    plan = LayerPlan(reader.graph.free(step.function), "Activation", config)
    tensor = Tensor(reader.graph.layer(plan, [value.tensor]))
    return replace(value, tensor=tensor)


def glu(reader: Reader, step: Step) -> Value:
    """Gated linear unit: one half, and the sigmoid of the other."""
    args = reader.bound(step, "input dim", dim=-1)
    value, axis = reader.plain_axis(reader.tensor(args.input), args.dim)
    tensor = reader.graph.op("glu", value.tensor, axis=axis)
    sizes = list(value.sizes)
    sizes[axis] = step.results[0].shape[args.dim]
    shape = step.results[0].shape
    return replace(value, tensor=tensor, sizes=tuple(sizes), shape=shape)


def normalize(reader: Reader, step: Step) -> Value:
    """Each vector along an axis divided by its length."""
    args = reader.bound(step, "input p dim eps", p=2.0, dim=1, eps=1e-12)
    value, axis = reader.plain_axis(reader.tensor(args.input), args.dim)
    settings: dict[str, Any] = {}
    if not is_last(value, axis):
        settings["axis"] = axis
    if args.p != 2:
        settings["order"] = int(args.p) if args.p == int(args.p) else args.p
    return applied(reader, step, value, "normalize", **settings, epsilon=args.eps)


def is_last(value: Value, axis: int) -> bool:
    """Whether an axis of Keras is the last one."""
    return axis == len(value.sizes) - 1


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
    args = reader.bound(source, "input dim keepdim", dim=None, keepdim=False)
    shape = reader.recording.steps[args.input.step].results[args.input.output].shape
    dims = args.dim if isinstance(args.dim, list | tuple) else (args.dim,)
    if times(shape[dim] for dim in dims) != right:
        raise Unported("a number that depends on the sizes of the input")
    mean = Step("mean", "", step.place, source.args, source.kwargs, step.results)
    return reduced(reader, mean)


def where(reader: Reader, step: Step) -> Value:
    """One of two numbers, as a condition says."""
    return combined(reader, step, "where", list(step.args))


def masked_fill(reader: Reader, step: Step) -> Value:
    """A number in some places."""
    args = reader.bound(step, "input mask value")
    operands = [args.mask, args.value, args.input]
    return combined(reader, step, "where", operands)


FUNCTIONS: dict[str, Handler] = {
    **dict.fromkeys(UNARY, unary),
    **dict.fromkeys(BINARY, binary),
    **dict.fromkeys(SAME, same),
    **dict.fromkeys((*DTYPES, "to", "type", "type_as"), cast),
    "gelu": gelu,
    "softmin": softmin,
    "softshrink": shrink,
    "hardshrink": shrink,
    "threshold": threshold,
    "rrelu": rrelu,
    "mish": as_layer,
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
