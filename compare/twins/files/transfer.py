"""Weights from a file of one framework into a file of the other; loads neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from compare import files, kinds
from compare.errors import BadInput
from compare.kinds.layer import Layer
from compare.kinds.names import plain
from compare.matching import precision
from compare.matching.matching import bare
from compare.matching.moves import Move
from compare.matching.ordering import Order
from compare.matching.rewriting import paired, renamed, rewrite, shapes
from compare.twins.files.keras_files import KerasFile
from compare.twins.files.pytorch_files import StateDict

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
        names: {PyTorch layer: Keras layer}, several in a list for a stack, where order,
            kind and sizes do not tell, or tell wrongly.

    Returns:
        What went where, by names of layers and their arrays.

    Raises:
        BadInput: if a file is not what its ending says, holds code of its own, or if
            something on one side has no counterpart on the other; if only an order that
            need not be that of execution tells layers apart; or if the target cannot
            hold the numbers.
    """
    if out is not None:
        _check_out(source, target, out)
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
    order = Order(side["keras"].chains, side["torch"].sorted_by_name, option=True)
    keras, known = paired(torch, leaves, order, names)
    layers = {"torch": torch, "keras": keras}
    for called, each in _full(torch).items():
        precision.check_floats(called, each)
    for called, each in _full(keras).items():
        precision.check_floats(known[called], each)
    arrays, moves = rewrite(
        _read(layers[have.framework]),
        layers[want.framework],
        f"to_{want.framework}",
    )
    targets, places = _full(layers[want.framework]), {}
    for name, each in arrays.items():
        for key, array in each.items():
            before = f"{name}.{key}"
            called = known[before] if want.framework == "keras" else before
            precision.check_range(called, array, targets[before])
            places[want.places[called]] = array
    files.write(option, path, want.written(places))
    return [renamed(move, known, want.framework) for move in moves]


def _check_out(source, target, out):
    resolved = Path(out).resolve()  # the file behind a link is the one that is written
    if _ending(resolved) != _ending(target):
        raise BadInput(
            f"--out {out}: expected the ending of {target}, {_ending(target)}, since "
            f"the file is a copy of it with other numbers, got {resolved.name}; name "
            "it so"
        )
    if resolved.exists() and Path(source).exists() and resolved.samefile(source):
        raise BadInput(
            f"--out {out}: expected another file than the source, got {source} itself; "
            "name another"
        )


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
    try:
        return {
            name: Layer(layer.kind, {k: data[()] for k, data in layer.arrays.items()})
            for name, layer in layers.items()
        }
    except (OSError, MemoryError) as error:  # packed numbers that cannot be unpacked
        raise BadInput(
            "source: expected numbers that can be read, got: "
            f"{files.reason(error)}; save it again"
        ) from None


def _full(layers):
    """What layers hold, by its full name."""
    return {
        f"{n}.{key}": a for n, each in layers.items() for key, a in each.arrays.items()
    }


def _settled(torch, keras, names):
    """Layers as what they are, where their files alone do not tell.

    A matrix without a bias is a Linear or an Embedding; which, its twin tells.
    """
    free, settled, keras = list(keras), {}, dict(keras)
    short = bare(list(torch))
    for by_name in (True, False):
        for name in [each for each in torch if each not in settled]:
            called = names.get(name, short[name])
            fitting = [
                (twin, a, b)
                for twin in free
                if twin == called or not by_name
                for a in torch[name]
                for b in keras[twin]
                if _fits(name, a, b)
            ]
            if len({_rows(a, b) for _, a, b in fitting}) > 1:
                raise BadInput(_several(name, fitting))
            if fitting:
                twin, settled[name], found = fitting[0]
                keras[twin] = [found]
                free.remove(twin)
    layers = {name: settled.get(name, options[0]) for name, options in torch.items()}
    return layers, {name: options[0] for name, options in keras.items()}


def _fits(name, torch, keras):
    if kinds.of_layers(torch.kind, plain(keras.kind)) is None:
        return False
    try:
        rewrite(shapes({name: torch}), shapes({name: keras}), "to_keras", strict=False)
    except BadInput:
        return False
    return True


def _rows(torch, keras):
    """How arrays are moved; two kinds of the same rows need not be told apart."""
    return kinds.of_layers(torch.kind, plain(keras.kind)).rows


def _several(name, fitting):
    twins = " or ".join(f"{b.kind} {twin}" for twin, _, b in fitting)
    return (
        f"{name}: expected a layer whose twin is clear, got arrays that fit {twins}; "
        f"say which with --names {name}={fitting[0][0]}"
    )
