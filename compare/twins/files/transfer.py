"""Weights from a file of one framework into a file of the other; loads neither."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from compare import apart, files, foreign
from compare.errors import BadInput
from compare.judging.result import SIDES
from compare.kinds.layer import Layer
from compare.matching import precision
from compare.matching.moves import Move
from compare.matching.ordering import Order
from compare.matching.rewriting import paired, renamed, rewrite
from compare.one_line import message_of
from compare.twins.files.attention import projections_apart
from compare.twins.files.beside import with_sentences
from compare.twins.files.keras_files import KerasFile
from compare.twins.files.pytorch_files import StateDict
from compare.twins.files.settling import Names, settled

File = KerasFile | StateDict

ENDINGS: dict[str, type[File]] = {
    ".weights.h5": KerasFile,
    ".keras": KerasFile,
    ".h5": KerasFile,
    ".hdf5": KerasFile,
    ".pt": StateDict,
    ".pth": StateDict,
    ".safetensors": StateDict,
}

# What reading the files of PyTorch loads, but for .safetensors.
PYTORCH = tuple(
    f"compare.in_pytorch.{module}" for module in ("pickles", "layers", "memory")
)

SECONDS_PER_ARRAY = 0.004  # of matching; it takes a tenth of this

# Arrays of one side for one of the other, and beside that: PyTorch has two where Keras
# has one. With more, nothing fits, and all the others would be tried and listed.
MOST_FOR_ONE, MOST_BESIDE = 10, 100


def transfer_files(
    source: str,
    target: str,
    out: str | None = None,
    names: Names | None = None,
    force: bool = False,
) -> list[Move]:
    """Copy the numbers of one file into another, of the other framework.

    Nothing in either file is run. Every array on either side is used exactly once, and
    nothing is written before everything fits.

    Args:
        source: `.pt`, `.pth` or `.safetensors` with a state dict of PyTorch; or
            `.keras`, `.weights.h5`, `.h5` or `.hdf5` of Keras.
        target: the same of the other framework, whose numbers are replaced.
        out: written instead of the target; with the same ending.
        names: {PyTorch layer: Keras layer}, several in a list for a stack, where order,
            kind and sizes do not tell, or tell wrongly.
        force: whether `out` may overwrite a file that holds something else.

    Returns:
        What went where, by names of layers and their arrays.

    Raises:
        BadInput: if a file is not what its ending says, holds code of its own, or if
            something on one side has no counterpart on the other; if only an order that
            need not be that of execution tells layers apart; if the target cannot
            hold the numbers; or if what `out` holds would be lost.
    """
    _check_files(source, target, out)
    modules: tuple[str, ...] = ()
    for path in (source, target):
        if _type(path) is StateDict and _ending(path) != ".safetensors":
            modules = PYTORCH
        foreign.check_file(Path(path))
        if not os.path.getsize(path):
            raise BadInput(f"{path}: expected a file, got an empty one; save it again")
    option, path = "transfer", target
    if out is not None:
        option, path = "--out", out
    written = files.target(option, path)
    moves, content = apart.run(_transferred, source, target, names, modules=modules)
    if out is not None and not force:
        files.check_same_content(option, written, content, files.FORCE)
    files.write(option, written, content)
    return moves


def _transferred(
    source: str, target: str, names: Names | None
) -> tuple[list[Move], bytes]:
    """What went where, and the bytes of the target with the numbers of the source."""
    target_file, moves = _put(source, target, names)
    # The source's numbers are no longer in memory.
    return moves, apart.uncopied(target_file.content())


def _put(source: str, target: str, names: Names | None) -> tuple[File, list[Move]]:
    """The target, opened, with the numbers of the source in it; and what went where."""
    source_file, target_file = _opened(source), _opened(target)
    torch_file, keras_file = _by_side(source_file, target_file, source, target)
    counts = len(source_file.places), len(target_file.places)
    if max(counts) > MOST_FOR_ONE * min(counts) + MOST_BESIDE:
        raise BadInput(
            f"{source} and {target}: expected weights of one model, got {counts[0]} "
            f"arrays and {counts[1]}; name the files of twins"
        )
    seconds = SECONDS_PER_ARRAY * sum(counts)
    allowance = apart.for_files(Path(source), Path(target), seconds=seconds)
    apart.begin(f"{source} and {target}", allowance)
    torch, leaves = settled(torch_file.layers, keras_file.layers, names or {})
    leaves = projections_apart(torch, leaves)
    order = Order(keras_file.chains, torch_file.sorted_by_name, option=True)
    keras, keras_names = paired(torch, leaves, order, names)
    for name, array in _by_full_name(torch).items():
        precision.check_floats(name, array)
    for name, array in _by_full_name(keras).items():
        precision.check_floats(keras_names[name], array)
    layers = {"torch": torch, "keras": keras}
    target_layers = layers[target_file.side]
    source_layers = _read(layers[source_file.side])
    source_file.close()
    arrays, moves = rewrite(source_layers, target_layers, f"to_{target_file.side}")
    moves = with_sentences(moves, torch, keras, keras_file.version)
    targets, by_place = _by_full_name(target_layers), {}
    for layer, layer_arrays in arrays.items():
        for key, array in layer_arrays.items():
            name = f"{layer}.{key}"
            name_in_file = name
            if target_file.side == "keras":
                name_in_file = keras_names[name]
            precision.check_range(name_in_file, array, targets[name])
            by_place[target_file.places[name_in_file]] = array
    target_file.put(by_place)
    counted = _with_nan(moves, _by_full_name(source_layers))
    return target_file, [renamed(m, keras_names, target_file.side) for m in counted]


def _with_nan(moves: Iterable[Move], arrays: Mapping[str, np.ndarray]) -> list[Move]:
    """Moves with the count of what is NaN in the arrays of the source, by full name."""
    counted = []
    for move in moves:
        count = sum(int(np.isnan(arrays[name]).sum()) for name in move.source)
        counted.append(replace(move, nan=count))
    return counted


def _by_side(
    source_file: File, target_file: File, source: str, target: str
) -> tuple[StateDict, KerasFile]:
    """The file of PyTorch and that of Keras.

    Raises:
        BadInput: if there are two of one framework.
    """
    if isinstance(source_file, StateDict) and isinstance(target_file, KerasFile):
        return source_file, target_file
    if isinstance(source_file, KerasFile) and isinstance(target_file, StateDict):
        return target_file, source_file
    raise BadInput(
        "transfer expects a file of PyTorch and one of Keras, got two of "
        f"{SIDES[source_file.side]}: {source} and {target}"
    )


def _check_files(source: str, target: str, out: str | None) -> None:
    """Raise BadInput where what is written is read and has to stay, or is no copy."""
    if _same(source, target):
        raise BadInput(
            f"transfer {source} {target}: expected two files, got one by two names; "
            "name a file of each framework"
        )
    if out is None:
        return
    written = Path(os.path.realpath(out))  # what a link leads to is what is written
    if _ending(written) != _ending(target):
        raise BadInput(
            f"--out {out}: expected the ending of {target}, {_ending(target)}, since "
            f"the file is a copy of it with other numbers, got {written.name}; name "
            "it so"
        )
    if _same(out, source):
        raise BadInput(
            f"--out {out}: expected another file than the source, got {source} itself; "
            "name another"
        )
    if _same(out, target):
        raise BadInput(
            f"--out {out}: expected another file than the target, got {target} itself; "
            "leave --out away to change it"
        )


def _same(path: str, target: str) -> bool:
    """Whether two paths lead to one file."""
    try:
        return files.identity(path) == files.identity(target)
    except (OSError, ValueError):  # one leads nowhere, which its reader says
        return False


def _ending(path: str | Path) -> str:
    """The ending of a file that can be read; nothing of another."""
    for ending in ENDINGS:
        if str(path).lower().endswith(ending):
            return ending
    return ""


def _type(path: str) -> type[File]:
    """How a file is read, by its ending.

    Raises:
        BadInput: if the ending is no file's of weights.
    """
    ending = _ending(path)
    if not ending:
        raise BadInput(
            f"{path}: expected a file that ends in {', '.join(ENDINGS)}, got "
            f"{Path(path).suffix or 'no ending'}; save the weights as one of these"
        )
    return ENDINGS[ending]


def _opened(path: str) -> File:
    """A file, read by its ending.

    Raises:
        BadInput: if it is not what its ending says.
    """
    apart.begin(path, apart.for_files(Path(path)))
    return _type(path)(Path(path))


def _read(layers: Mapping[str, Layer]) -> dict[str, Layer]:
    """Layers with arrays in the place of what they are read from."""
    read = {}
    try:
        for name, layer in layers.items():
            arrays = {key: data[()] for key, data in layer.arrays.items()}
            read[name] = replace(layer, arrays=arrays)
    except OSError as error:  # packed numbers that cannot be unpacked
        raise BadInput(
            "source: expected numbers that can be read, got: "
            f"{message_of(error)}; save it again"
        ) from None
    return read


def _by_full_name(layers: Mapping[str, Layer]) -> dict[str, np.ndarray]:
    """What layers hold, by its full name."""
    arrays = {}
    for name, layer in layers.items():
        for key, array in layer.arrays.items():
            arrays[f"{name}.{key}"] = array
    return arrays
