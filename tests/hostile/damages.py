"""Random damage to weight files: to their bytes, and to the fields in them."""

from __future__ import annotations

import copy
import json
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import h5py
import numpy as np

Damage = Callable[[np.random.Generator, bytes, Sequence[bytes]], bytes]

# Numbers at which readers go wrong, as lengths, offsets and counts.
EXTREMES = (0, 1, 2, 255, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1)
TEXTS = ("", "\x1b[2J", "a\nb", "x" * 5000, "../x", "\u202e", "9" * 400, "nan", "é")
VALUES = (None, True, -1, 0, 1e308, 10**30, [], {}, [[]], *TEXTS)


# --------------------------------------------------------------------------- of bytes


def flipped(rng: np.random.Generator, content: bytes, seeds: Sequence[bytes]) -> bytes:
    """Some bytes are others."""
    damaged = bytearray(content)
    for _ in range(rng.integers(1, 17)):
        damaged[_place(rng, damaged)] = rng.integers(256)
    return bytes(damaged)


def flipped_bit(
    rng: np.random.Generator, content: bytes, seeds: Sequence[bytes]
) -> bytes:
    """One bit is the other."""
    damaged = bytearray(content)
    damaged[_place(rng, damaged)] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def truncated(
    rng: np.random.Generator, content: bytes, seeds: Sequence[bytes]
) -> bytes:
    """The end is cut off."""
    return content[: _place(rng, content)]


def inserted(rng: np.random.Generator, content: bytes, seeds: Sequence[bytes]) -> bytes:
    """There is a run of bytes too many."""
    place = _place(rng, content)
    run = rng.bytes(int(rng.integers(1, 64)))
    if rng.random() < 0.5:
        run = run[:1] * int(rng.integers(1, 5000))
    return content[:place] + run + content[place:]


def removed(rng: np.random.Generator, content: bytes, seeds: Sequence[bytes]) -> bytes:
    """A run of bytes is not there."""
    place = _place(rng, content)
    return content[:place] + content[place + int(rng.integers(1, 64)) :]


def exchanged(
    rng: np.random.Generator, content: bytes, seeds: Sequence[bytes]
) -> bytes:
    """Two blocks stand in each other's place."""
    size = int(2 ** rng.integers(2, 9))
    places = sorted(_place(rng, content) for _ in range(2))
    first, second = places[0], max(places[1], places[0] + size)
    return (
        content[:first]
        + content[second : second + size]
        + content[first + size : second]
        + content[first : first + size]
        + content[second + size :]
    )


def filled(rng: np.random.Generator, content: bytes, seeds: Sequence[bytes]) -> bytes:
    """A range is of zeros or of ones."""
    place = _place(rng, content)
    size = min(int(2 ** rng.integers(2, 12)), len(content) - place)
    byte = b"\x00" if rng.random() < 0.5 else b"\xff"
    return content[:place] + byte * size + content[place + size :]


def lengthened(
    rng: np.random.Generator, content: bytes, seeds: Sequence[bytes]
) -> bytes:
    """A length, an offset or a count is another number."""
    width = int(rng.choice([1, 2, 4, 8]))
    place = _place(rng, content) // width * width
    number = int(EXTREMES[rng.integers(len(EXTREMES))])
    if rng.random() < 0.3:
        number = len(content) + int(rng.integers(-2, 3))
    field = (number % 256**width).to_bytes(width, "little")
    return content[:place] + field + content[place + width :]


def spliced(rng: np.random.Generator, content: bytes, seeds: Sequence[bytes]) -> bytes:
    """The end is that of another file, or of another place."""
    tail = seeds[rng.integers(len(seeds))]
    return content[: _place(rng, content)] + tail[_place(rng, tail) :]


def _place(rng: np.random.Generator, content: bytes | bytearray) -> int:
    """A place in a file; often near an end, where formats keep their tables."""
    size = max(len(content), 1)
    draw = rng.random()
    if draw < 0.25:
        return int(rng.integers(min(512, size)))
    if draw < 0.5:
        return size - 1 - int(rng.integers(min(512, size)))
    return int(rng.integers(size))


OF_BYTES: tuple[Damage, ...] = (
    flipped,
    flipped_bit,
    truncated,
    inserted,
    removed,
    exchanged,
    filled,
    lengthened,
    spliced,
)

# -------------------------------------------------------------------------- of fields


