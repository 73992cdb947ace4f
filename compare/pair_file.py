"""A pair of one's own in a file: two models, and what they are given.

The file is Python, and is run when it is named. This module loads no framework.
"""

from __future__ import annotations

import ast
import csv
import runpy
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from inspect import isroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.cases import BATCHES, NONE_STEPS
from compare.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

TRANSFERS = (None, "to_keras", "to_torch", "random")
LOSSES = ("mean_squared_error", "cross_entropy", "negative_sharpe_ratio")
SIDES = ("torch_model", "keras_model")
WHAT_IT_IS_GIVEN = "x, an array, or input_shape, such as ('batch', 'time', 8)"
SETTINGS = ("x", "input_shape", "transfer", "names", "loss", "target")


@dataclass(frozen=True)
class OwnPair:
    """Two models, and what they run on.

    Args:
        name: for people.
        models: "torch" and "keras", live or what makes them.
        arrays: one for each input; floats in float32.
        names: of the inputs, where they are handed over by name.
        steps, batches: to run the models on, besides all of `arrays`; None for few.
        free: whether any number of steps is to be tried.
        transfer: one of TRANSFERS.
        table: names of PyTorch's layers and of their twins in Keras; gets those that
            are found by trying.
        loss: of LOSSES, what gradients are taken of and training learns by.
        target: what it compares the first result with, (batch, ...); None to draw it.
        seed: of random weights.
        file: where it was found.
    """

    name: str
    models: Mapping[str, Any]
    arrays: tuple[np.ndarray, ...]
    names: tuple[str, ...] | None = None
    steps: Sequence[int] | None = None
    batches: Sequence[int] | None = None
    free: bool = True
    transfer: str | None = None
    table: dict[str, str | Sequence[str]] = field(default_factory=dict)
    loss: str = LOSSES[0]
    target: np.ndarray | None = None
    seed: int = 0
    file: Path | None = None


def is_pair_file(name: str) -> bool:
    """Whether this names a file and not a built-in pair."""
    return name.endswith(".py")


def template(name: str) -> str:
    """A commented pair file to start from, which runs; it is to have this name."""
    text = resources.files("compare") / "data" / "pair_file.py.txt"
    return text.read_text("utf-8").replace("FILE", name)


def load(path: str, seed: int) -> OwnPair:
    """Run a pair file, and take what it defines.

    Raises:
        BadInput: if it cannot be run, or lacks something, or says it wrongly.
    """
    file = existing(path)
    with blamed(file), _beside(file):
        found = runpy.run_path(str(file), run_name="pair_file")
    for side in SIDES:
        if side not in found:
            raise BadInput(
                f"{path}: expected {' and '.join(SIDES)}, functions or classes that "
                f"make the models, or models, got no {side}; see python -m compare "
                "new my_pair.py"
            )
    models = {side: found[f"{side}_model"] for side in ("torch", "keras")}
    made = [isinstance(m, type | partial) or isroutine(m) for m in models.values()]
    settings = _settings(path, found)
    arrays, names, free = _inputs(path, settings, seed)
    sizes = {}
    if "input_shape" in settings:
        sizes = dict(steps=NONE_STEPS, batches=BATCHES)
    transfer = settings.get("transfer", "random" if all(made) else None)
    check_transfer(f"{path}: transfer", transfer)
    loss = settings.get("loss", LOSSES[0])
    if loss not in LOSSES:
        raise BadInput(f"{path}: expected a loss of {', '.join(LOSSES)}, got {loss!r}")
    target = settings.get("target")
    return OwnPair(
        name=file.stem,
        models=models,
        arrays=arrays,
        names=names,
        free=free,
        transfer=transfer,
        table=dict(settings.get("names") or {}),
        loss=loss,
        target=None if target is None else _array("target", target),
        seed=seed,
        file=file,
        **sizes,
    )


def check_transfer(who: str, transfer: object):
    """Raise BadInput for what is none of TRANSFERS."""
    if transfer not in TRANSFERS:
        known = ", ".join(map(repr, TRANSFERS))
        raise BadInput(f"{who}: expected one of {known}, got {transfer!r}")


def existing(path: str) -> Path:
    """A pair file that is there."""
    file = Path(path)
    if not file.is_file():
        raise BadInput(
            f"{path}: expected a pair file, found none; python -m compare new {path} "
            "writes one to start from"
        )
    return file


@contextmanager
def blamed(file: Path | None) -> Iterator[None]:
    """Whatever a user's own code raises is one line that says where."""
    try:
        yield
    except (BadInput, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f.lineno for f in frames if file and f.filename == str(file)]
        line = getattr(error, "lineno", None) or (lines[-1] if lines else None)
        if line is None and not isinstance(error, SystemExit):
            raise
        text = next(iter(str(error).splitlines()), "")
        raise BadInput(
            f"{file}, line {line}: expected code that runs, got "
            f"{type(error).__name__}: {text}; correct it there"
        ) from error


@contextmanager
def _beside(file):
    """What lies beside the file can be imported by it, as in a script."""
    sys.path.insert(0, str(file.resolve().parent))
    try:
        yield
    finally:
        sys.path.pop(0)


def _settings(path, found):
    """What the file says besides the models."""
    settings = {name: found[name] for name in SETTINGS if name in found}
    if not {"x", "input_shape"} & set(settings):
        raise BadInput(f"{path}: expected {WHAT_IT_IS_GIVEN}, got neither")
    return settings


# ----------------------------------------------------------------------------- inputs


