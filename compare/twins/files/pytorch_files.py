"""Weight files of PyTorch: state dicts, as `.pt` or `.pth`, and `.safetensors`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from compare import files
from compare.errors import BadInput
from compare.kinds import saved
from compare.kinds.layer import Layer
from compare.twins.files.keras_files import natural

if TYPE_CHECKING:
    import numpy as np


class StateDict:
    """A file of PyTorch, opened.

    Args:
        path: ends in `.pt`, `.pth` or `.safetensors`.

    Attributes:
        layers: by name, in the order of the file; each as what it may be, where names
            and shapes of its arrays do not tell. Without counts of batches.
        places: the key in the file by the full name of an array.
        sorted_by_name: whether the file keeps no other order of its arrays.

    Raises:
        BadInput: if the file is not what its ending says.
    """

    framework = "torch"

    def __init__(self, path: Path):
        self.sorted_by_name = path.suffix.lower() == ".safetensors"
        try:
            self._file = _Safetensors(path) if self.sorted_by_name else _Pt(path)
            groups, self.places = self._groups(path), {}
            for layer, arrays in groups.items():
                for name, (key, _) in arrays.items():
                    self.places[f"{layer}.{name}"] = key
            order = sorted(groups, key=natural) if self.sorted_by_name else groups
            self.layers = {
                name: _options({n: array for n, (_, array) in groups[name].items()})
                for name in order
            }
        except BadInput:
            raise
        except Exception as error:  # of many kinds, where a file is not what it says
            raise BadInput(
                f"{path}: expected a whole file of PyTorch's weights, got one that "
                f"cannot be read: {files.reason(error)}; save model.state_dict() again"
            ) from None

    def _groups(self, path):
        """Keys and arrays by layer and name; of a single layer's own dict, `model`."""
        found = {}
        for key, array in self._file.arrays.items():
            files.check_name(path, key)
            if array.dtype.kind not in "fiub":
                raise BadInput(
                    f"{path}: expected numbers that NumPy has as well, got {key} in "
                    f"{array.dtype}; save the weights in float32"
                )
            layer, _, name = key.rpartition(".")
            found.setdefault(layer, {})[name] = key, array
        alone = "model" if "model" not in found else "model itself"
        return {layer or alone: arrays for layer, arrays in found.items()}

    def written(self, arrays: Mapping[str, np.ndarray]) -> bytes:
        """The file with other numbers in it, each in the precision that it had.

        Args:
            arrays: by their keys in the file.
        """
        return self._file.written(arrays)


class _Pt:
    def __init__(self, path):
        self._pickles = import_module("compare.in_pytorch.pickles")
        self._layers = import_module("compare.in_pytorch.layers")
        self._checkpoint, self._tensors = self._pickles.opened(path)
        self.arrays = {
            key: self._layers.read(tensor) for key, tensor in self._tensors.items()
        }

    def written(self, arrays):
        memory = import_module("compare.in_pytorch.memory")
        targets = {key: self._tensors[key] for key in arrays}
        for shared in memory.shared(targets):
            memory.check(shared, targets, arrays)
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
                f"as well, got: {files.reason(error)}; save it again, in float32"
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
    if "running_mean" in arrays:
        arrays.pop("num_batches_tracked", None)  # Keras has none
    states = next((name for name in arrays if name.startswith("weight_hh")), None)
    if states:
        return [Layer(_recurrent(states, arrays), arrays)]
    axes = {name: array.ndim for name, array in arrays.items()}
    names = saved.torch_names(axes) or [f"layer of {', '.join(arrays)}"]
    return [Layer(name, arrays) for name in names]


def _recurrent(states, arrays):
    """The kind that has so many gates; a cell's names do not say which layer it is."""
    if any(
        a.ndim != (1 if "bias" in n else 2) or not a.size for n, a in arrays.items()
    ):
        return f"layer of {', '.join(arrays)}"
    suffix = states.removeprefix("weight_hh")
    size = arrays[states].shape[-1]
    if f"weight_hr{suffix}" in arrays:  # a projection makes the state smaller
        size = arrays[f"weight_hr{suffix}"].shape[-1]
    kind = saved.of_gates(arrays[states].shape[0] / size)
    name = kind.name if kind else "recurrent layer"
    return name if suffix else f"{name}Cell"
