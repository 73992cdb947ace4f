"""How operations that work number by number are written in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from compare.kinds.activation_source import CALLS
from compare.kinds.operation_arguments import FLOAT, Arguments, tuple_text
from compare.kinds.source import (
    Layout,
    Site,
    Source,
    TensorText,
    Unwritable,
    number_text,
)

# Takes the arguments of a call, and returns what `Source.write` does.
Write = Callable[[Arguments], str | Sequence[str]]

# What is done to each number of a tensor.
OF_ONE = {
    "abs": "torch.abs({x})",
    "absolute": "torch.abs({x})",
    "arccos": "torch.acos({x})",
    "arccosh": "torch.acosh({x})",
    "arcsin": "torch.asin({x})",
    "arcsinh": "torch.asinh({x})",
    "arctan": "torch.atan({x})",
    "arctanh": "torch.atanh({x})",
    "ceil": "torch.ceil({x})",
    "convert_to_tensor": "{x}",
    "copy": "{x}",
    "cos": "torch.cos({x})",
    "cosh": "torch.cosh({x})",
    "erf": "torch.erf({x})",
    "erfinv": "torch.erfinv({x})",
    "exp": "torch.exp({x})",
    "exp2": "torch.exp2({x})",
    "expm1": "torch.expm1({x})",
    "floor": "torch.floor({x})",
    "isfinite": "torch.isfinite({x})",
    "isinf": "torch.isinf({x})",
    "isnan": "torch.isnan({x})",
    "log": "torch.log({x})",
    "log10": "torch.log10({x})",
    "log1p": "torch.log1p({x})",
    "log2": "torch.log2({x})",
    "logical_not": "torch.logical_not({x})",
    "negative": "-{x}",
    "reciprocal": "torch.reciprocal({x})",
    "rsqrt": "torch.rsqrt({x})",
    "sign": "torch.sign({x})",
    "sin": "torch.sin({x})",
    "sinh": "torch.sinh({x})",
    "sqrt": "torch.sqrt({x})",
    "square": "torch.square({x})",
    "stop_gradient": "{x}.detach()",
    "tan": "torch.tan({x})",
    "trunc": "torch.trunc({x})",
}
# Activations whose functions take nothing but a tensor.
PLAIN_ACTIVATIONS = (
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "log_sigmoid",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "swish",
    "tanh",
    "tanh_shrink",
)
# What is done to two tensors, number by number; either may be a constant.
OF_TWO = {
    "add": "{a} + {b}",
    "arctan2": "torch.atan2({a}, {b})",
    "divide": "{a} / {b}",
    "equal": "{a} == {b}",
    "floor_divide": "{a} // {b}",
    "greater": "{a} > {b}",
    "greater_equal": "{a} >= {b}",
    "hypot": "torch.hypot({a}, {b})",
    "less": "{a} < {b}",
    "less_equal": "{a} <= {b}",
    "logaddexp": "torch.logaddexp({a}, {b})",
    "logical_and": "torch.logical_and({a}, {b})",
    "logical_or": "torch.logical_or({a}, {b})",
    "logical_xor": "torch.logical_xor({a}, {b})",
    "maximum": "torch.maximum({a}, {b})",
    "minimum": "torch.minimum({a}, {b})",
    "mod": "{a} % {b}",
    "multiply": "{a} * {b}",
    "not_equal": "{a} != {b}",
    "subtract": "{a} - {b}",
    "true_divide": "{a} / {b}",
}
# Those that take other numbers beside a tensor: these with their defaults, and the
# text.
WITH_SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "celu": ({"alpha": 1.0}, "F.celu({x}, {alpha})"),
    "elu": ({"alpha": 1.0}, "F.elu({x}, {alpha})"),
    "hard_shrink": ({"threshold": 0.5}, "F.hardshrink({x}, {threshold})"),
    "leaky_relu": ({"negative_slope": 0.2}, "F.leaky_relu({x}, {negative_slope})"),
    "round": ({"decimals": 0}, "torch.round({x}, decimals={decimals})"),
    "soft_shrink": ({"threshold": 0.5}, "F.softshrink({x}, {threshold})"),
    "squareplus": ({"b": 4}, "({x} + torch.sqrt({x} * {x} + {b})) / 2"),
    "threshold": (
        {"threshold": 0.0, "default_value": 0.0},
        "F.threshold({x}, {threshold}, {default_value})",
    ),
}
# Functions of one tensor along an axis.
ALONG = {
    "glu": "F.glu({x}, dim={axis})",
    "log_softmax": "F.log_softmax({x}, dim={axis})",
    "softmax": "F.softmax({x}, dim={axis})",
}


def operation(
    names: str, write: Write, layout: Layout = "any", **layouts: Any
) -> Source:
    """The source of an operation.

    Args:
        names: of its parameters, in order.
        write: its text.
        layout: where it takes the features.
        layouts: other arguments of `Source`.
    """

    def of_site(site: Site) -> str | Sequence[str]:
        return write(Arguments(site, tuple(names.split())))

    return Source(of_site, layout, **layouts)


def _of_one(template: str) -> Source:
    def write(arguments: Arguments) -> str:
        return template.format(x=arguments.x.text)

    return operation("x", write)


def _of_two(name: str) -> Source:
    template = OF_TWO[name]
    limits = {"maximum": "min", "minimum": "max"}

    def write(arguments: Arguments) -> str:
        values = arguments["x1"], arguments["x2"]
        numbers = [value for value in values if isinstance(value, bool | int | float)]
        if name in limits and numbers:
            (x,) = (value for value in values if isinstance(value, TensorText))
            return f"{x.text}.clamp({limits[name]}={number_text(numbers[0])})"
        a, b = arguments.operand("x1"), arguments.operand("x2")
        if numbers and template.startswith("torch."):
            number = number_text(numbers[0])
            as_tensor = f"torch.tensor({number})"
            a, b = (as_tensor if text == number else text for text in (a, b))
        return template.format(a=a, b=b)

    return operation("x1 x2", write)


def _with_settings(settings: Mapping[str, Any], template: str) -> Source:
    def write(arguments: Arguments) -> str:
        texts = {
            name: number_text(arguments.get(name, default))
            for name, default in settings.items()
        }
        return template.format(x=arguments.x.text, **texts)

    return operation(" ".join(["x", *settings]), write)


def _along(template: str) -> Source:
    def write(arguments: Arguments) -> str:
        axis = arguments.axis(default=-1)
        return template.format(x=arguments.x.text, axis=axis)

    return operation("x axis", write)


def write_power(arguments: Arguments) -> str:
    """One tensor to the power of another, or of a number."""
    x1, x2 = arguments.operand("x1"), arguments.operand("x2")
    if isinstance(arguments["x1"], TensorText):
        return f"{x1}.pow({x2})"
    return f"torch.pow({x1}, {x2})"


def write_clip(arguments: Arguments) -> str:
    """A tensor within limits."""
    limits = f"{arguments.operand('x_min')}, {arguments.operand('x_max')}"
    return f"{arguments.x.text}.clamp({limits})"


def write_gelu(arguments: Arguments) -> str:
    """Keras's function takes a tanh for the error function, unless it is told."""
    if arguments.get("approximate", True):
        return f'F.gelu({arguments.x.text}, approximate="tanh")'
    return f"F.gelu({arguments.x.text})"


