"""Random networks of images, volumes, videos, series and words, in both frameworks.

PyTorch's model has the channels second, as its users write; Keras's has them last.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import keras
import numpy as np
import torch
from keras import ops
from random_blocks import KINDS
from random_layers import KL, Options, numbers
from random_parts import Drawn
from torch import nn

BATCH, VOCABULARY = 3, 11
Domain = Literal["image", "volume", "series", "words", "table", "video"]
Head = Literal["mean", "max", "flatten", "last", "map"]
DOMAINS: tuple[Domain, ...] = (
    "image",
    "image",
    "image",
    "series",
    "series",
    "words",
    "volume",
    "video",
    "table",
)
RANKS = {"image": 2, "volume": 3, "series": 1, "words": 1, "table": 0, "video": 2}

BY_DOMAIN: dict[str, tuple[str, ...]] = {
    "image": (
        "convolution",
        "convolution",
        "depthwise",
        "separable",
        "transposed",
        "batch norm",
        "group norm",
        "instance norm",
        "layer norm",
        "pool",
        "resampled",
        "activation",
        "dropout",
        "prelu",
        "squeeze",
        "dense",
        "residual",
        "branches",
    ),
    "volume": (
        "convolution",
        "convolution",
        "batch norm",
        "group norm",
        "pool",
        "activation",
        "resampled",
        "transposed",
        "residual",
    ),
    "series": (
        "convolution",
        "convolution",
        "depthwise",
        "separable",
        "batch norm",
        "layer norm",
        "pool",
        "activation",
        "dropout",
        "recurrent",
        "recurrent",
        "attention",
        "transformer",
        "dense",
        "residual",
        "branches",
    ),
    "words": (
        "recurrent",
        "attention",
        "transformer",
        "transformer",
        "layer norm",
        "dense",
        "dropout",
        "convolution",
        "residual",
    ),
    "table": ("dense", "dense", "batch norm", "layer norm", "activation", "residual"),
    "video": ("convolution", "batch norm", "pool", "activation", "squeeze"),
}
KEEPS_CHANNELS = ("batch norm", "layer norm", "activation", "attention", "group norm")


@dataclass
class Plan:
    """A network.

    Args:
        domain: what goes in.
        shape: of one sample, channels last.
        parts: the layers, in order.
        head: how positions become one vector; "map" leaves them.
        outputs: of the last dense layer; 0 for none.
        softmax: whether the results are probabilities.
        second: whether PyTorch's model takes the channels second.
        positions: whether words get an embedding of their place as well.
        style: how Keras's model is written.
        by_hand: whether the weights are carried over by hand.
        x_second: whether x is given as PyTorch's model takes it.
        recurrent: the layer over the frames of a video.
        seed: of the weights and inputs.
    """

    domain: Domain
    shape: tuple[int, ...]
    parts: list[Options]
    head: Head
    outputs: int
    softmax: bool
    second: bool
    positions: bool
    style: str
    by_hand: bool
    x_second: bool
    recurrent: Options | None
    seed: int


def layers_of(parts: list[Options], prefix: str = "") -> Iterator[tuple[str, Options]]:
    """Each layer with its name, those inside others too."""
    for number, part in enumerate(parts):
        name = f"{prefix}{part.kind.replace(' ', '')}{number}"
        if part.parts:
            for branch, inside in enumerate(part.parts):
                yield from layers_of(inside, f"{name}_{branch}_")
        else:
            yield name, part


# ------------------------------------------------------------------------- drawing


def draw_parts(
    d: Drawn, names: tuple[str, ...], channels: int, rank: int, number: int
) -> tuple[list[Options], int]:
    """So many parts, and the channels that come out."""
    parts = []
    for _ in range(number):
        kind = d.one_of(*names)
        if kind == "residual":
            kept = tuple(name for name in names if name in KEEPS_CHANNELS)
            inside, _ = draw_parts(d, kept, channels, rank, d.one_of(1, 2))
            if rank and "convolution" in names:
                keeping = Options("convolution", channels, rank)
                keeping.values = KINDS["convolution"].draw(d, channels, rank)
                keeping.values |= {
                    "units": channels,
                    "padding": "same",
                    "strides": 1,
                    "dilation": 1,
                }
                inside.insert(0, keeping)
            parts.append(Options("residual", channels, rank, {}, [inside]))
        elif kind == "branches":
            branches = []
            total = 0
            for _ in range(2):
                part = Options("convolution", channels, rank)
                part.values = KINDS["convolution"].draw(d, channels, rank)
                part.values |= {"padding": "same", "strides": 1, "dilation": 1}
                branches.append([part])
                total += part.units
            parts.append(Options("branches", channels, rank, {}, branches))
            channels = total
        else:
            part = Options(kind, channels, rank)
            part.values = KINDS[kind].draw(d, channels, rank)
            parts.append(part)
            channels = part.units
    return parts, channels


def plan_of(seed: int) -> Plan:
    d = Drawn(seed)
    domain = d.one_of(*DOMAINS)
    rank = RANKS[domain]
    channels = d.one_of(2, 3, 4, 6)
    sizes: list[int] = [d.one_of(6, 7, 8, 9) for _ in range(rank)]
    if d.one_of(True, False, False) and sizes:  # square, or as many steps as features
        sizes = [sizes[0]] * rank
        if d.one_of(True, False):
            channels = sizes[0]
    if domain == "words":
        channels = d.one_of(4, 6, 8)
    if domain == "video":
        sizes = [5, *sizes]
    shape = (*sizes, channels)
    names = BY_DOMAIN[domain]
    parts, channels = draw_parts(d, names, channels, rank, d.one_of(1, 2, 3, 4, 5))
    heads: tuple[Head, ...] = ("mean", "max", "flatten", "map")
    if rank == 1:
        heads += ("last",)
    head = d.one_of(*heads)
    if domain == "table":
        head = "map"
    over_frames = None
    if domain == "video":
        head = "mean"
        over_frames = Options("recurrent", channels, 1)
        over_frames.values = KINDS["recurrent"].draw(d, channels, 1)
    single = not any(part.parts or part.kind == "squeeze" for part in parts)
    style = d.one_of("functional", "subclassed", "sequential")
    if domain in ("words", "video") or not single:
        style = d.one_of("functional", "subclassed")
    # Whether a series is turned before a layer of its features, its sizes do not tell.
    turned = KINDS[next(layers_of(parts))[1].kind].axes != "second"
    if domain == "series" and turned and sizes[0] == shape[-1]:
        shape = (shape[-1] + 2, shape[-1])
    positions = domain == "words" and d.one_of(True, False)
    if positions:  # a functional model would hold what it makes of its first weights
        style = "subclassed"
    second = bool(rank) and domain != "words"
    if domain == "series":
        second = d.one_of(True, False)
    return Plan(
        domain,
        shape,
        parts,
        head,
        d.one_of(3, 5, 0),
        d.one_of(True, False, False),
        second,
        positions,
        style,
        d.one_of(True, False),
        second and d.one_of(True, False),
        over_frames,
        seed,
    )


# ------------------------------------------------------------------------ in PyTorch


class InTorch(nn.Module):
    """A plan in PyTorch."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.plan = plan
        if plan.domain == "words":
            self.words = nn.Embedding(VOCABULARY, plan.shape[-1])
            if plan.positions:
                self.places = nn.Embedding(plan.shape[0], plan.shape[-1])
        for name, part in layers_of(plan.parts):
            self.add_layers(name, part)
        if plan.recurrent:
            self.add_layers("over_frames", plan.recurrent)

    def add_layers(self, name: str, part: Options) -> None:
        for key, module in KINDS[part.kind].in_torch(part).items():
            self.add_module(f"{name}_{key}", module)

    def run(
        self, name: str, part: Options, x: torch.Tensor, second: bool
    ) -> tuple[torch.Tensor, bool]:
        """What a layer makes, and whether it has the channels second."""
        if part.parts:
            results = []
            for branch, inside in enumerate(part.parts):
                y = self.run_all(inside, f"{name}_{branch}_", x, second)
                results.append(y)
            if part.kind == "residual":
                return x + results[0], second
            return torch.cat(results, 1 if second else -1), second
        kind = KINDS[part.kind]
        if x.ndim > 2 and kind.axes == "second" and not second:
            x, second = x.movedim(-1, 1), True
        elif x.ndim > 2 and kind.axes == "last" and second:
            x, second = x.movedim(1, -1), False
        modules = {
            key.removeprefix(f"{name}_"): module
            for key, module in self.named_children()
            if key.startswith(f"{name}_")
        }
        return kind.forward(modules, part, x), second

    def run_all(
        self, parts: list[Options], prefix: str, x: torch.Tensor, second: bool
    ) -> torch.Tensor:
        before = second
        for number, part in enumerate(parts):
            name = f"{prefix}{part.kind.replace(' ', '')}{number}"
            x, second = self.run(name, part, x, second)
        if before != second and x.ndim > 2:
            x = x.movedim(1, -1) if second else x.movedim(-1, 1)
        return x

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        plan = self.plan
        if plan.domain == "words":
            y = self.words(x)
            if plan.positions:
                y = y + self.places(torch.arange(x.shape[1], device=x.device))
            x = y
        frames = 0
        if plan.domain == "video":
            frames = x.shape[1]
            x = x.flatten(0, 1)
        x = self.run_all(plan.parts, "", x, plan.second)
        x = self.pooled(x)
        if frames:
            x = x.reshape(-1, frames, x.shape[-1])
            assert plan.recurrent is not None
            x, _ = self.run("over_frames", plan.recurrent, x, False)
            x = x[:, -1]
        if plan.outputs:
            x = self.head_of(x)
        if plan.softmax:
            axis = 1 if plan.head == "map" and plan.second and x.ndim > 2 else -1
            x = torch.softmax(x, axis)
        return x

    def head_of(self, x: torch.Tensor) -> torch.Tensor:
        plan = self.plan
        if plan.head == "map" and plan.second and x.ndim > 2:
            return self.head(x.movedim(1, -1)).movedim(-1, 1)
        return self.head(x)

    def pooled(self, x: torch.Tensor) -> torch.Tensor:
        plan = self.plan
        axes = tuple(range(2, x.ndim)) if plan.second else tuple(range(1, x.ndim - 1))
        match plan.head:
            case "mean":
                return x.mean(axes)
            case "max":
                return x.amax(axes)
            case "flatten":
                return (x.movedim(1, -1) if plan.second else x).flatten(1)
            case "last":
                return x[..., -1] if plan.second else x[:, -1]
        return x