def _inputs(path, settings, seed):
    """Arrays, names, and whether any number of steps is to be tried."""
    import numpy as np

    shape, x = settings.get("input_shape"), settings.get("x")
    if isinstance(x, str | Path):
        return (_windows(Path(path).parent / x, shape),), None, _free(shape)
    if x is not None:
        if shape is not None:
            raise BadInput(
                f"{path}: expected {WHAT_IT_IS_GIVEN}, got both; drop one (a CSV file "
                "alone takes both)"
            )
        return (*named_arrays(x), True)
    named = isinstance(shape, list | tuple) and len(shape) > 1 and shape[0] == "batch"
    sizes = named and all(
        each == "time" or (type(each) is int and each > 0) for each in shape[1:]
    )
    if not sizes:
        raise BadInput(
            f"{path}: expected input_shape such as ('batch', 'time', 8), or ('batch', "
            f"50, 8) for a fixed number of steps, got {shape!r}"
        )
    free = {"batch": BATCHES[-1], "time": NONE_STEPS[-1]}
    drawn = np.random.default_rng([seed, 1]).normal(
        size=[free.get(each, each) for each in shape]
    )
    return (drawn.astype(np.float32),), None, _free(shape)


def _free(shape):
    return shape is None or "time" in shape


def _windows(path, shape):
    """A CSV file's rows as steps, all in one window or in windows of that many."""
    import numpy as np

    rows = _numbers(path)
    if shape is None:
        return rows[None]
    steps = shape[1] if type(shape[1]) is int else NONE_STEPS[-1]
    steps = min(steps, len(rows))
    starts = np.linspace(0, len(rows) - steps, BATCHES[-1]).round().astype(int)
    return np.stack([rows[start : start + steps] for start in np.unique(starts)])


def _numbers(path):
    """The columns of a CSV file that are numbers; a header and dates are left out."""
    import numpy as np

    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: expected a readable CSV file, got: {error}") from None
    body = rows[1:] if rows and not any(map(_is_number, rows[0][1:])) else rows
    if not body:
        raise BadInput(f"{path}: expected rows of numbers, got none")
    first = 0 if _is_number(body[0][0]) else 1  # a column of dates
    for number, row in enumerate(body, start=1 + len(rows) - len(body)):
        if len(row) != len(body[0]) or not all(map(_is_number, row[first:])):
            raise BadInput(
                f"{path}, row {number}: expected {len(body[0]) - first} numbers, got "
                f"{','.join(row[first:])!r}; fill or drop it"
            )
    return np.array([row[first:] for row in body], np.float32)


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def named_arrays(x: object) -> tuple[tuple[np.ndarray, ...], tuple[str, ...] | None]:
    """What a model is given, as arrays, with names if they have any.

    Args:
        x: an array or a tensor; a list, tuple or dictionary of them.

    Raises:
        BadInput: if some of it is no array of finite numbers, or has no batch axis.
    """
    names = tuple(x) if isinstance(x, Mapping) else None
    each = list(x.values()) if names else list(x) if _several(x) else [x]
    if not each:
        raise BadInput(f"x: expected at least one array, got {x!r}")
    places = names or ([f"x[{n}]" for n in range(len(each))] if _several(x) else ["x"])
    return tuple(map(_array, places, each)), names


def _several(x):
    return isinstance(x, list | tuple) and any(hasattr(each, "shape") for each in x)


def _array(place, value):
    import numpy as np

    if hasattr(value, "detach"):
        value = value.detach().cpu()
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadInput(f"{place}: expected an array, got: {error}") from None
    if array.dtype.kind not in "fiub":
        raise BadInput(
            f"{place}: expected numbers, got {array.dtype} of type "
            f"{type(value).__name__}; give arrays, or a list or dictionary of them"
        )
    if not array.ndim or not array.size:
        raise BadInput(
            f"{place}: expected an array with a batch axis and something in it, got "
            f"shape {array.shape}; add a batch axis in front: x[None]"
        )
    wrong = ~np.isfinite(array)
    if wrong.any():
        index = ", ".join(map(str, np.argwhere(wrong)[0]))
        raise BadInput(
            f"{place}[{index}]: expected a finite number, which alone can be compared, "
            f"got {array[wrong][0]}; clean the input first"
        )
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    return array if array.dtype == bool else array.astype(np.int64)


def described(pair: OwnPair) -> str:
    """The inputs of a pair in words: `x (4, 50, 8)`."""
    names = pair.names or [f"x{n}" if n else "x" for n in range(len(pair.arrays))]
    return ", ".join(
        f"{name} {array.shape}" for name, array in zip(names, pair.arrays, strict=True)
    )


# ----------------------------------------------------------------------------- sources


def sources(path: str) -> list[tuple[str, str]]:
    """Title and text of what each twin's model is made of; nothing is run.

    These are the definitions of the file that `torch_model` and `keras_model` use.

    Raises:
        BadInput: if the file is no Python, or does not define both.
    """
    file = existing(path)
    try:
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        raise BadInput(f"{path}: expected Python that can be read, got: {error}") from (
            None
        )
    nodes = {name: node for node in tree.body for name in _defined(node)}
    found = []
    for side in SIDES:
        if side not in nodes:
            raise BadInput(f"{path}: expected {' and '.join(SIDES)}, got no {side}")
        wanted, used = [side], []
        while wanted:
            node = nodes.get(wanted.pop())
            if node is not None and node not in used:
                used.append(node)
                wanted += [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        imports, rest = [], []
        for node in tree.body:
            if node in used:
                imported = isinstance(node, ast.Import | ast.ImportFrom)
                part = ast.get_source_segment(text, node)
                (imports if imported else rest).append(part)
        found.append((f"{path}: {side}", "\n\n".join(["\n".join(imports), *rest])))
    return found


def _defined(node):
    """Names that a statement at the top of a file defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(a.asname or a.name).split(".")[0] for a in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
