"""What stands in an HDF5 file of Keras; no link in it is followed."""

from __future__ import annotations

import re

import h5py

# Groups of a saved model that hold no weights of layers.
NO_LAYERS = ("optimizer", "metrics", "compile_metrics", "seed_generator")


def child(group: h5py.Group, path: str) -> h5py.Group | h5py.Dataset:
    """What a group holds under a path.

    Raises:
        ValueError: if there is nothing in the file itself, or no plain numbers.
    """
    for step in path.split("/"):
        if not step:
            continue
        link = group.get(step, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{step}: no such thing in the file itself")
        group = group[step]
    if isinstance(group, h5py.Dataset):
        if group.external or group.is_virtual:
            raise ValueError(f"{group.name}: its numbers are in another file")
        # bfloat16 is kept as whole numbers of two bytes, with its name beside them.
        if group.dtype.kind not in "fiub" or group.attrs.get("dtype") == "bfloat16":
            raise ValueError(f"{group.name}: no numbers that NumPy has as well")
    return group


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
    """What the user called a layer; its key in the file where that is not kept."""
    if "vars" not in group:
        return key
    return child(group, "vars").attrs.get("name", key)


def names(group: h5py.Group, attribute: str) -> list[str]:
    """The names that an attribute lists; Keras cuts a long list into pieces."""
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
