"""Pooling and resampling of PyTorch, as layers and as functions, in Keras's words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from compare.in_pytorch.recorded import Step
from compare.kinds.graph import LayerPlan
from compare.porting.reading.traced.convolutions import word_of
from compare.porting.reading.traced.layers import (
    called,
    channels_last,
    name_of,
    result_of,
)
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.sizes import divided, in_runs, is_open, minus
from compare.porting.reading.traced.values import Padded, Unported, Value


@dataclass(frozen=True)
class Window:
    """A window of pooling, with a number for each axis."""

    axes: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    ceil: bool
    counts_padding: bool = False
    mean: bool = False
    name: str = ""


def _each(value: Any, axes: int) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,) * axes
    value = tuple(value)
    return value * axes if len(value) == 1 else value


def pool_layer(reader: Reader, step: Step) -> Value:
    """A layer of pooling."""
    module = reader.module(step.name)
    cls = type(module).__name__
    axes = int(cls[-2])
    mean = cls.startswith("Avg")
    if getattr(module, "dilation", 1) not in (1, (1,) * axes):
        raise Unported("pooling with a dilation")
    if getattr(module, "return_indices", False):
        raise Unported("return_indices=True")
    if getattr(module, "divisor_override", None) is not None:
        raise Unported("divisor_override")
    stride = module.stride if module.stride is not None else module.kernel_size
    window = Window(
        axes,
        _each(module.kernel_size, axes),
        _each(stride, axes),
        _each(module.padding, axes),
        module.ceil_mode,
        getattr(module, "count_include_pad", True),
        mean,
        name_of(reader, step),
    )
    return _pooled(reader, step, window)


def pool_function(reader: Reader, step: Step) -> Value:
    """A function of pooling."""
    axes = int(step.function[-2])
    mean = step.function.startswith("avg")
    names = "input size stride padding dilation ceil return_indices"
    if mean:
        names = "input size stride padding ceil counts divisor"
    renamed = dict(step.kwargs or {})
    keys = {
        "kernel_size": "size",
        "ceil_mode": "ceil",
        "count_include_pad": "counts",
        "divisor_override": "divisor",
    }
    for key, word in keys.items():
        if key in renamed:
            renamed[word] = renamed.pop(key)
    args = reader.bound(
        Step(step.function, "", step.place, step.args, renamed),
        names,
        stride=None,
        padding=0,
        dilation=1,
        ceil=False,
        counts=True,
        divisor=None,
        return_indices=False,
    )
    if args.return_indices or args.divisor or args.dilation not in (1, (1,) * axes):
        raise Unported("pooling with indices, a divisor or a dilation")
    if is_whole(reader, args.input, args.size, axes):
        return _reduced(reader, step, axes, mean)
    size = _each(args.size, axes)
    stride = size if args.stride in (None, (), []) else _each(args.stride, axes)
    padding = _each(args.padding, axes)
    window = Window(axes, size, stride, padding, args.ceil, args.counts, mean)
    return _pooled(reader, step, window)


def is_whole(reader: Reader, source: Any, size: Any, axes: int) -> bool:
    """Whether a window is as large as what it goes over, in every run."""
    shape = reader.recording.steps[source.step].results[source.output].shape[-axes:]
    sizes = tuple(size) if isinstance(size, list | tuple) else (size,) * axes
    return sizes == tuple(shape)


def _reduced(reader: Reader, step: Step, axes: int, mean: bool) -> Value:
    """Pooling over all steps, which leaves one of each axis."""
    value = reader.graph.full(reader.tensor(step.args[0]))
    count = len(value.shape)
    last = range(count - axes, count)
    for dim in last:
        value, _ = reader.plain_axis(value, dim)
    places = [reader.axis(value, dim) for dim in last]
    axis: Any = places[0] if axes == 1 else tuple(sorted(places))
    tensor = reader.graph.op("mean" if mean else "max", value.tensor, axis=axis)
    left = [k for k in range(len(value.sizes)) if k not in places]
    moved = {k: place for place, k in enumerate(left)}
    groups = []
    for dim, group in enumerate(value.axes):
        groups.append(() if dim in last else tuple(moved[k] for k in group))
    sizes = tuple(value.sizes[k] for k in left)
    result = step.results[0]
    return Value(tensor, result.shape, tuple(groups), sizes, result.dtype)


def _pooled(reader: Reader, step: Step, window: Window) -> Value:
    value = reader.tensor(step.args[0])
    if len(value.shape) != window.axes + 2:
        raise Unported("pooling without a batch")
    sizes = value.shape[2:]
    value = channels_last(reader, value)
    config: dict[str, Any] = {"pool_size": _plain(window.size)}
    if window.stride != window.size:
        config["strides"] = _plain(window.stride)
    amounts = [(n, n) for n in window.padding]
    if window.ceil:
        amounts = _filled(reader, sizes, window)
    word = word_of(reader, sizes, amounts, window.size, window.stride)
    padded_mean = window.mean and window.counts_padding and word == "same"
    if word and not padded_mean:
        if word == "same":
            config["padding"] = "same"
    elif window.mean and not window.counts_padding:
        raise Unported("a mean without what is padded")
    elif window.mean and window.ceil:
        raise Unported("a mean of windows that reach over the end")
    else:
        number = 0 if window.mean else float("-inf")
        shape = [*value.shape[:2], *(_more(s, a) for s, a in _pairs(sizes, amounts))]
        pairs = ((0, 0), (0, 0), *amounts)
        value = reader.padded(Padded(value, pairs, number, tuple(shape)))
    cls = f"{'Average' if window.mean else 'Max'}Pooling{window.axes}D"
    name = window.name or reader.graph.free("pool")
    tensor = called(reader, LayerPlan(name, cls, config), value, axes=window.axes + 2)
    return result_of(value, step, tensor)


def _pairs(sizes: Any, amounts: Any) -> Any:
    return zip(sizes, amounts, strict=True)


def _more(size: Any, pair: tuple[int, int]) -> Any:
    return minus(size, -sum(pair))


def _plain(sizes: tuple[int, ...]) -> Any:
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _filled(reader: Reader, sizes: Any, window: Window) -> list[tuple[int, int]]:
    """What is padded where the last window may reach over the end."""
    amounts = []
    for size, reach, stride, padding in zip(
        sizes, window.size, window.stride, window.padding, strict=True
    ):
        behind = set()
        for n in in_runs(size, reader.runs):
            count = -(-(n + 2 * padding - reach) // stride) + 1
            if (count - 1) * stride >= n + padding:
                count -= 1
            behind.add(max((count - 1) * stride + reach - n - padding, padding))
        if len(behind) > 1:
            raise Unported("ceil_mode=True where sizes are open")
        amounts.append((padding, behind.pop()))
    return amounts


def adaptive(reader: Reader, step: Step) -> Value:
    """Pooling to a certain size."""
    if step.function == "module":
        module = reader.module(step.name)
        cls = type(module).__name__
        axes, target = int(cls[-2]), module.output_size
        mean, name = "Avg" in cls, name_of(reader, step)
    else:
        axes, mean = int(step.function[-2]), "avg" in step.function
        target = step.args[1] if len(step.args) > 1 else None
        if target is None:
            target = (step.kwargs or {})["output_size"]
        name = reader.graph.free("pool")
    value = reader.tensor(step.args[0])
    if len(value.shape) != axes + 2:
        raise Unported("pooling without a batch")
    if target is None:
        raise Unported("pooling to a size that is the input's")
    target = _each(target, axes)
    word = "Average" if mean else "Max"
    value = channels_last(reader, value)
    if set(target) == {1}:
        plan = LayerPlan(name, f"Global{word}Pooling{axes}D")
        tensor = called(reader, plan, value, axes=axes + 2)
        result = step.results[0]
        batch = len(value.axes[0])
        groups = (value.axes[0], (batch,), *((),) * axes)
        sizes = (*value.sizes[:batch], result.shape[1])
        return Value(tensor, result.shape, groups, sizes, result.dtype)
    if any(size is None or is_open(size) for size in target):
        raise Unported("pooling to a size that is the input's")
    plan = LayerPlan(
        name, f"Adaptive{word}Pooling{axes}D", {"output_size": _plain(target)}
    )
    tensor = called(reader, plan, value, axes=axes + 2)
    return result_of(value, step, tensor)


def upsample(reader: Reader, step: Step) -> Value:
    """Each step several times, or steps between."""
    if step.function == "module":
        module = reader.module(step.name)
        size, factor, mode = module.size, module.scale_factor, module.mode
        corners, name = module.align_corners, name_of(reader, step)
    else:
        args = reader.bound(
            step,
            "input size scale_factor mode align_corners recompute_scale_factor "
            "antialias",
            size=None,
            scale_factor=None,
            mode="nearest",
            align_corners=None,
            recompute_scale_factor=None,
            antialias=False,
        )
        size, factor, mode = args.size, args.scale_factor, args.mode
        corners, name = args.align_corners, reader.graph.free("upsample")
    value = reader.tensor(step.args[0])
    axes = len(value.shape) - 2
    if factor is None:
        factor = _factor(size, value.shape[2:], reader)
    factors = _each(int(factor) if isinstance(factor, float) else factor, axes)
    whole = all(float(f).is_integer() for f in factors)
    if (isinstance(factor, float) and not factor.is_integer()) or not whole:
        raise Unported("resampling by a factor that is no whole number")
    if (
        mode not in ("nearest", "bilinear")
        or corners
        or (mode != "nearest" and axes != 2)
    ):
        raise Unported(f"resampling of mode {mode!r} with align_corners={corners}")
    value = channels_last(reader, value)
    config: dict[str, Any] = {"size": _plain(tuple(int(f) for f in factors))}
    if mode != "nearest":
        config["interpolation"] = mode
    plan = LayerPlan(name, f"UpSampling{axes}D", config)
    tensor = called(reader, plan, value, axes=axes + 2)
    return result_of(value, step, tensor)


def _factor(size: Any, shape: Any, reader: Reader) -> Any:
    """How many times larger a size is, along each axis."""
    factors = []
    for target, now in zip(_each(size, len(shape)), shape, strict=True):
        factor = divided(target, now)
        if factor is None or is_open(factor):
            raise Unported("resampling to a size that is no multiple of the input's")
        factors.append(factor)
    return tuple(factors)


def dropout_function(reader: Reader, step: Step) -> Any:
    """Dropout as a function: a layer, if it would drop when the module trains."""
    args = reader.bound(
        step, "input p training inplace", p=0.5, training=True, inplace=False
    )
    if not args.p:
        return reader.get(args.input)
    if args.training:
        reader.graph.note(
            f"{step.place}: dropout that acts when the module evaluates as well; the "
            "twin drops while it trains"
        )
    value = reader.tensor(args.input)
    plan = LayerPlan(reader.graph.free("dropout"), "Dropout", {"rate": args.p})
    return replace(value, tensor=called(reader, plan, value))


_POOLS = [f"{word}_pool{n}d" for word in ("max", "avg") for n in (1, 2, 3)]


_ADAPTIVE = [f"adaptive_{word}_pool{n}d" for word in ("max", "avg") for n in (1, 2, 3)]


FUNCTIONS: dict[str, Handler] = {
    **dict.fromkeys(_POOLS, pool_function),
    **dict.fromkeys(_ADAPTIVE, adaptive),
    "interpolate": upsample,
    "upsample": upsample,
    "dropout": dropout_function,
}


LAYERS: dict[str, Handler] = {
    **dict.fromkeys(
        [f"{word}Pool{n}d" for word in ("Max", "Avg") for n in (1, 2, 3)], pool_layer
    ),
    **dict.fromkeys(
        [f"Adaptive{word}Pool{n}d" for word in ("Max", "Avg") for n in (1, 2, 3)],
        adaptive,
    ),
    **dict.fromkeys(("Upsample", "UpsamplingNearest2d"), upsample),
}
