"""What a user's own model raises when it takes no input; loads no framework."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from compare.errors import BadInput
from compare.one_line import class_and_message

PATHS = sysconfig.get_paths()
SUITE = str(Path(__file__).parent.parent)
# What the names of files begin with that are not a user's own.
INSTALLED = (
    PATHS["stdlib"],
    PATHS["purelib"],
    PATHS["platlib"],
    SUITE,
    "<",  # no file
)
PACKAGES = {"site-packages", "dist-packages"}  # of another installation as well
# What is installed for the suite: an error that passes these alone is not a user's.
# fmt: off
NEEDED = {
    "absl", "astunparse", "fsspec", "functorch", "gast", "google", "h5py", "jax",
    "jaxlib", "jinja2", "keras", "libclang", "markdown_it", "matplotlib", "ml_dtypes",
    "mpl_toolkits", "mpmath", "namex", "networkx", "numpy", "opt_einsum", "optree",
    "packaging", "pluggy", "_pytest", "pytest", "pygments", "rich", "safetensors",
    "sympy", "tensorboard", "tensorflow", "termcolor", "torch", "torchgen", "triton",
    "typing_extensions", "wrapt", "xdist",
}
# fmt: on


class Refused(ValueError):
    """A user's model raised what models do not raise to refuse an input.

    The message is one line that begins with the kind: `AssertionError: needs ten steps
    (mine.py, line 12)`.
    """


@contextmanager
def refused(
    refusals: tuple[type[Exception], ...],
    origin: Callable[[Exception], Exception],
    message: Callable[[Exception], str],
) -> Iterator[None]:
    """Whatever the code of a user's model raises inside is a refusal.

    Args:
        refusals: exceptions that are refusals already.
        origin: gives what the code itself raised, where a framework has reworded it.
        message: gives what a refusal says, in one line.

    Raises:
        Refused: in the place of any other exception, and of a refusal that the code
            did not mean as one, such as an IndexError: it names the line.
        BadInput: in the place of a NameError, which no input can cause.
    """
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        raised = origin(error)
        line = _line_of_origin(raised)
        # By their classes: what a user's exception says of its own may be anything.
        kind = type(error)
        # A NotImplementedError is a RuntimeError, which is a refusal of PyTorch.
        if issubclass(kind, refusals) and not issubclass(kind, NotImplementedError):
            if not line or _is_meant(raised):
                raise
            raise Refused(f"{message(error)} ({line})") from error
        text = class_and_message(raised)
        if isinstance(raised, NameError):
            raise BadInput(
                f"{line or 'model'}: expected code that runs, got {text}; correct it "
                "there"
            ) from error
        if line:
            text += f" ({line})"
        raise Refused(text) from error


def _is_meant(error: Exception) -> bool:
    """Whether a user's own code raised a ValueError, as models do that refuse."""
    frames = places(error)
    return issubclass(type(error), ValueError) and is_users_own(frames[-1].file)


@dataclass(frozen=True)
class Place:
    """Where an exception passed.

    Args:
        file: name of a file, as a traceback gives it.
        line: number of the line, from 1.
    """

    file: str
    line: int


def places(error: BaseException) -> list[Place]:
    """Where an exception passed, the place at which it was raised at the end.

    No file is read for it, as `traceback.extract_tb` does.
    """
    return [
        Place(frame.f_code.co_filename, line or 0)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]


def is_users_own(file: str) -> bool:
    """Whether code in a file of this name, as a traceback gives it, is a user's own."""
    if not file or file.startswith(INSTALLED):
        return False
    return PACKAGES.isdisjoint(Path(file).parts)


def is_installed_by_user(file: str) -> bool:
    """Whether code in a file is of a package that the suite itself does not need."""
    folders = Path(file).parts
    for folder, name in pairwise(folders):
        if folder in PACKAGES:
            return Path(name).stem not in NEEDED and not file.startswith(SUITE)
    return False


def is_suite(file: str) -> bool:
    """Whether code in a file of this name is of this suite."""
    return Path(file).is_relative_to(SUITE)


def _line_of_origin(error: Exception) -> str:
    """The line of a user's own code that an exception comes from, if there is one."""
    line = ""
    for place in places(error):
        if is_users_own(place.file):
            line = f"{Path(place.file).name}, line {place.line}"
    return line
