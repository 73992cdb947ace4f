"""A pair of one's own in a file: two models, and what they run on.

The file is Python, and is run when it is named. This module loads no framework.
"""

from __future__ import annotations

import difflib
import runpy
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import resources
from inspect import ismodule, isroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.errors import BadInput, command
from compare.judging.losses import MEAN_SQUARED_ERROR
from compare.matching.legacy import check_not_legacy
from compare.matching.names import checked_names
from compare.one_line import class_name, repr_of
from compare.subjects.cases import BATCHES, NONE_STEPS
from compare.subjects.own.arrays import EXPECTED_INPUT, inputs, numbers
from compare.subjects.own.blame import blamed
from compare.subjects.own.on_disk import check_hidden, check_text, existing
from compare.subjects.own.pair import (
    OwnPair,
    check_loss,
    check_optimizer,
    check_transfer,
    checked_ignore,
)
from compare.subjects.own.surroundings import beside

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
    check_text(file)
    check_hidden(file)
    whole_path = file.resolve()
    with (
        blamed(file, whole=True),
        beside(whole_path),
        np.errstate(),
        warnings.catch_warnings(),
    ):
        defined = runpy.run_path(str(file), run_name="pair_file")
    with blamed(file):  # what it defines may be of a class of its own
        return _taken(path, file, defined, seed)


def _taken(path: str, file: Path, defined: Mapping[str, Any], seed: int) -> OwnPair:
    """What a pair file defines, checked.

    Args:
        path: of the file, as it was typed.
        file: the same.
        defined: what it defines, by name.
        seed: of inputs and weights that are drawn.
    """
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
        if not callable(models[side]):
            raise BadInput(
                f"{path}: {name}: expected a function or class that makes a model, or "
                f"a model, got {repr_of(models[side])} of type "
                f"{class_name(models[side])}"
            )
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
    check_loss(path, loss)
    optimizer = options.get("optimizer")
    if optimizer is not None:
        advice = f"settings are options of {command()} train"
        check_optimizer(path, optimizer, advice)
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


def _check_names(path: str, defined: Mapping[str, object]) -> None:
    """Ask about names that are nearly those that a pair file may define.

    Modules, classes and functions are a user's own affair.

    Args:
        path: of the file.
        defined: what it defines.

    Raises:
        BadInput: if there is one.
    """
    known_names = [*MODEL_NAMES.values(), *OPTION_NAMES]
    models = [name for name in known_names if name in MODEL_NAMES.values()]
    for name, value in defined.items():
        if name.startswith("_") or name in known_names:
            continue
        near = difflib.get_close_matches(name, known_names, n=1, cutoff=LIKE)
        if not near or near[0] in defined or ismodule(value):
            continue
        makes = isinstance(value, type) or isroutine(value)
        if makes and near[0] not in models:
            continue
        if near[0] == "names" and not isinstance(value, Mapping):
            continue
        raise BadInput(
            f"{path}: expected {', '.join(known_names)}, got {name}; did you mean "
            f"{near[0]}? If not, call it something else, or _{name}"
        )


def _usual_transfer(models: Mapping[Side, object]) -> str | None:
    """Random weights for models that are made anew; else the weights that they have."""
    for model in models.values():
        if not (isinstance(model, type | partial) or isroutine(model)):
            return None
    return "random"
