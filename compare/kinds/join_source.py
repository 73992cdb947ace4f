"""How layers that join several tensors are written in PyTorch."""

from __future__ import annotations

from collections.abc import Callable

from compare.kinds.graph import OLD_MASKS
from compare.kinds.source import Site, Source, TensorText


def of_one_rank(values: tuple[TensorText, ...]) -> list[str]:
    """The tensors as text, all with as many axes as the one that has most.

    Keras puts the axes that are missing behind the batch.
    """
    most = max(value.axes for value in values)
    texts = []
    for value in values:
        missing = most - value.axes
        texts.append(f"{value.text}[:{', None' * missing}]" if missing else value.text)
    return texts


def _by_operator(operator: str) -> Callable[[Site], str]:
    def write(site: Site) -> str:
        """All tensors with an operator between them."""
        return f" {operator} ".join(of_one_rank(site.inputs))

    return write


def _by_function(function: str) -> Callable[[Site], str]:
    def write(site: Site) -> str:
        """A function of two tensors, of the first two and of its result again."""
        result, *others = of_one_rank(site.inputs)
        if _leaves_out_masked(site):
            return _where_masked(site, function)
        for text in others:
            result = f"{function}({result}, {text})"
        return result

    return write


def _leaves_out_masked(site: Site) -> bool:
    """Whether numbers of steps that do not count stay out, as they do in Keras 3."""
    has_mask = any(value.mask for value in site.inputs)
    return has_mask and not site.setting(OLD_MASKS)


def _where_masked(site: Site, function: str) -> str:
    """A function of two tensors, as Keras 3 takes the largest or the smallest.

    A step of one tensor that does not count is that of the others.
    """
    before, *others = site.inputs
    result, mask = before.text, before.mask
    for value in others:
        if site.page.lines and result != before.text:
            name = site.variable("joined")
            site.line(f"{name} = {result}")
            result = name
        text = value.text
        if value.mask:
            text = site.variable("filled")
            counted = _on_features(value.mask, value)
            site.line(f"{text} = torch.where({counted}, {value.text}, {result})")
        if mask:
            result = f"torch.where({_on_features(mask, value)}, {result}, {text})"
        mask = f"({mask} | {value.mask})" if mask and value.mask else ""
        result = f"{function}({result}, {text})"
    return result


def _on_features(mask: str, value: TensorText) -> str:
    """A mask with an axis for the features of a tensor."""
    return f"{mask}[:, None]" if value.features_second else f"{mask}[..., None]"


def write_multiply(site: Site) -> str:
    """The product of tensors; Keras 3 takes 1 for a step that does not count.

    Where a step counts in none of them, the product is 0.
    """
    if not _leaves_out_masked(site):
        return " * ".join(of_one_rank(site.inputs))
    texts = []
    for value in site.inputs:
        text = value.text
        if value.mask:
            text = f"torch.where({_on_features(value.mask, value)}, {text}, 1.0)"
        texts.append(text)
    if not all(value.mask for value in site.inputs):
        return " * ".join(texts)
    names = []
    for text in texts:
        names.append(site.variable("filled"))
        site.line(f"{names[-1]} = {text}")
    counted = _on_features(site.result_mask, site.x)
    return f"torch.where({counted}, {' * '.join(names)}, 0.0)"


def write_average(site: Site) -> str:
    """The mean of several tensors."""
    texts = of_one_rank(site.inputs)
    return f"({' + '.join(texts)}) / {len(texts)}"


def write_concatenate(site: Site) -> str:
    """Several tensors one after the other along an axis."""
    texts = ", ".join(value.text for value in site.inputs)
    return f"torch.cat([{texts}], dim={_axis_in_torch(site)})"


def _axis_in_torch(site: Site) -> int:
    """Where the axis of a Concatenate is in PyTorch; -1 for the last one."""
    axis = site.x.axis_in_torch(site.setting("axis", -1))
    return -1 if axis == site.x.axes - 1 else axis


