"""Weight files that are right, made once for each run, and how they are damaged.

Run as a script it makes them in the folder that it is given.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from case import Content

Damage = Callable[[bytes], bytes]

PYTORCH = (".pt", ".pth", ".safetensors")
KERAS = (".keras", ".weights.h5", ".h5", ".hdf5")


def saved(name: str) -> Content:
    """A file as the frameworks save it, such as `fc.pt`."""
    return damaged(name, _whole)


def damaged(name: str, damage: Damage) -> Content:
    """Such a file, after something has happened to its bytes."""

    def make(path: Path) -> None:
        path.write_bytes(damage(original(name)))

    return make


def original(name: str) -> bytes:
    """The bytes of such a file."""
    return (_folder() / name).read_bytes()


def half(content: bytes) -> bytes:
    """What a download that broke off leaves."""
    return content[: len(content) // 2]


def _whole(content: bytes) -> bytes:
    return content


@cache
def _folder() -> Path:
    """Where the files are; made at the first call."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-saved-"))
    atexit.register(shutil.rmtree, folder)
    subprocess.run(
        [sys.executable, __file__, str(folder)],
        check=True,
        cwd=folder,  # a Lambda is called when its model is built
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    return folder


def _make(folder: Path) -> None:
    """Save a dense layer of 3 to 2, and models that run code, under every ending."""
    import keras
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    keras.utils.set_random_seed(1)
    linear = torch.nn.Sequential()
    linear.add_module("fc", torch.nn.Linear(3, 2))
    for ending in (".pt", ".pth"):
        torch.save(linear.state_dict(), folder / f"fc{ending}")
    save_file(linear.state_dict(), folder / "fc.safetensors")
    dense = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="fc")])
    dense.save(folder / "fc.keras")
    dense.save(folder / "fc.h5")
    shutil.copy(folder / "fc.h5", folder / "fc.hdf5")
    dense.save_weights(folder / "fc.weights.h5")
    torch.save(linear, folder / "module.pt")
    torch.save(
        linear.state_dict(), folder / "old.pt", _use_new_zipfile_serialization=False
    )
    torch.jit.script(linear).save(str(folder / "script.pt"))
    layers = [keras.Input((3,)), keras.layers.Dense(2, name="fc")]
    odd = keras.Sequential([*layers, keras.layers.Lambda(_leave_a_mark)])
    odd.save(folder / "lambda.keras")
    odd.save(folder / "lambda.h5")


def _leave_a_mark(x: object) -> object:
    open("canary-of-a-lambda", "w").close()
    return x


if __name__ == "__main__":
    _make(Path(sys.argv[1]))
