"""Files as Keras 1 and 2 wrote them, made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Layers = Sequence[Mapping[str, Any]]
Arrays = Mapping[str, Mapping[str, np.ndarray]]


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    """An array in which no two numbers are alike."""
    rng = np.random.default_rng([seed, *shape])
    return rng.uniform(-1, 1, shape).astype("float32")


def layer(cls: str, name: str, **settings: Any) -> dict[str, Any]:
    """A layer's configuration."""
    return {"class_name": cls, "config": {"name": name, **settings}}


def node(layer: Mapping[str, Any], *sources: Any, **kwargs: Any) -> dict[str, Any]:
    """A layer of a functional model, called once on what other layers make.

    Args:
        layer: its configuration.
        sources: names of layers, or lists that begin with one.
        kwargs: that it is called with.
    """
    inbound = []
    for source in sources:
        place = source if isinstance(source, list) else [source, 0, 0]
        inbound.append([*place, kwargs])
    return {
        **layer,
        "name": layer["config"]["name"],
        "inbound_nodes": [inbound] if inbound else [],
    }


def functional(layers: Layers, inputs: Any, outputs: Any) -> dict[str, Any]:
    """A functional model's configuration."""
    config = {"name": "model_1", "layers": layers}
    config |= {"input_layers": inputs, "output_layers": outputs}
    return {"class_name": "Model", "config": config}


def saved(
    path: Path,
    config: Any,
    arrays: Arrays,
    version: str | None = "2.2.4",
    backend: str | None = None,
) -> Path:
    """Write a file.

    Args:
        path: of the file.
        config: of the model; a list is that of a Sequential; None for weights alone.
        arrays: by the name of the layer and the path inside it.
        version: of Keras; None where it did not write any.
        backend: the same.
    """
    if isinstance(config, list):
        config = {"class_name": "Sequential", "config": config}
    with h5py.File(path, "w") as file:
        group = file
        if config is not None:
            file.attrs["model_config"] = json.dumps(config).encode()
            group = file.create_group("model_weights")
        for name, value in (("keras_version", version), ("backend", backend)):
            if value is not None:
                group.attrs[name] = value.encode()
        group.attrs["layer_names"] = [name.encode() for name in arrays]
        for name, held in arrays.items():
            own = group.create_group(name)
            own.attrs["weight_names"] = [f"{key}:0".encode() for key in held]
            for key, array in held.items():
                own[f"{key}:0"] = array
    return path
