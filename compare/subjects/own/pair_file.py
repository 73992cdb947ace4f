"""A pair of one's own in a file: two models, and what they run on.

The file is Python, and is run when it is named. This module loads no framework.
"""

from __future__ import annotations

import difflib
import runpy
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import resources
from inspect import ismodule, isroutine
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from compare.errors import BadInput, command
from compare.judging.losses import LOSSES, MEAN_SQUARED_ERROR
from compare.judging.optimizers import OPTIMIZERS
from compare.judging.refusals import is_suite, is_users_own
from compare.matching.legacy import check_not_legacy
from compare.matching.names import checked_names
from compare.one_line import class_and_message, repr_of
from compare.subjects.cases import BATCHES, NONE_STEPS
from compare.subjects.own.arrays import EXPECTED_INPUT, inputs, numbers
from compare.subjects.own.pair import OwnPair, check_transfer, checked_ignore

if TYPE_CHECKING:
    from compare.judging.words import Side

# What a pair file defines: the models, by side, and what else it may say.
MODEL_NAMES: Mapping[Side, str] = {"torch": "torch_model", "keras": "keras_model"}
BOTH_MODELS = " and ".join(MODEL_NAMES.values())
OPTION_NAMES = (
    "x",
    "input_shape",
    "transfer",
    "names",
    "ignore",
    "loss",
    "optimizer",
    "target",
)
LIKE = 0.8  # likeness of a name to a known one from which on it is asked about


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
    import numpy as np  # which `show` and `new` do without

    file = existing(path)
    with blamed(file), _beside(file), np.errstate(), warnings.catch_warnings():
        defined = runpy.run_path(str(file), run_name="pair_file")
    _check_names(path, defined)
    for name in MODEL_NAMES.values():
        if name not in defined:
            raise BadInput(
                f"{path}: expected {BOTH_MODELS}, functions or classes that make the "
                f"models, or models, got no {name}; see {command()} new my_pair.py"
            )
    models = {side: defined[name] for side, name in MODEL_NAMES.items()}
    for side, name in MODEL_NAMES.items():
        check_not_legacy(f"{path}: {name}", models[side])
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
    if not isinstance(loss, str) or loss not in LOSSES:
        raise BadInput(
            f"{path}: expected a loss of {', '.join(LOSSES)}, got {repr_of(loss)}"
        )
    optimizer = options.get("optimizer")
    if optimizer is not None and not _is_optimizer(optimizer):
        raise BadInput(
            f"{path}: expected an optimizer of {', '.join(OPTIMIZERS)}, got "
            f"{repr_of(optimizer)}; settings are options of {command()} train"
        )
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
        loss_given="loss" in options,
        optimizer=optimizer,
        target=target,
        seed=seed,
        file=file,
    )


def _is_optimizer(value: object) -> bool:
    return isinstance(value, str) and value in OPTIMIZERS


def _check_names(path: str, defined: Mapping[str, object]) -> None:
    """Ask about names that are nearly those that a pair file may define.

    Modules, classes and functions are a user's own affair.

    Args:
        path: of the file.
        defined: what it defines.

    Raises:
        BadInput: if there is one.
    """
    known = [*MODEL_NAMES.values(), *OPTION_NAMES]
    models = [name for name in known if name in MODEL_NAMES.values()]
    for name, value in defined.items():
        if name.startswith("_") or name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=LIKE)
        if not near or near[0] in defined or ismodule(value):
            continue
        makes = isinstance(value, type) or isroutine(value)
        if makes and near[0] not in models:
            continue
        if near[0] == "names" and not isinstance(value, Mapping):
            continue
        raise BadInput(
            f"{path}: expected {', '.join(known)}, got {name}; did you mean "
            f"{near[0]}? If not, call it something else, or _{name}"
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
    except (BadInput, KeyboardInterrupt, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        place = _place_of(error, file)
        if place is None:
            raise
        raise BadInput(
            f"{place}: expected code that runs, got "
            f"{class_and_message(error)}; correct it there"
        ) from error


def _place_of(error: BaseException, file: Path | None) -> str | None:
    """The last line of a pair file, or of what lies beside it, that led to an error.

    None where there is none; an error that the suite itself raises is not the user's,
    whoever called it.
    """
    if file is None:
        return None
    if isinstance(error, SyntaxError) and error.lineno:
        return f"{error.filename or file}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    if frames and is_suite(frames[-1].filename) and not isinstance(error, SystemExit):
        return None
    place = None
    in_pair_file = False
    for frame in frames:
        if frame.filename == str(file):
            in_pair_file = True
            place = f"{file}, line {frame.lineno}"
        elif not in_pair_file and _is_beside(frame.filename, file.resolve().parent):
            place = f"{frame.filename}, line {frame.lineno}"
    if place is None and isinstance(error, SystemExit):
        return str(file)
    return place


@contextmanager
def _beside(file: Path) -> Iterator[None]:
    """Let a file import what lies beside it, as a script can."""
    folder = str(file.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:  # the file may have put others before it
            sys.path.remove(folder)


@contextmanager
def at_work(path: str) -> Iterator[None]:
    """The surroundings of a pair file while its models are made and run.

    Its functions import what lies beside it, as a script's do. After the block the
    next pair file finds modules of its own under the same names.

    Args:
        path: of the file.
    """
    file = Path(path)
    path_before, modules_before = [*sys.path], {*sys.modules}
    try:
        with _beside(file):
            yield
    finally:
        sys.path[:] = path_before
        for name in {*sys.modules} - modules_before:
            if _lies_beside(sys.modules[name], file.resolve().parent):
                del sys.modules[name]


def _lies_beside(module: object, folder: Path) -> bool:
    """Whether a module is a user's own, in this folder or in one inside."""
    if not isinstance(module, ModuleType):  # what a program may put there
        return False
    attributes = vars(module)  # some modules of PyTorch make up others when asked
    files = [attributes.get("__file__"), *attributes.get("__path__", ())]
    return _is_beside(next((f for f in files if isinstance(f, str)), ""), folder)


def _is_beside(file: str, folder: Path) -> bool:
    return is_users_own(file) and Path(file).is_relative_to(folder)