def in_entry(rng: np.random.Generator, content: bytes, seeds: Sequence[bytes]) -> bytes:
    """An entry of a zip is damaged, and packed again with a right checksum."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        entries = {entry: archive.read(entry) for entry in archive.infolist()}
    names = [entry.filename for entry in entries]
    chosen = names[rng.integers(len(names))]
    for name in names:  # what matters most
        if name.endswith(("data.pkl", "config.json", ".h5")) and rng.random() < 0.6:
            chosen = name
    memory = BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for entry, data in entries.items():
            if entry.filename == chosen:
                data = _damaged_entry(rng, chosen, data, seeds)
            archive.writestr(entry, data)
    return memory.getvalue()


def _damaged_entry(
    rng: np.random.Generator, name: str, data: bytes, seeds: Sequence[bytes]
) -> bytes:
    if name.endswith(".json") and rng.random() < 0.8:
        return json.dumps(_other_json(rng, json.loads(data))).encode()
    if name.endswith(".h5") and rng.random() < 0.5:
        return in_hdf5(rng, data, seeds)
    return OF_BYTES[rng.integers(len(OF_BYTES))](rng, data, seeds)


def in_header(
    rng: np.random.Generator, content: bytes, seeds: Sequence[bytes]
) -> bytes:
    """The header of a .safetensors file says something else."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.dumps(_other_json(rng, json.loads(content[8:end]))).encode()
    return len(header).to_bytes(8, "little") + header + content[end:]


def _other_json(rng: np.random.Generator, value: Any) -> Any:
    """The same with one value, or one key, replaced, taken away or nested."""
    changed = copy.deepcopy(value)
    parent, key = {"": changed}, ""
    while isinstance(parent[key], dict | list) and parent[key] and rng.random() < 0.9:
        parent = parent[key]
        keys = list(parent) if isinstance(parent, dict) else range(len(parent))
        key = keys[rng.integers(len(keys))]
    draw = rng.random()
    if draw < 0.5:
        parent[key] = VALUES[rng.integers(len(VALUES))]
    elif draw < 0.6:
        del parent[key]
    elif draw < 0.7:
        parent[key] = int(EXTREMES[rng.integers(len(EXTREMES))])
    elif draw < 0.8 and isinstance(parent, dict):
        parent[TEXTS[rng.integers(len(TEXTS))]] = parent.pop(key)
    elif draw < 0.9:
        for _ in range(int(rng.choice([1, 50, 900]))):
            parent[key] = [parent[key]]
    else:
        parent[key] = [copy.deepcopy(parent[key]) for _ in range(200)]
    return changed


def in_hdf5(rng: np.random.Generator, content: bytes, seeds: Sequence[bytes]) -> bytes:
    """A group, a data set or an attribute of HDF5 is another."""
    memory = BytesIO(content)
    with h5py.File(memory, "r+") as file:
        paths: list[str] = []
        file.visit(paths.append)
        path = paths[rng.integers(len(paths))]
        HDF5_EDITS[rng.integers(len(HDF5_EDITS))](rng, file, path)
    return memory.getvalue()


def _other_data(rng: np.random.Generator, file: h5py.File, path: str) -> None:
    values = (
        h5py.Empty("f4"),
        np.zeros((0, 3), "f4"),
        np.float32(1),
        np.zeros((2, 2), "complex64"),
        np.array([b"text"]),
        np.full((3, 3), np.nan, ">f8"),
        np.arange(5),
        np.zeros((1,) * 20, "f2"),
    )
    del file[path]
    file[path] = values[rng.integers(len(values))]


def _claimed_shape(rng: np.random.Generator, file: h5py.File, path: str) -> None:
    shape = tuple(int(10 ** rng.integers(0, 9)) for _ in range(rng.integers(1, 4)))
    chunks = bool(rng.random() < 0.5) or None
    del file[path]
    file.create_dataset(path, shape, "f4", chunks=chunks)


def _linked(rng: np.random.Generator, file: h5py.File, path: str) -> None:
    parent = file[path].parent
    links = (
        file["/"],
        parent,
        h5py.SoftLink(f"/{path}"),
        h5py.SoftLink("/nothing"),
        h5py.ExternalLink("/dev/zero", "/x"),
    )
    if rng.random() < 0.5:
        del file[path]
        file[path] = links[rng.integers(len(links))]
    else:
        parent[f"twice {rng.integers(9)}"] = file[path]


def _other_attribute(rng: np.random.Generator, file: h5py.File, path: str) -> None:
    values = ([b"fc"] * 50, "x" * 1000, 3, h5py.Empty("f4"), np.zeros(9), "a\x1b[2J")
    item = file if rng.random() < 0.3 else file[path]
    names = [*item.attrs, "name", "layer_names", "weight_names", "model_config"]
    item.attrs[names[rng.integers(len(names))]] = values[rng.integers(len(values))]


def _renamed(rng: np.random.Generator, file: h5py.File, path: str) -> None:
    names = ("layers", "vars", "cell", "0", "x" * 400, "\x1b[2J", "a b", "²", "-1")
    file.move(path, f"{file[path].parent.name}/{names[rng.integers(len(names))]}")


HDF5_EDITS = (_other_data, _claimed_shape, _linked, _other_attribute, _renamed)
