"""Saved models and weight files of Keras, read and changed without running Keras.

`.keras` is a zip of `config.json` and `model.weights.h5`; `.weights.h5` is the latter
alone; and `.h5`, as Keras 2 wrote it and Keras 3 still can, is another layout of HDF5,
with the model's configuration or without. Nothing in a file is run, and no link in it
is followed.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import h5py

from compare import files
from compare.errors import BadInput
from compare.kinds import names as kinds_names
from compare.kinds import saved
from compare.kinds.layer import Layer
from compare.twins.files import keras_config

if TYPE_CHECKING:
    import numpy as np

    # Data sets of a layer by the prefix of a part, such as "backward.", and by name;
    # where a file only numbers them, by number.
    Parts = Mapping[str, Mapping[str, h5py.Dataset]]

WEIGHTS = "model.weights.h5"
CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
NO_LAYERS = ("optimizer", "metrics", "compile_metrics", "seed_generator")


class KerasFile:
    """A file of Keras, opened.

    Args:
        path: ends in `.keras`, `.weights.h5` or `.h5`.

    Attributes:
        layers: by name; each as what it may be, where neither a configuration nor the
            names and shapes of its arrays tell.
        places: the data set in the file by the full name of an array.
        chains: what the names of layers begin with in each model whose configuration
            shows that they form a chain; "" for the whole.

    Raises:
        BadInput: if the file is not what its ending says, or describes a layer that is
            not Keras's own.
    """

    framework = "keras"

    def __init__(self, path: Path):
        self.layers, self.places = {}, {}
        try:
            self._open(path)
            for name, options in self._read(path):
                name = name if name not in self.layers else f"{name} {len(self.layers)}"
                self.layers[name] = options
                for option in options:
                    for key, data in option.arrays.items():
                        files.check_name(path, f"{name}.{key}")
                        self.places[f"{name}.{key}"] = data.name
            self.chains = self._chains()
        except BadInput:
            raise
        except Exception as error:  # of many kinds, where a file is not what it says
            raise BadInput(
                f"{path}: expected a whole file that Keras saved, got one that cannot "
                f"be read: {_reason(error)}; save it again"
            ) from None

    def written(self, arrays: Mapping[str, np.ndarray]) -> bytes:
        """The file with other numbers in it, each in the precision that it had.

        Args:
            arrays: by their data sets in the file.
        """
        for place, array in arrays.items():
            self._h5[place][...] = array
        self._h5.close()
        if self._zip is None:
            return self._content.getvalue()
        made = BytesIO()
        with zipfile.ZipFile(made, "w") as target:
            for entry, content in self._entries:
                if entry.filename == WEIGHTS:
                    content = self._content.getvalue()
                target.writestr(entry, content)
        return made.getvalue()

    def _open(self, path):
        content, self._zip = path.read_bytes(), None
        if path.suffix.lower() == ".keras":
            self._zip = zipfile.ZipFile(BytesIO(content))
            files.check_zip(path, self._zip)
            self._entries = [(e, self._zip.read(e)) for e in self._zip.infolist()]
            content = self._zip.read(WEIGHTS)
        if not content.startswith(b"\x89HDF"):  # h5py would begin a new file
            raise ValueError("no HDF5 in it")
        self._content = BytesIO(content)
        self._h5 = h5py.File(self._content, "r+")

    def _read(self, path):
        group, config = self._h5, None
        if "model_weights" in group:
            group = _child(group, "model_weights")
        legacy = bool(_names(group, "layer_names"))
        if self._zip is not None:
            config = _model(self._zip.read("config.json"))
        elif legacy and "model_config" in self._h5.attrs:
            config = _model(self._h5.attrs["model_config"])
        keras_config.check(path, config)
        self._config = config
        if legacy:
            return _legacy_layers(group, config)
        return _layers(group, config)

    def _chains(self):
        """None where the configuration leaves layers out."""
        if self._config is None:
            return []
        told = {n.replace("/", ".") for _, n, _ in keras_config.described(self._config)}
        chains = keras_config.chains(self._config) if told >= set(self.layers) else []
        return [each.replace("/", ".") for each in chains]


def _model(text):
    """A model's configuration."""
    config = json.loads(text)
    if not isinstance(config, dict) or not {"class_name", "config"} <= set(config):
        raise ValueError("its configuration describes no model")
    return config


