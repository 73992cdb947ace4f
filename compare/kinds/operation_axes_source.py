"""How operations that change axes, or look into them, are written in PyTorch."""

from __future__ import annotations

import string

from compare.kinds.graph import Call, Tensor
from compare.kinds.index_source import GETITEM
from compare.kinds.operation_arguments import (
    Arguments,
    axes_of,
    constant,
    list_text,
    tuple_text,
)
from compare.kinds.operation_source import Write, operation
from compare.kinds.reshaping_source import permuted
from compare.kinds.source import Layout, TensorText, Unwritable, number_text

LAST: Layout = "features last"


def write_reshape(arguments: Arguments) -> str:
    """The numbers of a tensor in other axes, the batch among them."""
    sizes = [-1 if size is None else size for size in arguments["newshape"]]
    if sizes.count(-1) > 1 or not all(isinstance(size, int) for size in sizes):
        raise Unwritable(f"expected a shape of numbers, got {sizes}")
    return f"{arguments.x.text}.reshape({', '.join(map(str, sizes))})"


def write_transpose(arguments: Arguments) -> str:
    """The axes in another order, the reverse one where none is given."""
    order = axes_of(arguments, "axes") or list(range(arguments.x.axes))[::-1]
    return permuted(arguments.x.text, [axis % arguments.x.axes for axis in order])


def write_swapaxes(arguments: Arguments) -> str:
    """Two axes exchanged."""
    axes = f"{arguments['axis1']}, {arguments['axis2']}"
    return f"{arguments.x.text}.transpose({axes})"


def write_moveaxis(arguments: Arguments) -> str:
    """Axes at other places."""
    source = tuple_text(axes_of(arguments, "source"))
    return f"{arguments.x.text}.movedim({source}, {_axes(arguments, 'destination')})"


def _axes(arguments: Arguments, name: str) -> str:
    return tuple_text(axes_of(arguments, name))


def write_expand_dims(arguments: Arguments) -> str:
    """Axes of size 1 more."""
    axes = axes_of(arguments)
    total = arguments.x.axes + len(axes)
    text = arguments.x.text
    if len(axes) == 1:
        return f"{text}.unsqueeze({axes[0]})"
    for axis in sorted(axis % total for axis in axes):
        text += f".unsqueeze({axis})"
    return text


def write_squeeze(arguments: Arguments) -> str:
    """Axes of size 1 fewer."""
    axes = axes_of(arguments)
    if not axes:
        sizes = arguments.x.shape
        axes = [axis for axis, size in enumerate(sizes) if size == 1]
    return f"{arguments.x.text}.squeeze({tuple_text(axes)})"


def write_flip(arguments: Arguments) -> str:
    """Axes in reverse order."""
    axes = axes_of(arguments) or list(range(arguments.x.axes))
    return f"{arguments.x.text}.flip({tuple_text(axes)})"


def write_repeat(arguments: Arguments) -> str:
    """Each step several times, one after the other."""
    repeats, axis = arguments["repeats"], arguments.axis()
    count = str(repeats)
    if isinstance(repeats, list | tuple):
        count = str(repeats[0])
        if len(repeats) > 1:
            device = f"{arguments.x.text}.device"
            count = f"torch.tensor({list_text(repeats)}, device={device})"
    ending = "" if axis is None else f", dim={axis}"
    return f"{arguments.x.text}.repeat_interleave({count}{ending})"


def write_tile(arguments: Arguments) -> str:
    """The whole tensor several times."""
    repeats = arguments["repeats"]
    counts = repeats if isinstance(repeats, list | tuple) else [repeats]
    return f"{arguments.x.text}.tile({', '.join(map(str, counts))})"


def write_broadcast_to(arguments: Arguments) -> str:
    """Axes of size 1 stretched."""
    sizes = [-1 if size is None else size for size in arguments["shape"]]
    return f"{arguments.x.text}.expand({', '.join(map(str, sizes))})"


