"""A pair of one's own in a file: two models, and what they are given.

The file is Python, and is run when it is named. This module loads no framework.
"""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from inspect import isroutine
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.cases import BATCHES, NONE_STEPS
from compare.errors import BadInput
from compare.given import WHAT_IT_IS_GIVEN, inputs, numbers
from compare.tables import checked_names

if TYPE_CHECKING:
    import numpy as np

TRANSFERS = (None, "to_keras", "to_torch", "random")
LOSSES = ("mean_squared_error", "cross_entropy", "negative_sharpe_ratio")
SIDES = ("torch_model", "keras_model")
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
        table: names of PyTorch's layers and of their twins in Keras.
        otherwise: which of PyTorch's layers take the twins of which others, against the
            order; gets those for which that is found by trying.
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
    otherwise: dict[str, str] = field(default_factory=dict)
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
    arrays, names, free = inputs(path, settings, seed)
    sizes = {}
    if "input_shape" in settings:
        sizes = dict(steps=NONE_STEPS, batches=BATCHES)
    transfer = settings.get("transfer", "random" if all(made) else None)
    check_transfer(f"{path}: transfer", transfer)
    names_of_layers = checked_names(f"{path}: names", settings.get("names"))
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
        table=names_of_layers,
        loss=loss,
        target=None if target is None else numbers("target", target),
        seed=seed,
        file=file,
        **sizes,
    )


def check_transfer(who: str, transfer: object):
    """Raise BadInput for what is none of TRANSFERS."""
    if transfer not in TRANSFERS:
        known = ", ".join(map(repr, TRANSFERS))
        raise BadInput(f"{who}: expected one of {known}, got {transfer!r}")


def check_seed(seed: object):
    """Raise BadInput for what begins no sequence of random numbers."""
    whole = isinstance(seed, Integral) and not isinstance(seed, bool)
    if not whole or not 0 <= seed < 2**32:
        raise BadInput(
            f"seed: expected a whole number from 0 to {2**32 - 1}, got {seed!r}"
        )


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


def described(pair: OwnPair) -> str:
    """The inputs of a pair in words: `x (4, 50, 8)`."""
    names = pair.names or [f"x{n}" if n else "x" for n in range(len(pair.arrays))]
    return ", ".join(
        f"{name} {array.shape}" for name, array in zip(names, pair.arrays, strict=True)
    )