def write_where(arguments: Arguments) -> str:
    """One of two tensors, by a condition."""
    condition = arguments["condition"]
    text = arguments.operand("condition")
    if isinstance(condition, TensorText) and condition.dtype != "bool":
        text = f"{text} != 0"
    return f"torch.where({text}, {arguments.operand('x1')}, {arguments.operand('x2')})"


def write_divide_no_nan(arguments: Arguments) -> str:
    """A quotient; 0 where its divisor is 0."""
    a, b = arguments.operand("x1"), arguments.operand("x2")
    if not isinstance(arguments["x2"], TensorText):
        return f"{a} / {b}"
    return f"torch.where({b} == 0, 0.0, {a} / {b})"


def as_float(value: TensorText) -> str:
    """A tensor with floats, as Keras makes them of whole numbers."""
    return value.text if "float" in value.dtype else f"{value.text}.to({FLOAT})"


def dtype_text(name: str) -> str:
    """A type of numbers: Keras's usual one is the one that PyTorch makes by itself."""
    if name == "float32":
        return FLOAT
    known = ("bool", "float16", "bfloat16", "float64", "int8", "int16", "int32")
    if name not in (*known, "int64", "uint8", "uint16", "uint32", "uint64"):
        raise Unwritable(f"expected a type of numbers, got {name}")
    return f"torch.{name}"