def write_pad(arguments: Arguments) -> str:
    """Numbers around a tensor."""
    if arguments.get("mode", "constant") != "constant":
        raise Unwritable(f"expected a padding of constants, got {arguments['mode']}")
    width = arguments["pad_width"]
    if isinstance(width, int):
        width = [[width, width]]
    width = [list(pair) for pair in width]
    if len(width) == 1:
        width *= arguments.x.axes
    while width and width[0] == [0, 0]:
        width.pop(0)
    numbers = [number for pair in reversed(width) for number in pair]
    value = arguments.get("constant_values", 0)
    ending = f", value={number_text(value)}" if value else ""
    return f"F.pad({arguments.x.text}, ({', '.join(map(str, numbers))}){ending})"


def write_roll(arguments: Arguments) -> str:
    """Steps moved on; those at the end come in front."""
    shift, axes = arguments["shift"], axes_of(arguments)
    shifts = shift if isinstance(shift, list | tuple) else [shift]
    ending = f", {tuple_text(axes)}" if axes else ""
    return f"{arguments.x.text}.roll({tuple_text(shifts)}{ending})"


def write_take(arguments: Arguments) -> str:
    """The steps of some numbers along an axis."""
    indices, axis = arguments["indices"], arguments.axis()
    text = arguments.x.text
    if axis is None:
        text, axis = f"{text}.flatten()", 0
    axis %= arguments.x.axes
    if isinstance(indices, TensorText):
        key = f"{indices.text}.long()"
    else:
        key = list_text(indices)
    return f"{text}[{':, ' * axis}{key}]"


def write_take_along_axis(arguments: Arguments) -> str:
    """The numbers at some places along an axis."""
    indices = arguments.operand("indices")
    return f"{arguments.x.text}.take_along_dim({indices}.long(), {arguments.axis()})"


def _cumulated(method: str) -> Write:
    def write(arguments: Arguments) -> str:
        axis = arguments.axis()
        if axis is None:
            return f"{arguments.x.text}.flatten().{method}(0)"
        return f"{arguments.x.text}.{method}({axis})"

    return write


def write_sort(arguments: Arguments) -> str:
    """Numbers in ascending order."""
    return f"{arguments.x.text}.sort({arguments.axis(default=-1)}).values"


def write_argsort(arguments: Arguments) -> str:
    """The places of numbers in ascending order."""
    axis = arguments.axis(default=-1)
    return f"{arguments.x.text}.argsort(dim={axis}, stable=True).int()"


def write_top_k(arguments: Arguments) -> list[str]:
    """The largest numbers and their places."""
    values = arguments.site.variable("values")
    indices = arguments.site.variable("indices")
    text = f"{arguments.x.text}.topk({arguments['k']})"
    arguments.site.line(f"{values}, {indices} = {text}")
    return [values, f"{indices}.int()"]


# ---------------------------------------------------------------------- several tensors


def _tensors(arguments: Arguments) -> str:
    """A list of tensors and constants as text."""
    values = arguments["xs"]
    if isinstance(values, TensorText):
        return values.text
    texts = []
    for value in values:
        if isinstance(value, TensorText):
            texts.append(value.text)
        else:
            texts.append(constant(arguments.site, value))
    return f"[{', '.join(texts)}]"


def write_concatenate(arguments: Arguments) -> str:
    """Several tensors one after the other."""
    axis = arguments.get("axis", -1)
    first = arguments.site.x
    if first.features_second:
        axis = first.axis_in_torch(axis)
    return f"torch.cat({_tensors(arguments)}, dim={axis})"


def _layout_of_joined(call: Call, axes: int) -> Layout:
    """Tensors alone are joined behind the batch wherever the features are."""
    axis = call.args[1] if len(call.args) > 1 else call.kwargs.get("axis", -1)
    are_tensors = all(isinstance(item, Tensor) for item in call.args[0])
    return "any" if are_tensors and isinstance(axis, int) and axis % axes else LAST


def write_stack(arguments: Arguments) -> str:
    """Several tensors along an axis more."""
    return f"torch.stack({_tensors(arguments)}, dim={arguments.get('axis', 0)})"


def _parts(arguments: Arguments, text: str) -> list[str]:
    site = arguments.site
    names = [site.variable("part") for _ in site.outputs]
    ending = "," if len(names) == 1 else ""
    site.line(f"{', '.join(names)}{ending} = {text}")
    return names