def write_dot(site: Site) -> str:
    """The sum of products along an axis of either tensor."""
    first, second = site.inputs
    axes = _axes_of_dot(site)
    texts = [first.text, second.text]
    if site.setting("normalize", False):
        for place, axis in enumerate(axes):
            unit = site.variable("unit")
            site.line(f"{unit} = F.normalize({texts[place]}, dim={axis}, eps=1e-7)")
            texts[place] = unit
    a, b = texts
    if (first.axes, second.axes) == (2, 2):
        return f"({a} * {b}).sum(1, keepdim=True)"
    if (first.axes, second.axes) == (3, 3):
        left = a if axes[0] == 2 else f"{a}.transpose(1, 2)"
        right = b if axes[1] == 1 else f"{b}.transpose(1, 2)"
        return f"{left} @ {right}"
    letters = iter("ijklmnop")
    of_first = ["b", *(next(letters) for _ in range(first.axes - 1))]
    of_second = ["b", *(next(letters) for _ in range(second.axes - 1))]
    of_second[axes[1]] = of_first[axes[0]]
    result = [letter for axis, letter in enumerate(of_first) if axis != axes[0]]
    result += [letter for axis, letter in enumerate(of_second) if axis != axes[1]][1:]
    equation = f"{''.join(of_first)},{''.join(of_second)}->{''.join(result)}"
    return f'torch.einsum("{equation}", {a}, {b})'


def _axes_of_dot(site: Site) -> tuple[int, int]:
    """The axes that a Dot sums over, counted from the front."""
    axes = site.setting("axes")
    if isinstance(axes, int):
        axes = (axes, axes)
    first, second = site.inputs
    return axes[0] % first.axes, axes[1] % second.axes


# ------------------------------------------------------------------------------- masks


def joined_mask(site: Site) -> str:
    """The steps that count in any of the tensors, all of which have a mask.

    In all that have one, as Keras had it before version 3.
    """
    if site.setting(OLD_MASKS):
        return _steps_of_all(site)
    return _steps_of_any(site, [value.mask for value in site.inputs])


def _steps_of_any(site: Site, masks: list[str]) -> str:
    different = list(dict.fromkeys(masks))
    if len(different) == 1:
        return different[0]
    mask = site.variable("mask")
    site.line(f"{mask} = {' | '.join(different)}")
    return mask


def _steps_of_all(site: Site) -> str:
    masks = [value.mask for value in site.inputs if value.mask]
    different = list(dict.fromkeys(masks))
    if len(different) == 1:
        return different[0]
    mask = site.variable("mask")
    site.line(f"{mask} = {' & '.join(different)}")
    return mask


def concatenated_mask(site: Site) -> str:
    """The mask of a Concatenate; every step of a tensor without a mask counts.

    Along the features, a step counts that counts in any of the tensors; in all that
    have a mask, as Keras had it before version 3.
    """
    is_along_features = site.setting("axis", -1) % site.x.axes == site.x.axes - 1
    if is_along_features and site.setting(OLD_MASKS):
        return _steps_of_all(site)
    masks = []
    for value in site.inputs:
        every_step = f"torch.ones_like({_one_feature(value)}, dtype=torch.bool)"
        masks.append(value.mask or every_step)
    if not is_along_features:
        mask = site.variable("mask")
        site.line(f"{mask} = torch.cat([{', '.join(masks)}], dim=1)")
        return mask
    if all(value.mask for value in site.inputs):
        return _steps_of_any(site, masks)
    mask = site.variable("mask")
    site.line(f"{mask} = {next(text for text in masks if 'ones_like' in text)}")
    return mask


def _one_feature(value: TensorText) -> str:
    return f"{value.text}[:, 0]" if value.features_second else f"{value.text}[..., 0]"


JOINS = {
    "Add": Source(_by_operator("+"), mask_of=joined_mask),
    "Subtract": Source(_by_operator("-"), mask_of=joined_mask),
    "Multiply": Source(write_multiply, mask_of=joined_mask),
    "Average": Source(write_average, mask_of=joined_mask),
    "Maximum": Source(_by_function("torch.maximum"), mask_of=joined_mask),
    "Minimum": Source(_by_function("torch.minimum"), mask_of=joined_mask),
    "Concatenate": Source(write_concatenate, mask_of=concatenated_mask),
    "Dot": Source(write_dot, "features last"),
}
