"""What is to be ported from PyTorch to Keras, checked; loads neither framework."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compare import foreign
from compare.errors import BadInput
from compare.one_line import printable
from compare.porting import folder
from compare.porting.user_file import split
from compare.porting.wishes import CHECK, EVIDENCE, MODEL, README

ENDINGS = (".pt", ".pth", ".safetensors")
WEIGHTS, EXAMPLE = "model.weights.h5", "example.h5"
FILES = (MODEL, WEIGHTS, CHECK, EXAMPLE, README, EVIDENCE)
MEANINGS = {
    MODEL: "the source",
    WEIGHTS: "its weights",
    CHECK: "runs the stored example",
    EXAMPLE: "a few inputs, and what the original makes of them",
    README: "this text",
    EVIDENCE: "all figures of the comparison",
}

# "batch" first, or second behind the time; names where a size is open.
Shape = tuple[int | str, ...]


@dataclass(frozen=True)
class BackWish:
    """What is to be ported back, and where to.

    Args:
        weights: the file with them.
        made_by: the user's file, and after a colon the name of what makes the module.
        shapes: of its inputs, such as ("batch", "time", 40); none where the user's file
            or the module tells.
        folder: where the port goes.
        seed: of inputs and random weights.
        stub: whether to leave what Keras cannot have for the user to write.
        pictured: whether a page draws the twins at work.
    """

    weights: Path
    made_by: str
    shapes: tuple[Shape, ...]
    folder: Path
    seed: int
    stub: bool = False
    pictured: bool = False


def is_of_pytorch(path: str) -> bool:
    """Whether a file holds weights of PyTorch, by its ending."""
    return path.lower().endswith(ENDINGS)


def wished_back(
    path: str,
    out: str,
    made_by: str | None,
    shapes: Sequence[str],
    force: bool,
    seed: int,
    stub: bool = False,
) -> BackWish:
    """Check what is to be ported from PyTorch to Keras.

    Args:
        path: of the weights.
        out: of the folder.
        made_by: the user's file, and after a colon the name of what makes the module.
        shapes: of the module's inputs in order, as text: "batch,time,40".
        force: whether files of an earlier port may be overwritten.
        seed: of inputs and random weights.
        stub: whether to leave what Keras cannot have for the user to write.

    Raises:
        BadInput: if something is missing, or cannot be read or written.
    """
    if made_by is None:
        raise BadInput(
            f"port {printable(path)}: expected --model, since weights of PyTorch do "
            "not say what computes with them, got none; name the file and the class, "
            "such as --model my_net.py:Net"
        )
    split("--model", made_by)
    target = folder.checked(out, FILES, force)
    foreign.check_file(Path(path))
    if not os.path.getsize(path):
        raise BadInput(f"{path}: expected a file, got an empty one; save it again")
    sizes = tuple(map(_sizes, shapes))
    return BackWish(Path(path), made_by, sizes, target, seed, stub)


def _sizes(text: str) -> Shape:
    """The shape in "batch,time,40".

    Raises:
        BadInput: if it is none.
    """
    sizes: list[int | str] = []
    for word in text.split(","):
        word = word.strip()
        if word.isdigit() and int(word) > 0:
            sizes.append(int(word))
        elif word.isidentifier():
            sizes.append(word)
    is_whole = len(sizes) == len(text.split(","))
    if not is_whole or "batch" not in sizes[:2]:
        raise BadInput(
            "--input: expected a shape such as batch,time,40, or time,batch,40 where "
            "the module takes time first, with names for sizes that are open, got "
            f"{printable(text)}; write it so"
        )
    return tuple(sizes)
