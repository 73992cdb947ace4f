"""What the names of arrays in a cell by hand say: the gate, and what is multiplied."""

from __future__ import annotations

import re
from typing import Literal

Role = Literal["x", "h"]  # what a matrix is multiplied with

# Words and letters for a gate, by the gate's letter in PyTorch.
WORDS = {
    "i": ("i", "input", "in"),
    "f": ("f", "forget"),
    "g": ("g", "c", "cell", "candidate", "cand", "memory"),
    "o": ("o", "output", "out"),
    "r": ("r", "reset"),
    "z": ("z", "u", "update"),
    "n": ("n", "h", "candidate", "cand", "new", "hidden", "tilde"),
}
FOR_X = ("x", "ih", "x2h", "i2h", "wx", "kernel", "w", "input", "wih", "xh")
FOR_H = ("hh", "h2h", "wh", "recurrent", "u", "r", "rec", "hidden", "whh")
ENDINGS = ("weight", "kernel", "bias", "linear", "gate", "proj", "fc")


def tokens_of(name: str) -> list[str]:
    """The words of a name, without those that say no more than that it is an array."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    words = [word.lower() for word in re.split(r"[._]", spaced) if word]
    return [word for word in words if word not in ENDINGS] or words[-1:]


def gate_of(name: str, gates: str) -> str | None:
    """The gate that an array is of, by its name; None where that does not tell."""
    tokens = tokens_of(name)
    for token in reversed(tokens):
        for gate in gates:
            if token in WORDS.get(gate, (gate,)):
                return gate
    last = tokens[-1]
    # As in W_xi, W_hi, Wi, Ui, bi, b_ii, b_hi: the last letter is the gate's.
    if 2 <= len(last) <= 3 and last[0] in "wurbxih":
        for gate in gates:
            if last[-1] in WORDS.get(gate, (gate,)):
                return gate
    return None


def role_of(name: str) -> Role | None:
    """What an array of all gates is multiplied with, by its name."""
    tokens = [re.sub(r"_l\d+$", "", token) for token in tokens_of(name)]
    words = [*tokens, "".join(tokens)]
    if any(word in FOR_H for word in words):
        return "h"
    return "x" if any(word in FOR_X for word in words) else None


def role_beside_gate(name: str, gates: str) -> Role | None:
    """What an array of one gate is multiplied with, by its name."""
    tokens = tokens_of(name)
    last = tokens[-1]
    if len(last) in (2, 3) and last not in sum(WORDS.values(), ()):
        letter = last[-2]  # W_xi, W_hi, Wxi; Wi and Ui have the matrix's own letter
        return "h" if letter in "hur" else "x"
    if len(tokens) > 1:
        tokens = tokens[:-1]  # the last one is the gate's
    for token in tokens:
        if token in ("u", "r", "h", "hh", "h2h", "recurrent", "hidden", "wh"):
            return "h"
        if token in ("w", "x", "i", "ih", "x2h", "i2h", "input", "wx"):
            return "x"
    return None
