"""A model that a file of the user makes: it is run, since the user asked for it."""

from __future__ import annotations

import runpy
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import isclass, isroutine, signature
from pathlib import Path
from typing import Any

from compare.errors import BadInput
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.one_line import class_name, printable, repr_of
from compare.subjects.own.blame import blamed
from compare.subjects.own.on_disk import check_hidden, check_text, existing

USUAL_NAMES: Mapping[Side, str] = {"torch": "torch_model", "keras": "keras_model"}


@dataclass(frozen=True)
class UserModel:
    """A live model, and what else the file says.

    Args:
        model: of the framework that was asked for.
        defined: all that the file defines, by name.
    """

    model: Any
    defined: Mapping[str, Any]


def split(option: str, text: str) -> tuple[str, str]:
    """The file and the name in "my_model.py:make"; the name is "" where there is none.

    Args:
        option: that is given so, for messages.
        text: as it was typed.

    Raises:
        BadInput: if it names no Python file.
    """
    path, name = text, ""
    head, colon, tail = text.rpartition(":")
    if colon and head.endswith(".py"):
        path, name = head, tail
    if not path.endswith(".py"):
        raise BadInput(
            f"{option} {printable(text)}: expected a Python file, or one with the name "
            "of what makes the model, such as my_model.py:make, got no .py; name one"
        )
    return path, name


def model_of(option: str, text: str, side: Side) -> UserModel:
    """Run a user's file, and make the model in it.

    It stays in the surroundings that `subjects.own.surroundings.at_work` makes.

    Args:
        option: that names the file, for messages.
        text: the file, and after a colon the name of what makes the model.
        side: whose framework the model is of.

    Raises:
        BadInput: if the file cannot be run, or makes no such model.
    """
    from compare.twins.frameworks import MODELS  # loads the frameworks

    path, name = split(option, text)
    if not Path(path).is_file():
        raise BadInput(
            f"{option} {printable(path)}: expected a Python file that makes the model, "
            "found none; name one that is there"
        )
    file = existing(path)
    check_text(file)
    check_hidden(file)
    with blamed(file, whole=True), warnings.catch_warnings():
        defined = runpy.run_path(str(file), run_name="model_file")
    is_model = MODELS[side].is_model
    if side == "keras":
        is_model = _is_of_keras
    maker = _maker(path, defined, name, side, is_model)
    model = maker
    if not is_model(maker):
        _check_arguments(option, path, maker)
        with blamed(file, whole=True):
            model = maker()
    if not is_model(model):
        raise BadInput(
            f"{path}: expected a function or class that makes a model of "
            f"{SIDES[side]}, got one that makes {_in_words(model)}; let it return the "
            f"model, or name another one, such as {option} {printable(path)}:make"
        )
    return UserModel(model, defined)


def _in_words(model: Any) -> str:
    """What was made in the place of a model."""
    return "nothing" if model is None else f"something of class {class_name(model)}"


def _check_arguments(option: str, path: str, maker: Any) -> None:
    """Refuse what makes a model only with arguments, which nobody gives it.

    Raises:
        BadInput: with the arguments, and what to write.
    """
    try:
        parameters = signature(maker).parameters.values()
    except (TypeError, ValueError):  # of what has no signature
        return
    needed = [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if not needed:
        return
    name = printable(getattr(maker, "__name__", "it"))
    arguments = printable(", ".join(needed))
    count = "an argument" if len(needed) == 1 else "arguments"
    raise BadInput(
        f"{path}: expected {name} to take no arguments, got one that needs {count}, "
        f"{arguments}; write a function into a Python file that makes the model, such "
        f"as def make(): return {name}(...), and name it, {option} {path}:make"
    )


def files_of(option: str, text: str, weights: str, folder: Path) -> tuple[str, str]:
    """What to read of a model that a user's file makes, whose weights are in a file.

    Args:
        option: that names the user's file, for messages.
        text: the file, and after a colon the name of what makes the model.
        weights: the file with the weights.
        folder: where files may be written.

    Returns:
        The file with the weights, and that with the configuration, or "" where the
        first has it as well: a model of the user's own class names its layers in the
        file as its attributes, so Keras itself gives it the weights.

    Raises:
        BadInput: as `model_of`; if the model is of a class of the user's own, and the
            file does not say the shape of its inputs; or if the weights are not its.
    """
    from compare.in_keras import legacy
    from compare.in_keras.functional import as_functional, with_weights
    from compare.in_keras.models import is_graph

    made = model_of(option, text, "keras")
    config = folder / "model.json"
    if legacy.is_model(made.model):
        with blamed(Path(split(option, text)[0])):
            config.write_text(legacy.config_of(made.model), "utf-8")
        return weights, str(config)
    with blamed(Path(split(option, text)[0])):
        functional = as_functional(made.model, _shapes(made.defined.get("input_shape")))
    if is_graph(made.model):
        config.write_text(functional.to_json(), "utf-8")
        return weights, str(config)
    with_weights(made.model, weights)
    whole = folder / "model.keras"
    functional.save(whole)
    return str(whole), ""


def _is_of_keras(value: object) -> bool:
    """Whether this is a model of Keras 3 or of tf-keras."""
    from compare.in_keras import legacy
    from compare.in_keras.models import is_model

    return is_model(value) or legacy.is_model(value)


def _shapes(shape: object) -> list[tuple[int | None, ...]]:
    """The shape of a model's input as the user's file says it, or nothing."""
    if not isinstance(shape, list | tuple):
        return []
    return [tuple(size if isinstance(size, int) else None for size in shape)]


def _maker(
    path: str, defined: Mapping[str, Any], name: str, side: Side, is_model: Any
) -> Any:
    """What makes the model: by its name, by the usual one, or the only one there is."""
    own = {
        key: value
        for key, value in defined.items()
        if not key.startswith("_") and (_is_own(value) or is_model(value))
    }
    for wanted in (name, USUAL_NAMES[side]):
        if wanted and wanted in defined:
            value = defined[wanted]
            if callable(value):
                return value
            raise BadInput(
                f"{path}: {wanted}: expected a function or class that makes a model, "
                f"or a model, got {repr_of(value)}"
            )
    names = ", ".join(own) or "none"
    if name:
        raise BadInput(f"{path}: expected {printable(name)} in it, got {names}")
    if len(own) == 1:
        return next(iter(own.values()))
    raise BadInput(
        f"{path}: expected the name of what makes the model, such as "
        f"{Path(path).name}:make, got none, and it defines {names}; add a name"
    )


def _is_own(value: Any) -> bool:
    """Whether the file itself defines a function or a class."""
    is_code = isclass(value) or isroutine(value)
    return is_code and getattr(value, "__module__", "") == "model_file"
