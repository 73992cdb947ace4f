"""Norms of random networks, in both frameworks."""

from __future__ import annotations

from typing import Any

import numpy as np
from random_layers import KL, Kind, Options, numbers, only, only_in_keras
from random_parts import Drawn
from torch import nn

EPSILONS = (1e-5, 1e-3, 1e-6, 1e-2)


def draw_norm(d: Drawn, channels: int, rank: int) -> dict[str, Any]:
    del rank
    divisors = [n for n in (1, 2, 3, 4, channels) if channels % n == 0]
    return {
        "units": channels,
        "epsilon": d.one_of(*EPSILONS),
        "affine": d.one_of(True, True, False),
        "groups": d.one_of(*divisors),
    }


BATCH_NORMS = {
    0: nn.BatchNorm1d,
    1: nn.BatchNorm1d,
    2: nn.BatchNorm2d,
    3: nn.BatchNorm3d,
}
INSTANCE_NORMS = {1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}


def other_norms(o: Options) -> dict[str, Any]:
    return {"epsilon": 1e-1, "affine": not o.affine}


def batch_norm(o: Options) -> dict[str, nn.Module]:
    kind = BATCH_NORMS[o.rank]
    return {"layer": kind(o.channels, eps=o.epsilon, affine=o.affine)}


def batch_norm_in_keras(o: Options) -> dict[str, Any]:
    return {
        "layer": KL.BatchNormalization(
            epsilon=o.epsilon, center=o.affine, scale=o.affine
        )
    }


def batch_norm_arrays(m: Any, o: Options) -> dict[str, list[np.ndarray]]:
    layer = m["layer"]
    arrays = [layer.weight, layer.bias] if o.affine else []
    arrays += [layer.running_mean, layer.running_var]
    return {"layer": [numbers(array) for array in arrays]}


def affine_arrays(m: Any, o: Options) -> dict[str, list[np.ndarray]]:
    if not o.affine:
        return {}
    return {"layer": [numbers(m["layer"].weight), numbers(m["layer"].bias)]}


def group_norm(o: Options) -> dict[str, nn.Module]:
    return {"layer": nn.GroupNorm(o.groups, o.channels, o.epsilon, o.affine)}


def group_norm_in_keras(o: Options) -> dict[str, Any]:
    return {
        "layer": KL.GroupNormalization(
            o.groups, epsilon=o.epsilon, center=o.affine, scale=o.affine
        )
    }


def instance_norm(o: Options) -> dict[str, nn.Module]:
    kind = INSTANCE_NORMS[o.rank]
    return {"layer": kind(o.channels, eps=o.epsilon, affine=o.affine)}


def instance_norm_in_keras(o: Options) -> dict[str, Any]:
    return {
        "layer": KL.GroupNormalization(
            -1, epsilon=o.epsilon, center=o.affine, scale=o.affine
        )
    }


def layer_norm(o: Options) -> dict[str, nn.Module]:
    return {"layer": nn.LayerNorm(o.channels, o.epsilon, o.affine)}


def layer_norm_in_keras(o: Options) -> dict[str, Any]:
    return {
        "layer": KL.LayerNormalization(
            epsilon=o.epsilon, center=o.affine, scale=o.affine
        )
    }


NORMS = {
    "batch norm": Kind(
        "second",
        draw_norm,
        batch_norm,
        only,
        batch_norm_in_keras,
        only_in_keras,
        batch_norm_arrays,
        other_norms,
    ),
    "group norm": Kind(
        "second",
        draw_norm,
        group_norm,
        only,
        group_norm_in_keras,
        only_in_keras,
        affine_arrays,
        lambda o: other_norms(o) | ({"groups": 1} if o.groups > 1 else {}),
    ),
    "instance norm": Kind(
        "second",
        draw_norm,
        instance_norm,
        only,
        instance_norm_in_keras,
        only_in_keras,
        affine_arrays,
        other_norms,
    ),
    "layer norm": Kind(
        "last",
        draw_norm,
        layer_norm,
        only,
        layer_norm_in_keras,
        only_in_keras,
        affine_arrays,
        other_norms,
    ),
}
