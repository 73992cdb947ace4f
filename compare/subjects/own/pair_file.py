"""A pair of one's own in a file: two models, and what they are given.

The file is Python, and is run when it is named. This module loads no framework.
"""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import resources
from inspect import isroutine
from pathlib import Path

from compare.errors import BadInput
from compare.matching.names import checked_names
from compare.subjects.cases import BATCHES, NONE_STEPS
from compare.subjects.own.arrays import WHAT_IT_IS_GIVEN, inputs, numbers
from compare.subjects.own.pair import LOSSES, OwnPair, check_transfer

SIDES = ("torch_model", "keras_model")
SETTINGS = ("x", "input_shape", "transfer", "names", "loss", "target")


def template(name: str) -> str:
    """A commented pair file to start from, which runs; it is to have this name."""
    text = resources.files("compare.subjects") / "data" / "pair_file.py.txt"
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