def in_torch(plan: Plan, x: np.ndarray) -> InTorch:
    """PyTorch's model with random weights and statistics, which takes x."""
    torch.manual_seed(plan.seed)
    model = InTorch(plan).eval()
    if plan.outputs:
        outputs = plan.outputs
        plan.outputs = 0
        made = model(torch.tensor(x))
        plan.outputs = outputs
        axis = 1 if plan.head == "map" and plan.second else -1
        model.head = nn.Linear(made.shape[axis], outputs)
    rng = np.random.default_rng(plan.seed)
    for tensor in [*model.parameters(), *model.buffers()]:
        if not tensor.is_floating_point():
            continue
        values = rng.uniform(-0.7, 0.7, tensor.shape)
        tensor.data = torch.tensor(values.astype(np.float32))
    for module in model.modules():
        if "BatchNorm" in type(module).__name__:
            assert module.running_var is not None
            module.running_var += 1
        if "Norm" in type(module).__name__ and module.weight is not None:
            module.weight.data += 1
    return model


# -------------------------------------------------------------------------- in Keras


class Layers:
    """A plan's layers in Keras, and how they are called.

    Args:
        plan: as in PyTorch, or with a mistake.
    """

    def __init__(self, plan: Plan):
        self.plan = plan
        self.layers: dict[str, dict[str, Any]] = {}
        for name, part in layers_of(plan.parts):
            self.layers[name] = self.framed(KINDS[part.kind].in_keras(part))
        if plan.recurrent:
            self.layers["over_frames"] = KINDS["recurrent"].in_keras(plan.recurrent)
            self.layers["mean"] = {
                "layer": KL.TimeDistributed(KL.GlobalAveragePooling2D())
            }
        if plan.domain == "words":
            self.layers["words"] = {"layer": KL.Embedding(VOCABULARY, plan.shape[-1])}
            if plan.positions:
                places = KL.Embedding(plan.shape[0], plan.shape[-1])
                self.layers["places"] = {"layer": places}
        if plan.head == "flatten":
            self.layers["flatten"] = {"layer": KL.Flatten()}
        if plan.outputs:
            self.layers["head"] = {"layer": KL.Dense(plan.outputs)}

    def framed(self, layers: dict[str, Any]) -> dict[str, Any]:
        """The layers for each frame of a video."""
        if self.plan.domain != "video" or set(layers) == {"down", "up"}:
            return layers
        return {name: KL.TimeDistributed(layer) for name, layer in layers.items()}

    def run_all(self, parts: list[Options], prefix: str, x: Any) -> Any:
        for number, part in enumerate(parts):
            name = f"{prefix}{part.kind.replace(' ', '')}{number}"
            x = self.run(name, part, x)
        return x

    def run(self, name: str, part: Options, x: Any) -> Any:
        if not part.parts:
            layers = self.layers[name]
            if self.plan.domain == "video" and part.kind == "squeeze":
                s = ops.mean(x, axis=(2, 3), keepdims=True)
                return x * layers["up"](layers["down"](s))
            return KINDS[part.kind].call(layers, part, x)
        results = []
        for branch, inside in enumerate(part.parts):
            results.append(self.run_all(inside, f"{name}_{branch}_", x))
        if part.kind == "residual":
            return x + results[0]
        return ops.concatenate(results, axis=-1)

    def __call__(self, x: Any) -> Any:
        plan = self.plan
        if plan.domain == "words":
            y = self.layers["words"]["layer"](x)
            if plan.positions:
                y = y + self.layers["places"]["layer"](ops.arange(x.shape[1]))
            x = y
        x = self.run_all(plan.parts, "", x)
        if plan.recurrent:
            x = self.layers["mean"]["layer"](x)
            x = KINDS["recurrent"].call(self.layers["over_frames"], plan.recurrent, x)
            x = x[:, -1]
        else:
            x = self.pooled(x)
        if plan.outputs:
            x = self.layers["head"]["layer"](x)
        return ops.softmax(x, axis=-1) if plan.softmax else x

    def pooled(self, x: Any) -> Any:
        axes = tuple(range(1, len(x.shape) - 1))
        match self.plan.head:
            case "mean":
                return ops.mean(x, axis=axes)
            case "max":
                return ops.max(x, axis=axes)
            case "flatten":
                return self.layers["flatten"]["layer"](x)
            case "last":
                return x[:, -1]
        return x

    def in_order(self) -> list[Any]:
        """All layers, for a Sequential model; only where none is called twice."""
        layers = []
        for name, _ in layers_of(self.plan.parts):
            layers += self.layers[name].values()
        rank = RANKS[self.plan.domain]
        match self.plan.head:
            case "mean":
                pools = {
                    1: KL.GlobalAveragePooling1D,
                    2: KL.GlobalAveragePooling2D,
                    3: KL.GlobalAveragePooling3D,
                }
                layers.append(pools[rank]())
            case "max":
                pools = {
                    1: KL.GlobalMaxPooling1D,
                    2: KL.GlobalMaxPooling2D,
                    3: KL.GlobalMaxPooling3D,
                }
                layers.append(pools[rank]())
            case "flatten":
                layers.append(self.layers["flatten"]["layer"])
        if self.plan.outputs:
            layers.append(self.layers["head"]["layer"])
        if self.plan.softmax:
            layers.append(KL.Softmax())
        return layers


