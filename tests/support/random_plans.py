"""Plans of random networks: what goes in, and which layers follow each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from random_blocks import KINDS
from random_layers import Options
from random_parts import Drawn

VOCABULARY = 11
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
