"""Weight files of PyTorch: state dicts, as `.pt` or `.pth`, and `.safetensors`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from compare.errors import BadInput
from compare.foreign import check_name
from compare.kinds import saved
from compare.kinds.layer import Arrays, Layer
from compare.one_line import message_of, printable
from compare.twins.files import computed_weights
from compare.twins.files.computed_weights import Computed
from compare.twins.files.hdf5 import natural

if TYPE_CHECKING:
    import numpy as np

    from compare.judging.words import Side


# What NumPy calls the numbers that a header of safetensors names; in their bytes the
# lowest comes first.
SAFETENSORS_DTYPES = {
    "BOOL": "?",
    "U8": "<u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
    "I8": "<i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "C64": "<c8",
}


class _File(Protocol):
    """What either kind of file offers.

    Args:
        arrays: what the file holds, by key.
    """

    arrays: dict[str, np.ndarray]

    def put(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace the numbers under these keys."""
        ...

    def content(self) -> bytes | bytearray:
        """The bytes of the file, with the numbers that were put into it."""
        ...


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

    side: Side = "torch"

    def __init__(self, path: Path):
        self.sorted_by_name = path.suffix.lower() == ".safetensors"
        try:
            self._file: _File
            if self.sorted_by_name:
                self._file = _Safetensors(path)
            else:
                self._file = _Pickled(path)
            keys = self._keys(path)
            self.places: dict[str, str] = {}
            for layer, key_by_name in keys.items():
                for name, key in key_by_name.items():
                    self.places[f"{layer}.{name}"] = key
            order = list(keys)
            if self.sorted_by_name:
                order.sort(key=natural)
            self.layers = {layer: self._options(keys[layer]) for layer in order}
        except (BadInput, MemoryError):
            raise
        except Exception as error:  # of many kinds, where a file is not what it says
            raise BadInput(
                f"{path}: expected a whole file of PyTorch's weights, got one that "
                f"cannot be read: {message_of(error)}; save model.state_dict() again"
            ) from None

    def _keys(self, path: Path) -> dict[str, dict[str, str]]:
        """The keys in the file by layer and name.

        The layer of a single layer's own state dict goes by `model`.

        Raises:
            BadInput: if an array holds what NumPy has not.
        """
        keys: dict[str, dict[str, str]] = {}
        for key in self._file.arrays:
            check_name(path, key)
        self._arrays = dict(self._file.arrays)
        self._computed = dict(computed_weights.computed(self._arrays))
        for name, weight in self._computed.items():
            self._arrays = _with_weight(self._arrays, name, weight)
        for key, array in self._arrays.items():
            if array.dtype.kind not in "fiub":
                raise BadInput(
                    f"{path}: expected numbers that NumPy has as well, got {key} in "
                    f"{array.dtype}; save the weights in float32"
                )
            layer, _, name = key.rpartition(".")
            keys.setdefault(layer, {})[name] = key
        keys = _with_outputs(keys)
        nameless = "model" if "model" not in keys else "model itself"
        return {layer or nameless: key_by_name for layer, key_by_name in keys.items()}

    def _options(self, keys: Mapping[str, str]) -> list[Layer]:
        """What a layer may be, likelier first, whose arrays have these keys by name."""
        return _options({name: self._arrays[key] for name, key in keys.items()})

    def put(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace numbers in it, each in the precision that it had.

        Args:
            arrays: by their keys in the file.

        Raises:
            BadInput: if two arrays share memory and would get different numbers, or a
                weight is computed from what cannot be found.
        """
        in_file: dict[str, np.ndarray] = {}
        for key, array in arrays.items():
            if key in self._computed:
                in_file |= self._computed[key].parts(array, self._file.arrays)
            else:
                in_file[key] = array
        self._file.put(in_file)

    def content(self) -> bytes | bytearray:
        """The bytes of the file, with the numbers that were put into it."""
        return self._file.content()

    def close(self) -> None:
        """Nothing is open: the arrays hold the memory."""


class _Pickled:
    """A file that `torch.save` wrote; see `_File`."""

    def __init__(self, path: Path):
        # Here, since these load PyTorch.
        self._pickles = import_module("compare.in_pytorch.pickles")
        self._layers = import_module("compare.in_pytorch.layers")
        self._checkpoint, self._tensors = self._pickles.opened(path)
        self.arrays: dict[str, np.ndarray] = {
            key: self._layers.read(tensor) for key, tensor in self._tensors.items()
        }

    def put(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace the numbers under these keys; see `_File`."""
        memory = import_module("compare.in_pytorch.memory")
        targets = {key: self._tensors[key] for key in arrays}
        for shared in memory.shared(targets):
            memory.check(shared, targets, arrays)
        for key, array in arrays.items():
            self._layers.write(self._tensors[key], array)

    def content(self) -> bytes:
        """The bytes of the file; see `_File`."""
        content: bytes = self._pickles.packed(self._checkpoint)
        return content


class _Safetensors:
    """A file that safetensors wrote; see `_File`.

    Its arrays are parts of a copy of the file in memory.
    """

    def __init__(self, path: Path):
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy"):
                pass  # it checks that arrays lie one after another, to the file's end
            self._content = bytearray(path.read_bytes())
            self.arrays = _arrays(self._content)
        except (SafetensorError, LookupError, TypeError, ValueError) as error:
            raise BadInput(
                f"{path}: expected a whole .safetensors file of numbers that NumPy has "
                f"as well, got: {message_of(error)}; save it again, in float32"
            ) from None

    def put(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace the numbers under these keys; see `_File`."""
        for key, array in arrays.items():
            self.arrays[key][...] = array

    def content(self) -> bytearray:
        """The bytes of the file; see `_File`."""
        return self._content


def _arrays(content: bytearray) -> dict[str, np.ndarray]:
    """The arrays in the bytes of a .safetensors file, which `safe_open` has checked.

    Raises:
        ValueError: if one is of numbers that NumPy has not.

    Source: the format, https://github.com/huggingface/safetensors#format.
    """
    import numpy as np

    end = 8 + int.from_bytes(content[:8], "little")  # of the header
    header = json.loads(content[8:end])
    arrays = {}
    for key in sorted(header.keys() - {"__metadata__"}):
        dtype = SAFETENSORS_DTYPES.get(header[key]["dtype"])
        if dtype is None:
            raise ValueError(f"{printable(key, 60)} in {header[key]['dtype']}")
        start, _ = header[key]["data_offsets"]
        arrays[key] = np.ndarray(header[key]["shape"], dtype, content, end + start)
    return arrays


def _with_weight(
    arrays: Arrays, name: str, computed: Computed
) -> dict[str, np.ndarray]:
    """Arrays by key, with a weight in the place of what it is computed from."""
    result: dict[str, np.ndarray] = {}
    for key, array in arrays.items():
        if key == computed.keys[0]:
            result[name] = computed.weight(arrays)
        elif key not in computed.keys:
            result[key] = array
    return result


def _with_outputs(keys: Mapping[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Keys by layer, attention as one with the projection of its output.

    Args:
        keys: in the file, by layer and name.
    """
    joined: dict[str, dict[str, str]] = {}
    for layer, key_by_name in keys.items():
        path, _, last_name = layer.rpartition(".")
        around = keys.get(path, {})
        if last_name == "out_proj" and any("_proj_weight" in name for name in around):
            inside = {f"{last_name}.{name}": key for name, key in key_by_name.items()}
            joined.setdefault(path, {}).update(inside)
        else:
            joined.setdefault(layer, {}).update(key_by_name)
    return joined


def _options(arrays: dict[str, np.ndarray]) -> list[Layer]:
    """What a layer with these arrays may be, likelier first."""
    if "running_mean" in arrays:
        arrays.pop("num_batches_tracked", None)  # Keras has none
    for name in arrays:
        if name.startswith("weight_hh"):
            kind = _recurrent_kind(name, arrays)
            # A cell may be one that its user wrote, with the arrays of PyTorch's.
            return [Layer(kind, arrays, by_hand=kind.endswith("Cell"))]
    axes = {name: array.ndim for name, array in arrays.items()}
    names = saved.torch_names(axes) or [_unknown_kind(arrays)]
    return [Layer(name, arrays) for name in names]


def _unknown_kind(arrays: Mapping[str, np.ndarray]) -> str:
    """What a layer of no known kind goes by."""
    return f"layer of {', '.join(arrays)}"


def _recurrent_kind(recurrent_weight: str, arrays: Mapping[str, np.ndarray]) -> str:
    """The kind that has so many gates; a cell's names do not say which layer it is.

    Args:
        recurrent_weight: name of the array, such as weight_hh_l0; weight_hh of a cell.
        arrays: of the layer, by name.
    """
    for name, array in arrays.items():
        axes = 1 if "bias" in name else 2
        if array.ndim != axes or not array.size:
            return _unknown_kind(arrays)
    suffix = recurrent_weight.removeprefix("weight_hh")
    rows, size = arrays[recurrent_weight].shape
    projection = arrays.get(f"weight_hr{suffix}")
    if projection is not None:  # it makes the state smaller
        size = projection.shape[-1]
    kind = saved.of_gates(rows / size)
    name = kind.name if kind else "recurrent layer"
    return name if suffix else f"{name}Cell"