class Subclassed(keras.Model):
    """A plan as a class."""

    def __init__(self, layers: Layers):
        super().__init__()
        self.plan = layers.plan
        self.names = []
        for name, named in layers.layers.items():
            for key, layer in named.items():
                self.names.append((name, key))
                setattr(self, f"{name}_{key}", layer)

    def call(self, x: Any) -> Any:
        layers = Layers.__new__(Layers)
        layers.plan, layers.layers = self.plan, {}
        for name, key in self.names:
            layer = getattr(self, f"{name}_{key}")
            layers.layers.setdefault(name, {})[key] = layer
        return layers(x)


def is_sequential(plan: Plan) -> bool:
    own_calls = ("attention", "transformer", "squeeze")
    if plan.head == "last" or plan.domain in ("words", "video"):
        return False
    return not any(part.parts or part.kind in own_calls for part in plan.parts)


def in_keras(plan: Plan) -> tuple[keras.Model, Layers]:
    """Keras's model, and its layers by PyTorch's names."""
    dtype = "int32" if plan.domain == "words" else "float32"
    shape = plan.shape[:1] if plan.domain == "words" else plan.shape
    style = plan.style
    if style == "sequential" and not is_sequential(plan):
        style = "functional"
    if style == "subclassed":
        layers = Layers(plan)
        model = Subclassed(layers)
        model(np.zeros((1, *shape), dtype))
        return model, layers
    layers = Layers(plan)
    x = keras.Input(shape, dtype=dtype)
    if style == "sequential":
        return keras.Sequential([x, *layers.in_order()]), layers
    return keras.Model(x, layers(x)), layers


