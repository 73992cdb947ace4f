"""Norms of PyTorch, as layers of Keras."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from compare.in_pytorch.recorded import Step
from compare.kinds.graph import LayerPlan
from compare.porting.reading.traced.layers import (
    arrays_of,
    called,
    channels_last,
    features_last,
    kind_and_config,
    moved,
    name_of,
)
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.values import Unported, Value


def batch_norm(reader: Reader, step: Step) -> Value:
    """Features brought to the running mean and variance."""
    module = reader.module(step.name)
    if module.running_mean is None:
        raise Unported(
            "track_running_stats=False: set it, and train for the statistics"
        )
    kind, config = kind_and_config(module)
    value = reader.tensor(step.args[0])
    last = len(value.sizes) - 1
    if value.axes[1] != (last,):
        value = channels_last(reader, value)
    if not module.affine:
        config |= {"scale": False, "center": False}
    arrays = moved(kind, arrays_of(module), list(kind.files[0].keras))
    plan = LayerPlan(name_of(reader, step), "BatchNormalization", config)
    tensor = called(reader, plan, value, arrays)
    return replace(value, tensor=tensor)


def layer_norm(reader: Reader, step: Step) -> Value:
    """The last axes brought to mean 0 and variance 1."""
    module = reader.module(step.name)
    kind, config = kind_and_config(module)
    count = len(module.normalized_shape)
    value = features_last(reader, reader.tensor(step.args[0]), count)
    if config.get("axis") in ((-1,), -1):
        del config["axis"]
    numbers = np.broadcast_to(0, module.normalized_shape)
    names = dict.fromkeys(kind.files[0].keras, numbers)
    arrays = moved(kind, arrays_of(module), names)
    if not arrays and kind.name == "RMSNorm":
        arrays = {"scale": np.ones(module.normalized_shape)}
    cls = kind.keras[0]
    tensor = called(
        reader, LayerPlan(name_of(reader, step), cls, config), value, arrays
    )
    return replace(value, tensor=tensor)


def group_norm(reader: Reader, step: Step) -> Value:
    """Groups of channels brought to mean 0 and variance 1."""
    module = reader.module(step.name)
    if getattr(module, "track_running_stats", False):
        raise Unported("an InstanceNorm with running statistics")
    kind, config = kind_and_config(module)
    value = channels_last(reader, reader.tensor(step.args[0]))
    if module.weight is None:
        config |= {"scale": False, "center": False}
    arrays = moved(kind, arrays_of(module), ["gamma", "beta"])
    plan = LayerPlan(name_of(reader, step), "GroupNormalization", config)
    tensor = called(reader, plan, value, arrays, len(value.shape))
    return replace(value, tensor=tensor)


LAYERS: dict[str, Handler] = {
    **dict.fromkeys(
        ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"), batch_norm
    ),
    **dict.fromkeys(("LayerNorm", "RMSNorm"), layer_norm),
    **dict.fromkeys(
        ("GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"), group_norm
    ),
}
