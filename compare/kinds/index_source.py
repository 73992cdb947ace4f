"""How a part of a tensor is written in PyTorch."""

from __future__ import annotations

from typing import Any

from compare.kinds.graph import Call
from compare.kinds.operation_arguments import Arguments, list_text, tuple_text
from compare.kinds.operation_source import operation
from compare.kinds.source import Layout, Site, TensorText, Unwritable

LAST: Layout = "features last"


def write_getitem(arguments: Arguments) -> str:
    """A part of a tensor: numbers, slices, None and "..." behind its name."""
    key = arguments["key"] if arguments.get("key") is not None else None
    keys = list(key) if isinstance(key, tuple | list) else [key]
    if arguments.x.features_second:
        keys = _of_each_axis(keys, arguments.x.axes)
        keys.insert(1, keys.pop())
    text, turned = arguments.x.text, []
    spread = [place for place, item in enumerate(keys) if item is Ellipsis]
    for place, item in enumerate(keys):
        if not isinstance(item, slice) or (item.step or 1) > 0:
            continue
        if (item.start, item.stop, item.step) != (None, None, -1):
            raise Unwritable(f"expected steps forward in an index, got {item}")
        after_spread = bool(spread) and place > spread[0]
        behind = [other for other in keys[place:] if other is not None]
        before = [other for other in keys[:place] if other is not None]
        turned.append(-len(behind) if after_spread else len(before))
        keys[place] = slice(None)
    if turned:
        text = f"{text}.flip({tuple_text(turned)})"
    while keys and keys[-1] == slice(None) and not spread:
        keys.pop()
    if not keys:
        return text
    return f"{text}[{', '.join(map(_key_text, keys))}]"


def _of_each_axis(keys: list[Any], axes: int) -> list[Any]:
    """Numbers and slices of an index, one for each axis."""
    whole = [slice(None)] * (axes - len(keys) + keys.count(Ellipsis))
    if Ellipsis not in keys:
        return [*keys, *whole]
    place = keys.index(Ellipsis)
    return [*keys[:place], *whole, *keys[place + 1 :]]


def _layout_of_index(call: Call, axes: int) -> Layout:
    """Numbers and slices behind the batch are taken wherever the features are."""
    key = call.args[1] if len(call.args) > 1 else call.kwargs.get("key")
    keys = list(key) if isinstance(key, tuple | list) else [key]
    if keys[0] not in (slice(None), Ellipsis):
        return LAST
    for item in keys:
        is_number = isinstance(item, int) and not isinstance(item, bool)
        is_forward = isinstance(item, slice) and (item.step or 1) > 0
        if not (is_number or is_forward or item is Ellipsis):
            return LAST
    is_short = len(keys) - keys.count(Ellipsis) < axes or keys[0] == slice(None)
    return "any" if is_short and keys.count(Ellipsis) < 2 else LAST


def _layout_of_part(site: Site) -> Layout:
    """The features stay where they are, unless one of them is taken."""
    if not site.x.features_second:
        return LAST
    key = Arguments(site, ("x", "key"))["key"]
    keys = list(key) if isinstance(key, tuple | list) else [key]
    *_, of_features = _of_each_axis(keys, site.x.axes)
    return "features second" if isinstance(of_features, slice) else LAST


def _key_text(item: Any) -> str:
    if isinstance(item, slice):
        bounds = [item.start, item.stop]
        text = ":".join("" if bound is None else _bound(bound) for bound in bounds)
        return text if item.step in (None, 1) else f"{text}:{item.step}"
    if isinstance(item, TensorText):
        return item.text if item.dtype == "bool" else f"{item.text}.long()"
    if item is Ellipsis:
        return "..."
    if item is None or (isinstance(item, int) and not isinstance(item, bool)):
        return str(item)
    if isinstance(item, list):
        return list_text(item)
    raise Unwritable(f"expected numbers and slices in an index, got {item!r}")


def _bound(value: Any) -> str:
    if not isinstance(value, int):
        raise Unwritable(f"expected a number in a slice, got {value!r}")
    return str(value)


GETITEM = operation(
    "x key",
    write_getitem,
    layout_of_call=_layout_of_index,
    returns=_layout_of_part,
)
