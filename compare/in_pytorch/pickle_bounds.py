"""What a pickle of `torch.save` claims, found out before PyTorch makes any of it.

The pickle is read with stand-ins: nothing that it names is imported or called, and no
memory is taken for a tensor.
"""

from __future__ import annotations

import pickle
import pickletools
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

ZIP = b"PK\x03\x04"  # what a file begins with that PyTorch reads as a zip
LEGACY_PICKLES = 5  # magic number, version, machine, what was saved, and its storages

# All that PyTorch reads of a file that may not run code. Left out are opcodes that take
# memory before they read.
OPCODES = {
    # constants
    "NONE",
    "NEWFALSE",
    "NEWTRUE",
    "BININT",
    "BININT1",
    "BININT2",
    "BINFLOAT",
    "LONG1",
    "SHORT_BINSTRING",
    "BINUNICODE",
    # containers
    "EMPTY_DICT",
    "EMPTY_LIST",
    "EMPTY_SET",
    "EMPTY_TUPLE",
    "TUPLE",
    "TUPLE1",
    "TUPLE2",
    "TUPLE3",
    "APPEND",
    "APPENDS",
    "SETITEM",
    "SETITEMS",
    # objects
    "GLOBAL",
    "NEWOBJ",
    "REDUCE",
    "BUILD",
    "BINPERSID",
    # order
    "PROTO",
    "MARK",
    "BINGET",
    "LONG_BINGET",
    "BINPUT",
    "LONG_BINPUT",
    "STOP",
}
MEMO = ("BINPUT", "LONG_BINPUT")  # they keep an object under a number

# Bytes of a number by the name of its storage; quantized ones are refused later.
ITEM_SIZES = {
    "HalfStorage": 2,
    "BFloat16Storage": 2,
    "ShortStorage": 2,
    "FloatStorage": 4,
    "IntStorage": 4,
    "QInt32Storage": 4,
    "DoubleStorage": 8,
    "LongStorage": 8,
    "ComplexFloatStorage": 8,
    "ComplexDoubleStorage": 16,
}  # all others have one


def check(path: Path) -> None:
    """See that a file's tensors lie in its storages, and these in the file.

    Raises:
        ValueError: if they do not, or the pickle holds what no state dict does.
        Exception: of many kinds, if the file is damaged.
    """
    with open(path, "rb") as file:
        is_zip = file.read(len(ZIP)) == ZIP
        if is_zip:
            with zipfile.ZipFile(file) as content:
                _check_zip(content)
        else:
            file.seek(0)
            _check_legacy(file, path.stat().st_size)


def _check_zip(content: zipfile.ZipFile) -> None:
    """Check a file of PyTorch 1.6 or later, in which each storage is an entry."""
    damaged = content.testzip()  # by checksums, which PyTorch does not look at
    if damaged is not None:
        raise ValueError(f"entry {damaged} is not what was written")
    entries = content.infolist()
    folder = entries[0].filename.split("/")[0]
    sizes = {entry.filename: entry.file_size for entry in entries}
    if f"{folder}/constants.pkl" in sizes:
        return  # a TorchScript archive, which PyTorch refuses
    pickled = content.read(f"{folder}/data.pkl")
    _check_opcodes(BytesIO(pickled), len(pickled))
    reader = _Reader(BytesIO(pickled))
    reader.load()
    for key, size in reader.storages.items():
        size_of_entry = sizes.get(f"{folder}/data/{key}", 0)
        if size > size_of_entry:
            raise ValueError(f"storage {key} of {size} bytes in {size_of_entry}")


def _check_legacy(file: IO[bytes], size: int) -> None:
    """Check an older file: pickles one after another, then the storages."""
    claimed = 0
    for _ in range(LEGACY_PICKLES):
        start = file.tell()
        _check_opcodes(file, size)
        end = file.tell()
        file.seek(start)
        reader = _Reader(BytesIO(file.read(end - start)))
        reader.load()
        claimed += sum(reader.storages.values())
    if claimed > size:
        raise ValueError(f"storages of {claimed} bytes in {size}")


def _check_opcodes(file: IO[bytes], size: int) -> None:
    """Raise ValueError for a pickle that would take more memory than its bytes."""
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name not in OPCODES:
            raise pickle.UnpicklingError(f"opcode {opcode.name}")
        if opcode.name in MEMO and argument is not None and argument > size:
            raise ValueError(f"object number {argument} of {size} bytes")


# --------------------------------------------------------------------------- stand-ins


class _Anything:
    """What stands for an object or a class that does not matter here."""

    def __init__(self, *args: object):
        pass

    def __setstate__(self, state: object) -> None:
        """Take any state."""

    def __setitem__(self, key: object, value: object) -> None:
        """Take any item, as a dictionary."""

    def append(self, item: object) -> None:
        """Take any item, as a list."""

    def extend(self, items: object) -> None:
        """Take any items, as a list."""


@dataclass(frozen=True)
class _StorageType:
    """A class of storages, by its name."""

    name: str

    @property
    def item_size(self) -> int:
        """Bytes of a number."""
        return ITEM_SIZES.get(self.name, 1)


@dataclass(frozen=True)
class _Storage:
    """A storage that a pickle refers to: how many numbers it holds."""

    length: int


class _Reader(pickle.Unpickler):
    """Reads a pickle with stand-ins.

    Attributes:
        storages: bytes by key.
    """

    def __init__(self, file: IO[bytes]):
        super().__init__(file, encoding="utf-8")
        self.storages: dict[str, int] = {}

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a class or a function; none is imported."""
        if name == "bytearray":  # it would be made of any size
            raise pickle.UnpicklingError("a bytearray")
        if module.startswith("torch") and name.endswith("Storage"):
            return _StorageType(name)
        if name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return _tensor
        return _Anything

    def persistent_load(self, pid: Any) -> _Storage:
        """The storage that a reference stands for; it has type, key and length."""
        _, kind, key, _, length, *_ = pid
        if not isinstance(kind, _StorageType) or type(length) is not int or length < 0:
            raise ValueError("a storage without type or length")
        size = length * kind.item_size
        self.storages[str(key)] = max(size, self.storages.get(str(key), 0))
        return _Storage(length)


def _tensor(
    storage: Any, offset: int, shape: Sequence[int], steps: Sequence[int], *_: object
) -> _Anything:
    """Stand for a tensor.

    Args:
        storage: that it lies in.
        offset: of its first number.
        shape: of the tensor.
        steps: numbers in the storage from one to the next, along each axis.

    Raises:
        ValueError: if some of it lies outside.
    """
    last = offset
    for size, step in zip(shape, steps, strict=True):
        if size < 0 or step < 0:
            raise ValueError("a tensor of a negative size or step")
        last += (size - 1) * step
    if offset < 0 or (0 not in shape and last >= storage.length):
        raise ValueError(f"a tensor up to number {last} of {storage.length}")
    return _Anything()