def _reason(error):
    """Why a file cannot be read; what Python says of a missing key says nothing."""
    said = files.reason(error)
    if isinstance(error, TypeError | AttributeError | IndexError) or " " not in said:
        return f"it is not laid out as Keras does it ({type(error).__name__} {said})"
    return said


# -------------------------------------------------------------------- layout of Keras 3


def _layers(group, config) -> Iterator[tuple[str, list[Layer]]]:
    """Each layer's name and what it may be."""
    leaves = {path: leaf for path, *leaf in _leaves(group, "")}
    if config is not None:
        within = {_without_containers(path): path for path in leaves}
        described = [*keras_config.described(config)]
        paths = {within.get(path) for path, _, _ in described}
        for path, name, layer in described:
            found = within.get(path)  # as Keras 3 calls it
            if found is None and within.get(name) not in paths:
                found = within.get(name)  # as Keras 2 does
            if found in leaves:
                _, _, parts = leaves.pop(found)
                yield name.replace("/", "."), [_known(layer, parts)]
    for path in sorted(leaves, key=natural):
        name, hints, parts = leaves[path]
        yield name or "model", _guessed(hints, parts)


def _leaves(group, path, name="", hints=()):
    """Path, name and parts of each layer that holds arrays, and hints at its kind."""
    inner = _children(group)
    composite = _composite(inner)
    parts = composite or {"": _variables(group)}
    if any(parts.values()):
        yield path, name, hints, parts
    for step, child in {} if composite else inner.items():
        if step == "vars":
            continue
        if step in CONTAINERS:
            for each, layer in _children(child).items():
                own = _own_name(layer, each)
                full = ".".join(filter(None, (name, own)))
                yield from _leaves(layer, f"{path}/{step}/{each}", full, (each, own))
        else:
            full = ".".join(filter(None, (name, step)))
            own = _own_name(child, step)
            yield from _leaves(child, f"{path}/{step}", full, (step, own))


def _composite(inner):
    """The parts of a recurrent layer or a wrapper, or nothing."""
    if {"forward_layer", "backward_layer"} <= set(inner):
        return {
            f"{way}.{prefix}": arrays
            for way in ("forward", "backward")
            for prefix, arrays in _part(inner[f"{way}_layer"]).items()
        }
    if "cell" in inner:
        cells = _children(inner["cell"]).get("cells")
        if cells is not None:
            found = _children(cells)
            ordered = sorted(found, key=natural)
            return {f"{i}.": _variables(found[name]) for i, name in enumerate(ordered)}
        arrays = _variables(inner["cell"])
        return {"": arrays} if _gates([*arrays.values()]) else {}
    if set(inner) <= {"layer", "vars"} and "layer" in inner:
        found = _part(inner["layer"])
        return found if any(found.values()) else {}
    return {}


def _part(group):
    return _composite(_children(group)) or {"": _variables(group)}


def _variables(group):
    held = _child(group, "vars") if "vars" in group else {}
    return {number: _child(held, number) for number in sorted(held, key=int)}


def _own_name(group, step):
    return _child(group, "vars").attrs.get("name", step) if "vars" in group else step


def _without_containers(path):
    return "/".join(step for step in path.split("/") if step not in ("", *CONTAINERS))


# -------------------------------------------------------------------- layout of Keras 2


def _legacy_layers(group, config) -> Iterator[tuple[str, list[Layer]]]:
    """As `_layers`."""
    described = {}
    for _, name, layer in keras_config.described(config) if config else ():
        described[name.split("/")[-1]] = name, layer
    found = {}
    for layer in _names(group, "layer_names"):
        for weight in _names(_child(group, layer), "weight_names"):
            data = _child(group, f"{layer}/{weight}")
            *steps, key = weight.split(":")[0].split("/")
            steps = steps if steps[:1] == [layer] else [layer, *steps]
            end = _end_of_layer(steps, described)
            parts = found.setdefault("/".join(steps[:end]), {})
            parts.setdefault("/".join(steps[end:]), {})[key] = data
    for path, within in found.items():
        parts = _prefixed(within)
        name, layer = described.get(path.split("/")[-1], (path, None))
        options = [_known(layer, parts)] if layer else _guessed((), parts)
        yield name.replace("/", "."), options


def _end_of_layer(steps, described):
    """How many steps of a path name a layer; the rest is inside it."""
    for end, step in enumerate(steps, 1):
        if step in described:
            return end
    for end, step in enumerate(steps):
        if end and re.match(r"(forward|backward)_|.*cells?(_\d+)?$", step):
            return end
    return len(steps)