def write_split(arguments: Arguments) -> list[str]:
    """A tensor cut into parts."""
    sections = arguments["indices_or_sections"]
    count = str(sections)
    if isinstance(sections, list | tuple):
        count = f"({', '.join(map(str, sections))},)"
        if len(sections) > 1:
            count = tuple_text(sections)
    axis = arguments.get("axis", 0)
    return _parts(arguments, f"{arguments.x.text}.tensor_split({count}, dim={axis})")


def write_unstack(arguments: Arguments) -> list[str]:
    """A tensor cut into its steps."""
    return _parts(arguments, f"{arguments.x.text}.unbind({arguments.get('axis', 0)})")


def write_matmul(arguments: Arguments) -> str:
    """The product of matrices."""
    return f"{arguments.operand('x1')} @ {arguments.operand('x2')}"


def write_dot(arguments: Arguments) -> str:
    """NumPy's product: of the last axis with the last but one."""
    second = arguments["x2"]
    if isinstance(second, TensorText) and second.axes > 2:
        texts = f"{arguments.operand('x1')}, {second.text}"
        return f"torch.tensordot({texts}, dims=([-1], [-2]))"
    return write_matmul(arguments)


def write_tensordot(arguments: Arguments) -> str:
    """A product summed over several axes."""
    axes = arguments.get("axes", 2)
    dims = str(axes)
    if isinstance(axes, list | tuple):
        pairs = [item if isinstance(item, list | tuple) else [item] for item in axes]
        dims = f"({', '.join(map(list_text, pairs))})"
    texts = f"{arguments.operand('x1')}, {arguments.operand('x2')}"
    return f"torch.tensordot({texts}, dims={dims})"


def write_einsum(arguments: Arguments) -> str:
    """A sum of products by an equation."""
    equation = arguments.named("subscripts")
    allowed = {*string.ascii_letters, *" .,->"}
    if not isinstance(equation, str) or not {*equation} <= allowed:
        raise Unwritable(f"expected an equation of letters, got {equation!r}")
    texts = [value.text for value in arguments.site.inputs]
    return f'torch.einsum("{equation}", {", ".join(texts)})'


ON_AXES = {
    "argsort": operation("x axis", write_argsort, LAST),
    "broadcast_to": operation("x shape", write_broadcast_to, LAST),
    "concatenate": operation(
        "xs axis", write_concatenate, layout_of_call=_layout_of_joined
    ),
    "cumprod": operation("x axis dtype", _cumulated("cumprod"), LAST),
    "cumsum": operation("x axis dtype", _cumulated("cumsum"), LAST),
    "dot": operation("x1 x2", write_dot, LAST),
    "einsum": operation("subscripts", write_einsum, LAST),
    "expand_dims": operation("x axis", write_expand_dims, LAST),
    "flip": operation("x axis", write_flip, LAST),
    "getitem": GETITEM,
    "matmul": operation("x1 x2", write_matmul, LAST),
    "moveaxis": operation("x source destination", write_moveaxis, LAST),
    "pad": operation("x pad_width mode constant_values", write_pad, LAST),
    "repeat": operation("x repeats axis", write_repeat, LAST),
    "reshape": operation("x newshape", write_reshape, LAST),
    "roll": operation("x shift axis", write_roll, LAST),
    "sort": operation("x axis", write_sort, LAST),
    "split": operation("x indices_or_sections axis", write_split, LAST),
    "squeeze": operation("x axis", write_squeeze, LAST),
    "stack": operation("xs axis", write_stack, LAST),
    "swapaxes": operation("x axis1 axis2", write_swapaxes, LAST),
    "take": operation("x indices axis", write_take, LAST),
    "take_along_axis": operation("x indices axis", write_take_along_axis, LAST),
    "tensordot": operation("x1 x2 axes", write_tensordot, LAST),
    "tile": operation("x repeats", write_tile, LAST),
    "top_k": operation("x k sorted", write_top_k, LAST),
    "transpose": operation("x axes", write_transpose, LAST),
    "unstack": operation("x num axis", write_unstack, LAST),
}