def write_cast(arguments: Arguments) -> str:
    """The numbers of a tensor in another type."""
    dtype = str(arguments["dtype"])
    if dtype == arguments.x.dtype:
        return arguments.x.text
    return f"{arguments.x.text}.to({dtype_text(dtype)})"


def _like(number: str) -> Write:
    def write(arguments: Arguments) -> str:
        dtype = arguments.get("dtype")
        ending = f", dtype={dtype_text(str(dtype))}" if dtype else ""
        return f"torch.{number}_like({arguments.x.text}{ending})"

    return write


def write_full_like(arguments: Arguments) -> str:
    """One number in a tensor of the same shape."""
    value = arguments.operand("fill_value")
    return f"torch.full_like({arguments.x.text}, {value})"


def write_nan_to_num(arguments: Arguments) -> str:
    """Numbers in the place of NaN and of infinities."""
    nan = number_text(arguments.get("nan", 0.0))
    return f"torch.nan_to_num({arguments.x.text}, nan={nan})"


def write_one_hot(arguments: Arguments) -> str:
    """A one at the place of each index; none for an index out of range."""
    count, x = arguments["num_classes"], arguments.x.text
    indices = f"torch.arange({count}, device={x}.device)"
    dtype = dtype_text(str(arguments.get("dtype", "float32")))
    text = f"({x}[..., None] == {indices}).to({dtype})"
    axis = arguments.get("axis", -1)
    return text if axis == -1 else f"{text}.movedim(-1, {axis})"


def write_normalize(arguments: Arguments) -> str:
    """A tensor with a norm of 1 along an axis."""
    settings = [f"dim={tuple_text([arguments.axis(default=-1)])}"]
    if (order := arguments.get("order", 2)) != 2:
        settings.insert(0, f"p={order}")
    settings.append(f"eps={number_text(arguments.get('epsilon', 1e-7))}")
    return f"F.normalize({arguments.x.text}, {', '.join(settings)})"


OPERATIONS = {
    **{name: _of_one(template) for name, template in OF_ONE.items()},
    **{name: _of_one(CALLS[name]) for name in PLAIN_ACTIVATIONS},
    **{name: _of_two(name) for name in OF_TWO},
    **{name: _with_settings(*pair) for name, pair in WITH_SETTINGS.items()},
    **{name: _along(template) for name, template in ALONG.items()},
    "cast": operation("x dtype", write_cast),
    "clip": operation("x x_min x_max", write_clip),
    "divide_no_nan": operation("x1 x2", write_divide_no_nan),
    "full_like": operation("x fill_value", write_full_like),
    "gelu": operation("x approximate", write_gelu),
    "nan_to_num": operation("x nan posinf neginf", write_nan_to_num),
    "normalize": operation("x axis order epsilon", write_normalize),
    "one_hot": operation("x num_classes axis dtype", write_one_hot, "features last"),
    "ones_like": operation("x dtype", _like("ones")),
    "power": operation("x1 x2", write_power),
    "where": operation("condition x1 x2", write_where),
    "zeros_like": operation("x dtype", _like("zeros")),
}
