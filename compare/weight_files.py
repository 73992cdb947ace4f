"""Weights from a file of one framework into a file of the other; loads neither."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from compare import files
from compare.errors import BadInput
from compare.keras_files import KerasFile
from compare.layer_rules import RULES, plain
from compare.pytorch_files import StateDict
from compare.transfer import Layer, Move, paired, renamed, rewrite, shapes

ENDINGS = {
    ".weights.h5": KerasFile,
    ".keras": KerasFile,
    ".h5": KerasFile,
    ".pt": StateDict,
    ".pth": StateDict,
    ".safetensors": StateDict,
}
FRAMEWORKS = {"torch": "PyTorch", "keras": "Keras"}


def transfer_files(
    source: str,
    target: str,
    out: str | None = None,
    names: Mapping[str, str | Sequence[str]] | None = None,
) -> list[Move]:
    """Copy the numbers of one file into another, of the other framework.

    Nothing in either file is run. Every array on either side is used exactly once, and
    nothing is written before everything fits.

    Args:
        source: `.pt`, `.pth` or `.safetensors` with a state dict of PyTorch; or
            `.keras`, `.weights.h5` or `.h5` of Keras.
        target: the same of the other framework, whose numbers are replaced.
        out: written instead of the target; with the same ending.
        names: of layers in PyTorch, and of their twins in Keras, where order, kind and
            sizes do not tell, or tell wrongly.

    Returns:
        What went where, by names of layers and their arrays.

    Raises:
        BadInput: if a file is not what its ending says, holds code of its own, or if
            something on one side has no counterpart on the other.
    """
    if out is not None and _ending(out) != _ending(target):
        raise BadInput(
            f"--out {out}: expected the ending of {target}, {_ending(target)}, since "
            "the file is a copy of it with other numbers; name it so"
        )
    have, want = _opened(source), _opened(target)
    if have.framework == want.framework:
        raise BadInput(
            "transfer expects a file of PyTorch and one of Keras, got two of "
            f"{FRAMEWORKS[have.framework]}: {source} and {target}"
        )
    option, path = ("--out", out) if out is not None else ("transfer", target)
    path = files.target(option, path)
    side = {have.framework: have, want.framework: want}
    torch, leaves = _settled(side["torch"].layers, side["keras"].layers, names or {})
    keras, known = paired(torch, leaves, names)
    _check_order(side, torch, keras, known, names or {})
    layers = {"torch": torch, "keras": keras}
    arrays, moves = rewrite(
        _read(layers[have.framework]),
        layers[want.framework],
        f"to_{want.framework}",
    )
    full = {f"{n}.{key}": a for n, each in arrays.items() for key, a in each.items()}
    if want.framework == "keras":
        full = {known[name]: array for name, array in full.items()}
    content = want.written({want.places[name]: array for name, array in full.items()})
    files.write(option, path, content)
    return [renamed(move, known, want.framework) for move in moves]


def _ending(path):
    return next((e for e in ENDINGS if str(path).lower().endswith(e)), "")


def _opened(path):
    if not _ending(path):
        raise BadInput(
            f"{path}: expected a file that ends in {', '.join(ENDINGS)}, got "
            f"{Path(path).suffix or 'no ending'}; save the weights as one of these"
        )
    if not Path(path).is_file():
        what = "a folder" if Path(path).is_dir() else "nothing of that name"
        raise BadInput(f"{path}: expected a file, got {what}; name a saved one")
    return ENDINGS[_ending(path)](Path(path))


def _read(layers):
    """Layers with arrays in the place of what they are read from."""
    return {
        name: Layer(layer.kind, {key: data[()] for key, data in layer.arrays.items()})
        for name, layer in layers.items()
    }


def _settled(torch, keras, names):
    """Layers as what they are, where their files alone do not tell.

    A matrix without a bias is a Linear or an Embedding; which, its twin tells.
    """
    free, settled, keras = list(keras), {}, dict(keras)
    for by_name in (True, False):
        for name in [each for each in torch if each not in settled]:
            called = names.get(name, name)
            fitting = [
                (twin, a, b)
                for twin in free
                if twin == called or not by_name
                for a in torch[name]
                for b in keras[twin]
                if _fits(name, a, b)
            ]
            if len({(a.kind, b.kind) for _, a, b in fitting}) > 1:
                raise BadInput(_several(name, fitting))
            if fitting:
                twin, settled[name], found = fitting[0]
                keras[twin] = [found]
                free.remove(twin)
    layers = {name: settled.get(name, options[0]) for name, options in torch.items()}
    return layers, {name: options[0] for name, options in keras.items()}


def _fits(name, torch, keras):
    if (torch.kind, plain(keras.kind)) not in RULES:
        return False
    try:
        rewrite(shapes({name: torch}), shapes({name: keras}), "to_keras", strict=False)
    except BadInput:
        return False
    return True


def _several(name, fitting):
    twins = " or ".join(f"{b.kind} {twin}" for twin, _, b in fitting)
    return (
        f"{name}: expected a layer whose twin is clear, got arrays that fit {twins}; "
        f"say which with --names {name}={fitting[0][0]}"
    )


def _check_order(side, torch, keras, known, names):
    """Refuse layers that only order tells apart, where a file does not keep it.

    Numbers in names are an order: `lstm`, `lstm_1`.
    """
    layer_of = {
        f"{name}.{key}": name
        for name, (first, *_) in side["keras"].layers.items()
        for key in first.arrays
    }
    alike = {}
    for name in torch:
        twins = {}
        for key, array in keras[name].arrays.items():
            before = known[f"{name}.{key}"]
            twins.setdefault(layer_of[before], []).append((before, array.shape))
        for twin, arrays in twins.items():
            if name in names or re.fullmatch(rf"{re.escape(name)}(\.\d+)?", twin):
                continue
            place = side["keras"].places[arrays[0][0]]
            sizes = tuple(shape for _, shape in arrays)
            alike.setdefault((torch[name].kind, sizes), []).append((name, place))
    for pairs in alike.values():
        for called, file in zip(
            zip(*pairs, strict=True), (side["torch"], side["keras"]), strict=True
        ):
            stems = {re.sub(r"_?\d+", "", each) for each in called}
            if not file.ordered and len(stems) > 1:
                raise BadInput(
                    f"{', '.join(called)}: expected a file that keeps the order of "
                    "layers of the same sizes, got one that does not; use a .pt or a "
                    f".keras, or say which is which with --names {called[0]}=..."
                )
