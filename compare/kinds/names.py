"""The names of kinds, with and without their options."""

from __future__ import annotations

import builtins
import keyword
import re
from functools import cache

# What the lines of a port read beside Python's own names and its variables.
OF_LINES = frozenset(["F", "dim", "math", "nn", "self", "torch"])


def own(kinds: tuple[str, str]) -> bool:
    """Return whether both layers are classes that their user wrote, not of a framework.

    Args:
        kinds: names of the class in PyTorch and in Keras.
    """
    return kinds[0].endswith("(Module)") and kinds[1].endswith(("(Layer)", "(Model)"))


@cache
def plain(kind: str) -> str:
    """Return a kind without the options that do not change what its arrays mean."""
    names = [re.sub(r"\((relu|.*=.*)\)$", "", name) for name in kind.split(" and ")]
    return " and ".join(dict.fromkeys(names))


def snake(name: str) -> str:
    """Write the name of a class as Keras names a layer after it: PReLU, p_re_lu."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def identifier(name: str) -> str:
    """A name of a layer as one of Python: "conv 1/b" becomes conv_1_b."""
    text = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    text = text or "layer"
    if text[0].isdigit():
        text = f"layer_{text}"
    if keyword.iskeyword(text):
        text += "_"
    return text


def variable(word: str) -> str:
    """A name for a variable that hides nothing: sum becomes sum_."""
    return f"{word}_" if word in OF_LINES or hasattr(builtins, word) else word


def plain_number(value: float) -> str:
    """A float as one writes it: 1e-5, where Python has 1e-05."""
    return repr(value).replace("e+", "e").replace("e-0", "e-")