def carry_over(model: InTorch, layers: Layers, like: Plan) -> None:
    """Write PyTorch's weights into Keras's layers.

    Args:
        model: the source.
        layers: of Keras.
        like: PyTorch's plan.
    """
    rng = np.random.default_rng(like.seed + 1)
    named = [*layers_of(like.parts)]
    if like.recurrent:
        named.append(("over_frames", like.recurrent))
    arrays: list[tuple[Any, list[np.ndarray]]] = []
    for name, part in named:
        modules = {
            key.removeprefix(f"{name}_"): module
            for key, module in model.named_children()
            if key.startswith(f"{name}_")
        }
        for key, values in KINDS[part.kind].arrays(modules, part).items():
            if name in layers.layers:  # which a mistake may have dropped
                arrays.append((layers.layers[name][key], values))
    for name in ("words", "places"):
        if name in layers.layers:
            weight = numbers(getattr(model, name).weight)
            arrays.append((layers.layers[name]["layer"], [weight]))
    if like.outputs:
        head = [numbers(model.head.weight).T, numbers(model.head.bias)]
        arrays.append((layers.layers["head"]["layer"], head))
    for layer, values in arrays:
        shapes = [tuple(weight.shape) for weight in layer.weights]
        fitting = []
        spare = list(values)
        for shape in shapes:  # where a mistake adds an array or drops one
            if spare and spare[0].shape == shape:
                fitting.append(spare.pop(0))
            elif len(spare) > 1 and spare[1].shape == shape:
                fitting.append(spare[1])
                spare = spare[2:]
            elif spare and spare[0].size == np.prod(shape):
                fitting.append(spare.pop(0).reshape(shape))
            else:
                fitting.append(rng.uniform(0.1, 0.9, shape).astype(np.float32))
        layer.set_weights(fitting)


