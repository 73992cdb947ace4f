"""Who called an operation of TensorFlow while a Keras model is traced."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import keras
import tensorflow

from compare.in_keras.internals import nodes_noted
from compare.mistakes.traces import Line, line_of

TENSORFLOW = str(Path(tensorflow.__file__).parent)
KERAS = str(Path(keras.__file__).parent)
PYTHON = sysconfig.get_path("stdlib")  # where `contextlib` is
INSTALLED = "site-packages"  # inside it; a user's models may be installed, too
SUITE = str(Path(__file__).parents[1])
# Files of the suite that run between a layer and what calls it.
PASSED = (
    KERAS,
    TENSORFLOW,
    PYTHON,
    "<",
    *(f"{SUITE}/in_keras/{name}.py" for name in ("callers", "internals", "traces")),
)
ACTIVATIONS = ("keras.src.activations.", "keras.src.layers.activations.")


def _is_between(file: str) -> bool:
    """Whether a file is TensorFlow's, or Python's own."""
    is_pythons = file.startswith(PYTHON) and INSTALLED not in file
    return is_pythons or file.startswith(TENSORFLOW)


@dataclass(frozen=True)
class Caller:
    """Who called an operation of TensorFlow, where that is a model's own doing.

    Args:
        layer: its name, or that of an operation of Keras in the model; or "".
        line: of the user's code, in words; or "".
        is_activation: whether it is a part of one of Keras's activations.
    """

    layer: str
    line: str
    is_activation: bool = False

    @classmethod
    def of(cls, frame: FrameType | None) -> Caller | None:
        """Who called; None where it is something inside a layer of Keras."""
        line, operation = "", ""
        is_own = False
        while frame is not None:
            file = frame.f_code.co_filename
            if file.startswith(SUITE):
                break
            if frame.f_code.co_name == "compute_mask":
                return None  # the mask is told
            if file.startswith(KERAS):
                if "backend/tensorflow/rnn.py" in file and not line and not is_own:
                    return None  # the masks of a loop
                module = frame.f_globals.get("__name__", "") + "."
                is_own = is_own or module.startswith(ACTIVATIONS)
            elif not line and not _is_between(file):
                line = f" (line {frame.f_lineno} of {Path(file).name})"
            owner = frame.f_locals.get("self")
            if isinstance(owner, keras.Model) and operation and not line:
                return cls(operation, line)  # an operation in the model's graph
            if isinstance(owner, keras.Operation) and not isinstance(
                owner, keras.Layer
            ):
                operation = operation or owner.name
            elif isinstance(owner, keras.Layer):
                is_own = is_own or "padding" in type(owner).__module__
                if line or is_own:
                    return cls(owner.name, line, is_own)
                return None
            frame = frame.f_back
        return cls("", line) if line else None

    def place(self, word: str) -> str:
        """Where an operation is, in words."""
        return f"{word} in `{self.layer}`" if self.layer else f"{word}{self.line}"


def users_line() -> Line | None:
    """The line of the user's source that runs just now, if one does."""
    return line_of(sys._getframe(1), PASSED, SUITE)  # noqa: SLF001


@contextmanager
def lines_noted(lines: dict[int, list[Line | None]]) -> Iterator[None]:
    """Note from which lines of the user's source layers are put into graphs.

    Args:
        lines: gets those of each operation, by its identity, in order.
    """

    def note(operation: keras.Operation) -> None:
        lines.setdefault(id(operation), []).append(users_line())

    with nodes_noted(note):
        yield
