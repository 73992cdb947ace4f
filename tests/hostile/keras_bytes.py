"""Files as Keras saves models, made of configurations and arrays without Keras.

A configuration may say anything, and arrays need not fit it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from case import Content

from compare.kinds.names import snake

Config = dict[str, Any]
Edit = Callable[..., object]

METADATA = {"keras_version": "3.15.0", "date_saved": "2026-01-01@00:00:00"}


@dataclass(frozen=True)
class Model:
    """A model as it is saved.

    Args:
        config: any value, or the text that stands in the place of its JSON.
        arrays: by the path of the layer in `model.weights.h5`, such as "layers/dense".
        edit: takes the open HDF5 file, after all is written; or None.
    """

    config: Any
    arrays: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    edit: Edit | None = None

    @property
    def text(self) -> str:
        """The configuration as it is written."""
        if isinstance(self.config, str):
            return self.config
        return json.dumps(self.config)

    def keras(self) -> bytes:
        """The bytes of a `.keras`."""
        return zipped(
            {
                "metadata.json": json.dumps(METADATA).encode(),
                "config.json": self.text.encode("utf-8", "surrogatepass"),
                "model.weights.h5": self.weights(),
            }
        )

    def weights(self) -> bytes:
        """The bytes of a `.weights.h5`."""

        def write(file: Any) -> None:
            for path, arrays in self.arrays.items():
                for number, array in enumerate(arrays):
                    file[f"{path}/vars/{number}"] = array

        return self._hdf5(write)

    def h5(self) -> bytes:
        """The bytes of an `.h5` of Keras 2."""

        def write(file: Any) -> None:
            file.attrs["model_config"] = self.text
            file.attrs["keras_version"] = "2.9.0"
            file.attrs["backend"] = "tensorflow"
            group = file.create_group("model_weights")
            names = [self._name_at(path).replace("\0", "") for path in self.arrays]
            group.attrs["layer_names"] = [name.encode() for name in names]
            for name, arrays in zip(names, self.arrays.values(), strict=True):
                own = group.create_group(name)
                keys = [f"{name}/{number}:0" for number in range(len(arrays))]
                own.attrs["weight_names"] = [key.encode() for key in keys]
                for key, array in zip(keys, arrays, strict=True):
                    own[key] = array

        return self._hdf5(write)

    def _name_at(self, path: str) -> str:
        """The name of the layer whose arrays Keras 3 has at a path."""
        step = path.split("/")[1]
        count: dict[str, int] = {}
        for config in self._layers():
            own = snake(str(config["class_name"]))
            number = count.get(own, 0)
            count[own] = number + 1
            if step == (f"{own}_{number}" if number else own):
                return str(config["config"]["name"])
        return step

    def _layers(self) -> list[Config]:
        if not isinstance(self.config, dict):
            return []
        layers = self.config["config"].get("layers", [])
        return [config for config in layers if isinstance(config, dict)]

    def _hdf5(self, write: Edit) -> bytes:
        import h5py

        memory = io.BytesIO()
        with h5py.File(memory, "w") as file:
            write(file)
            if self.edit is not None:
                self.edit(file)
        return memory.getvalue()


def zipped(entries: Mapping[str, bytes]) -> bytes:
    """A zip of entries, as Keras writes it: none is packed."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return memory.getvalue()


def content(model: Model, ending: str) -> Content:
    """A model in a file of an ending, made when it is laid out."""

    def make(path: Path) -> None:
        path.write_bytes(model.keras() if ending == ".keras" else model.h5())

    return make


def drawn(*shape: int) -> Any:
    """Numbers of which no two are alike."""
    import numpy as np

    rng = np.random.default_rng([7, *shape])
    return rng.uniform(-1, 1, shape).astype("float32")


# ---------------------------------------------------------------------- configurations


def layer(cls: str, name: str, /, **settings: Any) -> Config:
    """The configuration of a layer of Keras's own."""
    return {
        "module": "keras.layers",
        "class_name": cls,
        "config": {"name": name, "trainable": True, "dtype": "float32", **settings},
        "registered_name": None,
    }


def input_layer(*shape: Any, name: str = "x") -> Config:
    """The configuration of an input; the batch is left out of the shape."""
    return layer("InputLayer", name, batch_shape=[None, *shape])


def sequential(*layers: Config, name: Any = "m") -> Config:
    """The configuration of a Sequential."""
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": name, "trainable": True, "layers": list(layers)},
        "registered_name": "Sequential",
    }


def functional(
    layers: Sequence[Config], inputs: Any, outputs: Any, name: Any = "m"
) -> Config:
    """The configuration of a functional model."""
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": {
            "name": name,
            "trainable": True,
            "layers": list(layers),
            "input_layers": inputs,
            "output_layers": outputs,
        },
        "registered_name": "Functional",
    }


def called(config: Config, *sources: Any) -> Config:
    """A layer of a functional model, called once on what other layers make.

    Args:
        config: of the layer.
        sources: names of layers, or the whole history of a tensor.
    """
    histories = [s if isinstance(s, list) else [s, 0, 0] for s in sources]
    tensors = [
        {"class_name": "__keras_tensor__", "config": {"keras_history": history}}
        for history in histories
    ]
    arguments = tensors if len(tensors) == 1 else [tensors]
    nodes = [{"args": arguments, "kwargs": {}}] if sources else []
    return {**config, "name": config["config"]["name"], "inbound_nodes": nodes}


def dense(name: str = "fc", units: Any = 2, **settings: Any) -> Config:
    """The configuration of a dense layer."""
    return layer("Dense", name, units=units, activation="linear", **settings)


def weights_of_dense(rows: int = 3, units: int = 2) -> dict[str, list[Any]]:
    """The arrays of the first dense layer of a model."""
    return {"layers/dense": [drawn(rows, units), drawn(units)]}


def right(**changes: Any) -> Model:
    """A dense layer of 3 to 2 with its weights.

    Args:
        changes: settings of the layer; `name`, `units` and others.
    """
    return Model(sequential(input_layer(3), dense(**changes)), weights_of_dense())