def _prefixed(within):
    """Parts by prefix instead of by their path inside the layer."""
    if len(within) == 1:
        return dict(zip([""], within.values(), strict=True))
    ways = [re.search(r"\b(forward|backward)_", path) for path in within]
    prefixes = [f"{w[1] if w else i}." for i, w in enumerate(ways)]
    if len(ways) == 2 and any(ways):  # a backward layer of one's own has its own name
        prefixes = ["forward.", "backward."]
    return dict(zip(prefixes, within.values(), strict=True))


# ---------------------------------------------------------------------------- the kinds


def _known(layer, parts: Parts) -> Layer:
    """A layer that a configuration describes."""
    kind = keras_config.kind(layer)
    if kind == "GRU":  # whose configuration may be older than its `reset_after`
        kind = _recurrent(parts) or kind
    names = saved.CELL_NAMES
    if not _recurrent(parts):
        names = saved.keras_array_names(*keras_config.inside(layer))
    return _named(kind, parts, names)


def _guessed(hints, parts: Parts) -> list[Layer]:
    """What a layer with these arrays may be, where only a name gives a hint."""
    kind = _recurrent(parts)
    if kind:
        return [_named(kind, parts, saved.CELL_NAMES)]
    shapes = tuple(a.ndim for arrays in parts.values() for a in arrays.values())
    keys = tuple(key for arrays in parts.values() for key in arrays)
    options = {
        kind: names
        for kind, names in saved.keras_layouts(shapes).items()
        if keys == names or keys[0].isdigit()
    }
    for hint in hints:
        hinted = {
            k for k in options if re.fullmatch(rf"{kinds_names.snake(k)}(_\d+)?", hint)
        }
        options = {k: options[k] for k in hinted or options}
    options = options or {f"layer of {len(keys)} arrays": keys}
    return [_named(kind, parts, names) for kind, names in options.items()]


def _named(kind, parts, names):
    """A layer with its arrays by name, where the file only numbers them."""
    return Layer(
        kind,
        {
            prefix + (names[n] if key.isdigit() and n < len(names) else key): data
            for prefix, arrays in parts.items()
            for n, (key, data) in enumerate(arrays.items())
        },
    )


def _recurrent(parts):
    """The kind of a recurrent layer with these arrays, or None."""
    kinds = {_gates([*arrays.values()]) for arrays in parts.values()}
    return kinds.pop() if len(kinds) == 1 else None


def _gates(arrays):
    """The kind with a kernel (features, gates * units) and a recurrent one."""
    if [a.ndim for a in arrays[:2]] != [2, 2]:
        return None
    units, width = arrays[1].shape
    kind = saved.of_gates(width / units if units else 0)
    if kind is None or arrays[0].shape[1] != width:
        return None
    name = kind.keras[0]
    if name == "GRU" and [a.ndim for a in arrays[2:]] == [1]:
        return "GRU(reset_after=False)"
    return name


# --------------------------------------------------------------------------------- HDF5


def _child(group, path):
    """What a group holds under a path; links to elsewhere are not followed."""
    for step in filter(None, path.split("/")):
        link = group.get(step, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{step}: no such thing in the file itself")
        group = group[step]
    if isinstance(group, h5py.Dataset):
        if group.external or group.is_virtual:
            raise ValueError(f"{group.name}: its numbers are in another file")
        if group.dtype.kind not in "fiub" or group.attrs.get("dtype") == "bfloat16":
            raise ValueError(f"{group.name}: no numbers that NumPy has as well")
    return group


def _children(group):
    """The groups inside a group that may be layers, by name."""
    found = {name: _child(group, name) for name in group if name not in NO_LAYERS}
    return {name: each for name, each in found.items() if isinstance(each, h5py.Group)}


def _names(group, attribute):
    """A list of names; Keras cuts a long one into pieces."""
    pieces = [attribute] if attribute in group.attrs else []
    while f"{attribute}{len(pieces)}" in group.attrs:
        pieces.append(f"{attribute}{len(pieces)}")
    found = [each for piece in pieces for each in group.attrs[piece]]
    return [each.decode() if isinstance(each, bytes) else str(each) for each in found]


def natural(name: str) -> list:
    """A key that sorts lstm_10 behind lstm_2."""
    parts = re.split(r"(\d+)", name)
    return [int(each) if n % 2 else each for n, each in enumerate(parts)]
