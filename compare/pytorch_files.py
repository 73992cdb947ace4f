"""Weight files of PyTorch: state dicts, as `.pt` or `.pth`, and `.safetensors`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from compare.errors import BadInput
from compare.keras_files import natural
from compare.transfer import Layer

if TYPE_CHECKING:
    import numpy as np

GATES = {4: "LSTM", 3: "GRU", 1: "RNN"}


class StateDict:
    """A file of PyTorch, opened.

    Args:
        path: ends in `.pt`, `.pth` or `.safetensors`.

    Attributes:
        layers: by name, in the order of the file; each as what it may be, where names
            and shapes of its arrays do not tell. Without counts of batches.
        places: the key in the file by the full name of an array.
        ordered: whether the order is the one in which the model defines its layers.

    Raises:
        BadInput: if the file is not what its ending says.
    """

    framework = "torch"

    def __init__(self, path: Path):
        self.ordered = path.suffix.lower() != ".safetensors"  # which is sorted by name
        self._file = _Pt(path) if self.ordered else _Safetensors(path)
        groups, self.places = {}, {}
        for key, array in self._file.arrays.items():
            if array.dtype.kind not in "fiub":
                raise BadInput(
                    f"{path}: expected numbers that NumPy has as well, got {key} in "
                    f"{array.dtype}; save the weights in float32"
                )
            layer, _, name = key.rpartition(".")
            layer = layer or "model"  # of a single layer's own state dict
            groups.setdefault(layer, {})[name] = array
            self.places[f"{layer}.{name}"] = key
        order = groups if self.ordered else sorted(groups, key=natural)
        self.layers = {name: _options(groups[name]) for name in order}

    def written(self, arrays: Mapping[str, np.ndarray]) -> bytes:
        """The file with other numbers in it, each in the precision that it had.

        Args:
            arrays: by their keys in the file.
        """
        return self._file.written(arrays)


class _Pt:
    def __init__(self, path):
        self._pickles = import_module("compare.pytorch_pickles")
        self._layers = import_module("compare.pytorch_layers")
        self._checkpoint, self._tensors = self._pickles.opened(path)
        self.arrays = {
            key: self._layers.read(tensor) for key, tensor in self._tensors.items()
        }

    def written(self, arrays):
        for key, array in arrays.items():
            self._layers.write(self._tensors[key], array)
        return self._pickles.packed(self._checkpoint)


class _Safetensors:
    def __init__(self, path):
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                self._metadata = file.metadata()
                self.arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except (SafetensorError, TypeError, AttributeError) as error:
            raise BadInput(
                f"{path}: expected a whole .safetensors file of numbers that NumPy has "
                f"as well, got: {error}; save it again, in float32"
            ) from None

    def written(self, arrays):
        from safetensors.numpy import save

        arrays = {  # in order in memory, without which `save` writes other numbers
            key: array.astype(self.arrays[key].dtype, order="C")
            for key, array in arrays.items()
        }
        return save({**self.arrays, **arrays}, self._metadata)


def _options(arrays):
    """What a layer with these arrays may be, likelier first."""
    names = set(arrays)
    if "running_mean" in names:
        arrays.pop("num_batches_tracked", None)  # Keras has none
        return [Layer("BatchNorm1d", arrays)]
    states = next((name for name in arrays if name.startswith("weight_hh")), None)
    if states:
        return [Layer(_recurrent(states, arrays), arrays)]
    dims = {name: array.ndim for name, array in arrays.items()}
    kinds = {
        (("weight", 1),): ["PReLU", "LayerNorm"],
        (("weight", 2),): ["Linear", "Embedding"],
        (("weight", 3),): ["Conv1d"],
        (("bias", 1), ("weight", 1)): ["LayerNorm"],
        (("bias", 1), ("weight", 2)): ["Linear"],
        (("bias", 1), ("weight", 3)): ["Conv1d"],
    }.get(tuple(sorted(dims.items())), [f"layer of {', '.join(arrays)}"])
    return [Layer(kind, arrays) for kind in kinds]


def _recurrent(states, arrays):
    """The kind that has so many gates; a cell's names do not say which layer it is."""
    suffix = states.removeprefix("weight_hh")
    size = arrays[states].shape[-1]
    if f"weight_hr{suffix}" in arrays:  # a projection makes the state smaller
        size = arrays[f"weight_hr{suffix}"].shape[-1]
    kind = GATES.get(arrays[states].shape[0] / size, "recurrent layer")
    return kind if suffix else f"{kind}Cell"
