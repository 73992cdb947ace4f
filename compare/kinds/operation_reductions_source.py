"""How operations that sum up axes are written in PyTorch."""

from __future__ import annotations

from compare.kinds.graph import Call
from compare.kinds.operation_arguments import Arguments, axes_of, tuple_text
from compare.kinds.operation_source import Write, as_float, operation
from compare.kinds.source import Layout, Site, Source, Unwritable, number_text

LAST: Layout = "features last"


def _reduction(method: str, needs_float: bool = False, settings: str = "") -> Write:
    """Text of a reduction.

    Args:
        method: of PyTorch's tensor.
        needs_float: whether it takes floats alone.
        settings: other arguments of the method.
    """

    def write(arguments: Arguments) -> str:
        x = as_float(arguments.x) if needs_float else arguments.x.text
        return f"{x}.{method}({_reduced_axes(arguments, settings)})"

    return write


def _reduced_axes(arguments: Arguments, settings: str = "") -> str:
    """The axes that a reduction takes, and what it takes behind them."""
    axes = axes_of(arguments)
    parts = [tuple_text(axes)] if axes else []
    if arguments.get("keepdims", False):
        parts = parts or [tuple_text(range(arguments.x.axes))]
        parts.append("keepdim=True")
    if settings:
        parts = parts or ["None"]
        parts.append(settings)
    return ", ".join(parts)


def _truth(method: str) -> Write:
    def write(arguments: Arguments) -> str:
        x = arguments.x
        text = x.text if x.dtype == "bool" else f"({x.text} != 0)"
        return f"{text}.{method}({_reduced_axes(arguments)})"

    return write


def write_prod(arguments: Arguments) -> str:
    """The product along axes, which PyTorch takes one at a time."""
    axes = axes_of(arguments) or list(range(arguments.x.axes))
    keep = arguments.get("keepdims", False)
    text = arguments.x.text
    for axis in sorted((axis % arguments.x.axes for axis in axes), reverse=True):
        text += f".prod({axis}, keepdim=True)" if keep else f".prod({axis})"
    return text


def _index(method: str) -> Write:
    def write(arguments: Arguments) -> str:
        axis = arguments.axis()
        parts = [] if axis is None else [str(axis)]
        if arguments.get("keepdims", False):
            parts = parts or ["None"]
            parts.append("keepdim=True")
        return f"{arguments.x.text}.{method}({', '.join(parts)}).int()"

    return write


def write_logsumexp(arguments: Arguments) -> str:
    """The logarithm of a sum of exponentials."""
    axes = axes_of(arguments) or list(range(arguments.x.axes))
    keep = ", keepdim=True" if arguments.get("keepdims", False) else ""
    return f"torch.logsumexp({arguments.x.text}, {tuple_text(axes)}{keep})"


def write_norm(arguments: Arguments) -> str:
    """The norm of vectors along an axis."""
    order, axis = arguments.get("ord", 2), arguments.axis()
    if axis is None and arguments.get("ord") is not None:
        raise Unwritable("expected an axis beside the order of a norm, got none")
    parts = [arguments.x.text]
    if order not in (2, "euclidean"):
        parts.append(number_text(float(order)))
    if axis is not None:
        parts.append(f"dim={axis}")
    if arguments.get("keepdims", False):
        parts.append("keepdim=True")
    return f"torch.linalg.vector_norm({', '.join(parts)})"


def write_moments(arguments: Arguments) -> list[str]:
    """Mean and variance along axes."""
    x, axes = as_float(arguments.x), tuple_text(axes_of(arguments, "axes"))
    keep = ", keepdim=True" if arguments.get("keepdims", False) else ""
    mean, variance = (
        arguments.site.variable("mean"),
        arguments.site.variable("variance"),
    )
    arguments.site.line(f"{mean} = {x}.mean({axes}{keep})")
    arguments.site.line(f"{variance} = {x}.var({axes}, correction=0{keep})")
    return [mean, variance]


def _layout_of_call(call: Call, axes: int) -> Layout:
    """Axes behind the batch are summed up wherever the features are."""
    axis = call.kwargs.get("axis", call.kwargs.get("axes"))
    if axis is None and len(call.args) > 1:
        axis = call.args[1]
    numbers = axis if isinstance(axis, list | tuple) else [axis]
    are_behind = all(isinstance(n, int) and n % axes for n in numbers)
    return "any" if numbers and are_behind else LAST


def _layout_of_result(site: Site) -> Layout:
    """The features stay where they are, unless they are summed up."""
    x, arguments = site.x, Arguments(site, ("x", "axis", "keepdims"))
    if not x.features_second:
        return LAST
    reduced = {axis % x.axes for axis in axes_of(arguments, "axis")}
    is_kept = bool(arguments.get("keepdims", False))
    return "features second" if is_kept or 1 not in reduced else LAST


def _reduced(write: Write) -> Source:
    return operation(
        "x axis keepdims",
        write,
        layout_of_call=_layout_of_call,
        returns=_layout_of_result,
    )


REDUCTIONS = {
    "all": _reduced(_truth("all")),
    "amax": _reduced(_reduction("amax")),
    "amin": _reduced(_reduction("amin")),
    "any": _reduced(_truth("any")),
    "argmax": _reduced(_index("argmax")),
    "argmin": _reduced(_index("argmin")),
    "logsumexp": _reduced(write_logsumexp),
    "max": _reduced(_reduction("amax")),
    "mean": _reduced(_reduction("mean", needs_float=True)),
    "min": _reduced(_reduction("amin")),
    "moments": operation(
        "x axes keepdims synchronized", write_moments, "features last"
    ),
    "norm": operation("x ord axis keepdims", write_norm, LAST),
    "prod": _reduced(write_prod),
    "std": _reduced(_reduction("std", needs_float=True, settings="correction=0")),
    "sum": _reduced(_reduction("sum")),
    "var": _reduced(_reduction("var", needs_float=True, settings="correction=0")),
}