# ----------------------------------------------------------------------------- pairs


def inputs_of(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """What Keras's model takes, and PyTorch's."""
    rng = np.random.default_rng([plan.seed, 1])
    if plan.domain == "words":
        x = rng.integers(0, VOCABULARY, (BATCH, plan.shape[0])).astype("int32")
        return x, x
    x = rng.normal(size=(BATCH, *plan.shape)).astype(np.float32)
    if not plan.second:
        return x, x
    channels = 2 if plan.domain == "video" else 1
    return x, np.ascontiguousarray(np.moveaxis(x, -1, channels))


@dataclass
class Pair:
    """Two models, and how they are checked.

    Args:
        torch: PyTorch's model.
        keras: Keras's.
        x: as one of them takes it.
        transfer: of `compare.check`.
        plan: of PyTorch's model.
        by_side: x as Keras's model takes it, and as PyTorch's does.
    """

    torch: InTorch
    keras: keras.Model
    x: np.ndarray
    transfer: str | None
    plan: Plan
    by_side: tuple[np.ndarray, np.ndarray]


def pair_of(plan: Plan, change: Callable[[Plan], Plan] | None = None) -> Pair:
    """The pair of a plan; Keras's model is built of a changed one, if so wished."""
    x_keras, x_torch = inputs_of(plan)
    first = in_torch(plan, x_torch)
    other = copy.deepcopy(plan)
    if change:
        other = change(other)
    second, layers = in_keras(other)
    if plan.by_hand or change:
        carry_over(first, layers, plan)
    transfer = None if plan.by_hand or change else "to_keras"
    x = x_torch if plan.x_second else x_keras
    return Pair(first, second, x, transfer, plan, (x_keras, x_torch))


def right(seed: int) -> Pair | None:
    """Two models that are the same; None where a plan cannot be built."""
    plan = plan_of(seed)
    try:
        pair = pair_of(plan)
    except (ValueError, RuntimeError):
        return None
    return replace(pair, plan=plan)
