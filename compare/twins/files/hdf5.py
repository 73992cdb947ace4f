"""What stands in an HDF5 file of Keras; no link in it is followed."""

from __future__ import annotations

import math
import re

import h5py

from compare.foreign import LONGEST_NAME, MOST_UNPACKED

# Groups of a saved model that hold no weights of layers.
NO_LAYERS = ("optimizer", "metrics", "compile_metrics", "seed_generator")

DEEPEST = 100  # groups inside one another; a model in a model takes three
LEAST_STORED = 4096  # bytes that count at least; numbers that are all one take none


def check(file: h5py.File, size: int) -> None:
    """Walk through a file before it is read; each thing in it has one place.

    Args:
        file: whose groups and data sets are looked at, not read.
        size: of the file, in bytes.

    Raises:
        ValueError: if the walk would go in circles, too deep or along names that no
            layer has; or if data sets claim more bytes than there are.
    """
    groups, addresses, stored = [(file, 0)], {_address(file)}, 0
    while groups:
        group, depth = groups.pop()
        if depth > DEEPEST:
            raise ValueError(f"groups inside one another, more than {DEEPEST}")
        for name in group:
            if len(name) > LONGEST_NAME:
                raise ValueError(f"a name of {len(name)} letters: {name[:20]}...")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue  # `child` refuses to follow it
            item = group[name]
            address = _address(item)
            if address in addresses:
                raise ValueError(f"{name}: a thing that stands in two places")
            addresses.add(address)
            if isinstance(item, h5py.Group):
                groups.append((item, depth + 1))
            elif isinstance(item, h5py.Dataset) and not _is_elsewhere(item):
                stored += item.id.get_storage_size()
    if stored > size:
        raise ValueError(f"data sets of {stored} bytes in {size}")


def _address(item: h5py.Group | h5py.Dataset | h5py.Datatype) -> int:
    """The place of a group or a data set in its file."""
    address: int = h5py.h5o.get_info(item.id).addr
    return address


def child(group: h5py.Group, path: str) -> h5py.Group | h5py.Dataset:
    """What a group holds under a path.

    Raises:
        ValueError: if there is nothing in the file itself, or no plain numbers.
    """
    for step in path.split("/"):
        if not step:  # else a thing would have any number of paths
            raise ValueError(f"{path}: a path with a step that has no name")
        link = group.get(step, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{step}: no such thing in the file itself")
        group = group[step]
    if isinstance(group, h5py.Dataset):
        _check_numbers(group)
    return group


def _is_elsewhere(data: h5py.Dataset) -> bool:
    """Whether the numbers of a data set are in another file."""
    return bool(data.external) or bool(data.is_virtual)


def _check_numbers(data: h5py.Dataset) -> None:
    """Raise ValueError for a data set that holds no plain numbers of its own."""
    if _is_elsewhere(data):
        raise ValueError(f"{data.name}: its numbers are in another file")
    # bfloat16 is kept as whole numbers of two bytes, with its name beside them.
    if data.dtype.kind not in "fiub" or data.attrs.get("dtype") == "bfloat16":
        raise ValueError(f"{data.name}: no numbers that NumPy has as well")
    if data.shape is None:
        raise ValueError(f"{data.name}: it has no shape and no numbers")
    size = math.prod(data.shape) * data.dtype.itemsize
    chunk = math.prod(data.chunks or ()) * data.dtype.itemsize
    stored = data.id.get_storage_size()
    if max(size, chunk) > MOST_UNPACKED * max(stored, LEAST_STORED):
        raise ValueError(f"{data.name}: it claims {max(size, chunk)} bytes in {stored}")


def children(group: h5py.Group) -> dict[str, h5py.Group]:
    """The groups inside a group that may be layers, by name."""
    groups = {}
    for name in group:
        if name in NO_LAYERS:
            continue
        item = child(group, name)
        if isinstance(item, h5py.Group):
            groups[name] = item
    return groups


def variables(group: h5py.Group) -> dict[str, h5py.Dataset]:
    """The data sets of a layer, by their number, in order."""
    if "vars" not in group:
        return {}
    held = child(group, "vars")
    return {number: child(held, number) for number in sorted(held, key=int)}


def own_name(group: h5py.Group, key: str) -> str:
    """What the user called a layer; its key in the file where that is not kept.

    Raises:
        ValueError: if what the file keeps as a name is no text.
    """
    if "vars" not in group:
        return key
    name = child(group, "vars").attrs.get("name", key)
    if not isinstance(name, str):
        raise ValueError(f"{group.name}: its name is no text")
    return name


def names(group: h5py.Group, attribute: str) -> list[str]:
    """The names that an attribute lists; Keras cuts a long list into pieces.

    Raises:
        ValueError: if one is listed twice: it would be read again and again.
    """
    pieces = []
    if attribute in group.attrs:
        pieces.append(attribute)
    while f"{attribute}{len(pieces)}" in group.attrs:
        pieces.append(f"{attribute}{len(pieces)}")
    texts = []
    for piece in pieces:
        for name in group.attrs[piece]:
            if isinstance(name, bytes):
                name = name.decode()
            texts.append(str(name))
    if len(set(texts)) < len(texts):
        raise ValueError(f"{group.name}: {attribute} lists a name twice")
    return texts


def natural(name: str) -> list[int | str]:
    """A key that sorts lstm_10 after lstm_2."""
    key: list[int | str] = []
    for number, piece in enumerate(re.split(r"(\d+)", name)):
        if number % 2 == 1:  # digits
            key.append(int(piece))
        else:
            key.append(piece)
    return key
