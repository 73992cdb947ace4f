"""A pair of one's own in a file: two models, and what they run on.

The file is Python, and is run when it is named. This module loads no framework.
"""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import resources
from inspect import isroutine
from pathlib import Path
from typing import TYPE_CHECKING

from compare.errors import BadInput, command, first_line
from compare.judging.losses import LOSSES, MEAN_SQUARED_ERROR
from compare.matching.names import checked_names
from compare.subjects.cases import BATCHES, NONE_STEPS
from compare.subjects.own.arrays import EXPECTED_INPUT, inputs, numbers
from compare.subjects.own.pair import OwnPair, check_transfer, checked_ignore

if TYPE_CHECKING:
    from compare.judging.words import Side

# What a pair file defines: the models, by side, and what else it may say.
MODEL_NAMES: Mapping[Side, str] = {"torch": "torch_model", "keras": "keras_model"}
BOTH_MODELS = " and ".join(MODEL_NAMES.values())
OPTION_NAMES = ("x", "input_shape", "transfer", "names", "ignore", "loss", "target")


def template(name: str) -> str:
    """A commented pair file to start from, which runs; it is to have this name."""
    file = resources.files("compare.subjects") / "data" / "pair_file.py.txt"
    text = file.read_text("utf-8")
    return text.replace("FILE", name).replace("COMMAND", command())


def load(path: str, seed: int) -> OwnPair:
    """Run a pair file, and take what it defines.

    Args:
        path: of the file.
        seed: of inputs and weights that are drawn.

    Raises:
        BadInput: if it cannot be run, or lacks something, or says it wrongly.
    """
    file = existing(path)
    with blamed(file), _beside(file):
        defined = runpy.run_path(str(file), run_name="pair_file")
    for name in MODEL_NAMES.values():
        if name not in defined:
            raise BadInput(
                f"{path}: expected {BOTH_MODELS}, functions or classes that make the "
                f"models, or models, got no {name}; see {command()} new my_pair.py"
            )
    models = {side: defined[name] for side, name in MODEL_NAMES.items()}
    options = {name: defined[name] for name in OPTION_NAMES if name in defined}
    if "x" not in options and "input_shape" not in options:
        raise BadInput(f"{path}: expected {EXPECTED_INPUT}, got neither")
    given_inputs = inputs(path, options, seed)
    steps: Sequence[int] | None = None
    batches: Sequence[int] | None = None
    if "input_shape" in options:
        steps, batches = NONE_STEPS, BATCHES
    transfer = options.get("transfer", _usual_transfer(models))
    check_transfer(f"{path}: transfer", transfer)
    table = checked_names(f"{path}: names", options.get("names"))
    loss = options.get("loss", MEAN_SQUARED_ERROR)
    if loss not in LOSSES:
        raise BadInput(f"{path}: expected a loss of {', '.join(LOSSES)}, got {loss!r}")
    target = None
    if options.get("target") is not None:
        target = numbers("target", options["target"])
    return OwnPair(
        name=file.stem,
        models=models,
        arrays=given_inputs.arrays,
        names=given_inputs.names,
        steps=steps,
        batches=batches,
        free=given_inputs.free,
        transfer=transfer,
        table=table,
        ignore=checked_ignore(f"{path}: ignore", options.get("ignore")),
        loss=loss,
        target=target,
        seed=seed,
        file=file,
    )


def _usual_transfer(models: Mapping[Side, object]) -> str | None:
    """Random weights for models that are made anew; else the weights that they have."""
    for model in models.values():
        if not (isinstance(model, type | partial) or isroutine(model)):
            return None
    return "random"


def existing(path: str) -> Path:
    """A pair file that is there.

    Raises:
        BadInput: if it is not.
    """
    file = Path(path)
    if not file.is_file():
        raise BadInput(
            f"{path}: expected a pair file, found none; {command()} new {path} "
            "writes one to start from"
        )
    return file


@contextmanager
def blamed(file: Path | None) -> Iterator[None]:
    """Turn whatever a user's own code raises into one line that says where.

    Args:
        file: the user's; None where the models are not from a file, and the error is
            raised as it is.
    """
    try:
        yield
    except (BadInput, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:
        line = _line_of(error, file)
        if line is None and not isinstance(error, SystemExit):
            raise
        raise BadInput(
            f"{file}, line {line}: expected code that runs, got "
            f"{type(error).__name__}: {first_line(error)}; correct it there"
        ) from error


def _line_of(error: BaseException, file: Path | None) -> int | None:
    """The last line of the file that led to an error; None where none did."""
    line: int | None = getattr(error, "lineno", None)  # of a SyntaxError
    if line or file is None:
        return line
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == str(file):
            line = frame.lineno
    return line


@contextmanager
def _beside(file: Path) -> Iterator[None]:
    """Let a file import what lies beside it, as a script can."""
    sys.path.insert(0, str(file.resolve().parent))
    try:
        yield
    finally:
        sys.path.pop(0)
