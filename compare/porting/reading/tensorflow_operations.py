"""Functions of TensorFlow that models of Keras 2 call between layers, as `keras.ops`.

Source: the functions' signatures in TensorFlow 2, https://www.tensorflow.org/api_docs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compare.porting.reading.findings import Findings
from compare.porting.reading.values import array

Arguments = tuple[tuple[Any, ...], dict[str, Any]]

# Arguments that say nothing where they have one of these values.
SILENT: dict[str, tuple[Any, ...]] = {
    "name": (),
    "conjugate": (False,),
    "transpose_a": (False,),
    "transpose_b": (False,),
    "adjoint_a": (False,),
    "adjoint_b": (False,),
    "a_is_sparse": (False,),
    "b_is_sparse": (False,),
    "output_type": (None,),
    "grad_a": (False,),
    "grad_b": (False,),
}


@dataclass(frozen=True)
class Function:
    """A function of TensorFlow.

    Args:
        name: of the function in `keras.ops`.
        tensors: names of its arguments that are given by place, in order.
        options: the names in `keras.ops` of others.
        meant: what TensorFlow means by options that a call leaves out, or gives as
            None, where `keras.ops` means something else.
    """

    name: str
    tensors: tuple[str, ...] = ("x",)
    options: Mapping[str, str] = field(default_factory=dict)
    meant: Mapping[str, Any] = field(default_factory=dict)


_TWO = ("x", "y")
_AXIS = {"axis": "axis"}
_LAST, _FIRST = {"axis": -1}, {"axis": 0}
_REDUCED = {"axis": "axis", "keepdims": "keepdims"}


def _reduction(name: str) -> Function:
    return Function(name, ("input_tensor",), _REDUCED)


FUNCTIONS: dict[str, Function] = {
    "__operators__.getitem": Function("getitem", ("x", "slice_spec")),
    "__operators__.add": Function("add", _TWO),
    "math.add": Function("add", _TWO),
    "math.subtract": Function("subtract", _TWO),
    "math.multiply": Function("multiply", _TWO),
    "math.truediv": Function("true_divide", _TWO),
    "math.divide": Function("divide", _TWO),
    "math.maximum": Function("maximum", _TWO),
    "math.minimum": Function("minimum", _TWO),
    "math.pow": Function("power", _TWO),
    "math.floordiv": Function("floor_divide", _TWO),
    "math.greater": Function("greater", _TWO),
    "math.greater_equal": Function("greater_equal", _TWO),
    "math.less": Function("less", _TWO),
    "math.less_equal": Function("less_equal", _TWO),
    "__operators__.eq": Function("equal", ("self", "other")),
    "__operators__.ne": Function("not_equal", ("self", "other")),
    "math.equal": Function("equal", _TWO),
    "math.not_equal": Function("not_equal", _TWO),
    "math.negative": Function("negative"),
    "math.abs": Function("absolute"),
    "math.exp": Function("exp"),
    "math.log": Function("log"),
    "math.sqrt": Function("sqrt"),
    "math.rsqrt": Function("rsqrt"),
    "math.square": Function("square"),
    "math.sin": Function("sin"),
    "math.cos": Function("cos"),
    "math.sigmoid": Function("sigmoid"),
    "math.tanh": Function("tanh"),
    "math.softplus": Function("softplus", ("features",)),
    "nn.relu": Function("relu", ("features",)),
    "nn.relu6": Function("relu6", ("features",)),
    "nn.elu": Function("elu", ("features",)),
    "nn.selu": Function("selu", ("features",)),
    "nn.silu": Function("silu", ("features",)),
    "nn.swish": Function("silu", ("features",)),
    "nn.gelu": Function(
        "gelu", ("features",), {"approximate": "approximate"}, {"approximate": False}
    ),
    "nn.leaky_relu": Function("leaky_relu", ("features",), {"alpha": "negative_slope"}),
    "nn.sigmoid": Function("sigmoid"),
    "nn.tanh": Function("tanh"),
    "nn.softmax": Function("softmax", ("logits",), _AXIS, _LAST),
    "nn.log_softmax": Function("log_softmax", ("logits",), _AXIS, _LAST),
    "math.reduce_mean": _reduction("mean"),
    "math.reduce_sum": _reduction("sum"),
    "math.reduce_max": _reduction("max"),
    "math.reduce_min": _reduction("min"),
    "math.reduce_prod": _reduction("prod"),
    "math.reduce_std": _reduction("std"),
    "math.reduce_variance": _reduction("var"),
    "math.argmax": Function("argmax", ("input",), _AXIS, _FIRST),
    "math.argmin": Function("argmin", ("input",), _AXIS, _FIRST),
    "math.cumsum": Function("cumsum", ("x",), _AXIS, _FIRST),
    "math.l2_normalize": Function(
        "normalize",
        ("x",),
        {"axis": "axis", "epsilon": "epsilon"},
        {"epsilon": 1e-12},  # of the square of the norm
    ),
    "math.logical_and": Function("logical_and", _TWO),
    "math.logical_or": Function("logical_or", _TWO),
    "math.logical_not": Function("logical_not"),
    "math.sign": Function("sign"),
    "math.floor": Function("floor"),
    "math.ceil": Function("ceil"),
    "math.log1p": Function("log1p"),
    "math.reciprocal": Function("reciprocal"),
    "math.reduce_any": _reduction("any"),
    "math.reduce_all": _reduction("all"),
    "math.reduce_logsumexp": _reduction("logsumexp"),
    "identity": Function("copy", ("input",)),
    "stop_gradient": Function("stop_gradient", ("input",)),
    "concat": Function("concatenate", ("values",), {"axis": "axis"}),
    "stack": Function("stack", ("values",), {"axis": "axis"}),
    "reshape": Function("reshape", ("tensor",), {"shape": "newshape"}),
    "transpose": Function("transpose", ("a",), {"perm": "axes"}),
    "expand_dims": Function("expand_dims", ("input",), {"axis": "axis"}),
    "squeeze": Function("squeeze", ("input",), {"axis": "axis"}),
    "cast": Function("cast", ("x",), {"dtype": "dtype"}),
    "tile": Function("tile", ("input",), {"multiples": "repeats"}),
    "reverse": Function("flip", ("tensor",), {"axis": "axis"}),
    "clip_by_value": Function("clip", ("t", "clip_value_min", "clip_value_max")),
    "linalg.matmul": Function("matmul", ("a", "b")),
    "where": Function("where", ("condition", "x", "y")),
}
# Names that TensorFlow exports twice.
for _name in ("add", "subtract", "multiply", "maximum", "minimum", "pow", "abs", "exp"):
    FUNCTIONS[_name] = FUNCTIONS[f"math.{_name}"]
for _name in ("sqrt", "square", "sigmoid", "tanh", "negative", "divide", "argmax"):
    FUNCTIONS[_name] = FUNCTIONS[f"math.{_name}"]
for _name in ("mean", "sum", "max", "min", "prod"):
    FUNCTIONS[f"reduce_{_name}"] = FUNCTIONS[f"math.reduce_{_name}"]
FUNCTIONS["matmul"] = FUNCTIONS["linalg.matmul"]
FUNCTIONS["math.log_softmax"] = FUNCTIONS["nn.log_softmax"]
FUNCTIONS["compat.v1.squeeze"] = FUNCTIONS["squeeze"]
FUNCTIONS["compat.v1.transpose"] = FUNCTIONS["transpose"]


def called(
    function: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    layer: str,
    found: Findings,
) -> Arguments:
    """The arguments of a function of TensorFlow as `keras.ops` takes them.

    Args:
        function: of `FUNCTIONS`.
        args: that it was called with, by place.
        kwargs: the same by name.
        layer: the full name of the layer around it, for what is found.
        found: takes a problem with an argument that `keras.ops` does not have.
    """
    known = FUNCTIONS[function]
    by_place = list(args)
    others = dict(kwargs)
    for name in known.tensors[len(by_place) :]:
        if name in others:
            by_place.append(others.pop(name))
    options = {}
    names = list(known.options.values())
    for number, value in enumerate(by_place[len(known.tensors) :]):
        options[names[number]] = value
    for name, value in others.items():
        if name in known.options:
            options[known.options[name]] = value
        elif name not in SILENT or (SILENT[name] and value not in SILENT[name]):
            found.problem(f"{layer}: {function} with {name}, which no port can say")
    for name, value in known.meant.items():
        if options.get(name) is None:
            options[name] = value
    if known.name == "normalize":
        if options.get("axis") is None:
            found.problem(f"{layer}: {function} of all samples together")
        options["epsilon"] = float(options["epsilon"]) ** 0.5
    by_place = by_place[: len(known.tensors)]
    if known.name != "getitem":
        by_place = [array(value) for value in by_place]
    if known.name == "getitem" and isinstance(by_place[-1], list):
        by_place[-1] = tuple(by_place[-1])
    return tuple(by_place), options


# ----------------------------------------------------- nodes of graphs, TensorFlow 2.1


OPERATIONS: dict[str, Function] = {
    "AddV2": FUNCTIONS["math.add"],
    "Add": FUNCTIONS["math.add"],
    "Sub": FUNCTIONS["math.subtract"],
    "Mul": FUNCTIONS["math.multiply"],
    "RealDiv": FUNCTIONS["math.truediv"],
    "Maximum": FUNCTIONS["math.maximum"],
    "Minimum": FUNCTIONS["math.minimum"],
    "Pow": FUNCTIONS["math.pow"],
    "Neg": FUNCTIONS["math.negative"],
    "Abs": FUNCTIONS["math.abs"],
    "Exp": FUNCTIONS["math.exp"],
    "Log": FUNCTIONS["math.log"],
    "Sqrt": FUNCTIONS["math.sqrt"],
    "Square": FUNCTIONS["math.square"],
    "Relu": FUNCTIONS["nn.relu"],
    "Sigmoid": FUNCTIONS["math.sigmoid"],
    "Tanh": FUNCTIONS["math.tanh"],
    "Softmax": FUNCTIONS["nn.softmax"],
    "Mean": FUNCTIONS["math.reduce_mean"],
    "Sum": FUNCTIONS["math.reduce_sum"],
    "Max": FUNCTIONS["math.reduce_max"],
    "Min": FUNCTIONS["math.reduce_min"],
    "ConcatV2": FUNCTIONS["concat"],
    "Pack": FUNCTIONS["stack"],
    "Reshape": FUNCTIONS["reshape"],
    "Transpose": FUNCTIONS["transpose"],
    "ExpandDims": FUNCTIONS["expand_dims"],
    "Squeeze": FUNCTIONS["squeeze"],
    "MatMul": FUNCTIONS["linalg.matmul"],
    "BatchMatMulV2": FUNCTIONS["linalg.matmul"],
    "StridedSlice": FUNCTIONS["__operators__.getitem"],
    "Cast": FUNCTIONS["cast"],
}
ELEMENT_BY_ELEMENT = ("AddV2", "Add", "Sub", "Mul", "RealDiv", "Maximum", "Minimum")
_REDUCING = ("Mean", "Sum", "Max", "Min")
_SECOND = {"Reshape": "newshape", "Transpose": "axes", "ExpandDims": "axis"}
_TYPES = {"DT_FLOAT": "float32", "DT_INT32": "int32", "DT_INT64": "int64"}
_TYPES |= {"DT_BOOL": "bool", "DT_DOUBLE": "float64", "DT_HALF": "float16"}


def of_node(
    node: Mapping[str, Any], constants: Mapping[str, Any], tensors: Sequence[Any]
) -> Arguments:
    """The arguments of a node of a graph as `keras.ops` takes them.

    Args:
        node: its operation is of `OPERATIONS`.
        constants: inputs that are no tensors, by their number.
        tensors: the other inputs, in order.
    """
    remaining = list(tensors)
    inputs = []
    for number in range(len(tensors) + len(constants)):
        if str(number) in constants:
            inputs.append(constants[str(number)])
        else:
            inputs.append(remaining.pop(0))
    if node["op"] in ELEMENT_BY_ELEMENT:
        inputs = [array(value) for value in inputs]
    operation, attributes = node["op"], node.get("attr", {})
    if operation in _REDUCING:
        keep = bool(attributes.get("keep_dims", {}).get("b", False))
        return (inputs[0],), {"axis": inputs[1], "keepdims": keep}
    if operation == "ConcatV2":
        return (inputs[:-1],), {"axis": inputs[-1]}
    if operation == "Pack":
        return (inputs,), {"axis": int(attributes.get("axis", {}).get("i", 0))}
    if operation in _SECOND:
        return (inputs[0],), {_SECOND[operation]: inputs[1]}
    if operation == "Squeeze":
        axes = attributes.get("squeeze_dims", {}).get("list", {}).get("i", [])
        return (inputs[0],), {"axis": [int(axis) for axis in axes] or None}
    if operation == "Cast":
        dtype = _TYPES.get(attributes.get("DstT", {}).get("type", ""), "float32")
        return (inputs[0],), {"dtype": dtype}
    if operation == "StridedSlice":
        return (inputs[0], _slices(inputs[1:], attributes)), {}
    return tuple(inputs), {}


def _slices(bounds: Sequence[Any], attributes: Mapping[str, Any]) -> tuple[Any, ...]:
    """The index that a strided slice is written with.

    Args:
        bounds: begins, ends and steps, of an axis each.
        attributes: a mask each, whose bits are axes: without begin, without end, of a
            single number, of a new axis, of all axes between.
    """
    masks = {}
    for name in ("begin", "end", "shrink_axis", "new_axis", "ellipsis"):
        masks[name] = int(attributes.get(f"{name}_mask", {}).get("i", 0))
    index: list[Any] = []
    for axis, (begin, end, step) in enumerate(zip(*bounds, strict=True)):
        bit = 1 << axis
        if masks["ellipsis"] & bit:
            index.append(Ellipsis)
        elif masks["new_axis"] & bit:
            index.append(None)
        elif masks["shrink_axis"] & bit:
            index.append(begin)
        else:
            start = None if masks["begin"] & bit else begin
            stop = None if masks["end"] & bit else end
            index.append(slice(start, stop, None if step == 1 else step))
    return tuple(index)
