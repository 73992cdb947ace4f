"""Small weight files, made by hand, and how a transfer of them is refused."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from compare import BadInput
from compare.twins.files.transfer import transfer_files

KERNEL = np.arange(6, dtype="float32").reshape(2, 3)


def state_dict(path, **tensors):
    from safetensors.numpy import save_file

    save_file({n.replace("__", "."): t for n, t in tensors.items()}, path)
    return str(path)


def weights_only(path, **layers):
    with h5py.File(path, "w") as file:
        for name, arrays in layers.items():
            for number, array in enumerate(arrays):
                file[f"{name}/vars/{number}"] = array
    return str(path)


def dense(path, dtype="float32", name="fc"):
    return weights_only(path, **{name: [np.zeros((2, 3), dtype), np.zeros(3, dtype)]})


def linear(path, dtype="float32", value=1.0):
    weight, bias = KERNEL.T.astype(dtype), np.full(3, value, dtype)
    return state_dict(path, fc__weight=np.ascontiguousarray(weight), fc__bias=bias)


def refused(source, target, out=None):
    """What is said, with nothing that a terminal would obey."""
    before = {p: p.read_bytes() for p in map(Path, (source, target))}
    with pytest.raises(BadInput) as error:
        transfer_files(str(source), str(target), out)
    said = str(error.value)
    assert all(line.isprintable() for line in said.split("\n"))
    assert all(p.read_bytes() == content for p, content in before.items())
    return said
