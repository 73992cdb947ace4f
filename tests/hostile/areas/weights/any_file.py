"""Files of any kind: right, damaged, in odd places."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from case import REFUSED, SAME, Case, Content
from saved import KERAS, PYTORCH, damaged, half, saved

from areas.weights.transfers import both, source, target, transfer


def _right() -> list[Case]:
    """Files that nothing has happened to, so that the others are known to be odd."""
    made = []
    for ending in (*PYTORCH, *KERAS):
        content = saved(f"fc{ending}")
        changed = ("fc.keras",) if ending in PYTORCH else ("fc.pt",)
        right = {"statuses": (SAME,), "changed": changed}
        made.append(source("right-", ending, content, **right))
        right["changed"] = (f"odd{ending}",)
        made.append(target("right-", ending, content, **right))
    whole = ("transfer", "fc.pt", "fc.keras")
    made.append(
        transfer(
            "right-as-a-command",
            whole,
            {"fc.pt": saved("fc.pt"), "fc.keras": saved("fc.keras")},
            statuses=(SAME,),
            changed=("fc.keras",),
            warm=False,
        )
    )
    return made


def _flipped(content: bytes) -> bytes:
    """One byte in the middle of the first kilobyte turned round."""
    place = min(len(content) // 2, 500)
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def _repeated(content: bytes) -> bytes:
    return content + content


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty-": lambda content: b"",
    "one-byte-": lambda content: content[:1],
    "half-": half,
    "without-its-end-": lambda content: content[:-20],
    "zeros-": lambda content: bytes(len(content)),
    "ones-": lambda content: b"\xff" * len(content),
    "text-": lambda content: b"these are no weights\n" * 50,
    "json-": lambda content: b'{"fc": [[1, 2], [3, 4]]}',
}

# What may be right after all: a byte of a name, of padding, or of a number.
HARMLESS: dict[str, Callable[[bytes], bytes]] = {
    "flipped-": _flipped,
    "with-more-at-its-end-": lambda content: content + b"more" * 100,
    "twice-": _repeated,
}

LINKS: dict[str, Content] = {
    "folder-": lambda path: path.mkdir(),
    "link-loop-": lambda path: os.symlink(path.name, path),
    "link-to-nothing-": lambda path: os.symlink("nothing", path),
    "pipe-": os.mkfifo,
    "zeros-without-end-": lambda path: os.symlink("/dev/zero", path),
    "8-gigabytes-of-nothing-": lambda path: _hole(path),
}


def _hole(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(8_000_000_000)


def _damages() -> list[Case]:
    made = []
    for ending in (*PYTORCH, *KERAS):
        for name, damage in DAMAGES.items():
            made += both(name, ending, damaged(f"fc{ending}", damage))
        for name, damage in HARMLESS.items():
            content = damaged(f"fc{ending}", damage)
            other = "fc.keras" if ending in PYTORCH else "fc.pt"
            either = {"statuses": (SAME, REFUSED), "changed": (other, f"odd{ending}")}
            made += both(name, ending, content, **either)
        foreign = "fc.keras" if ending != ".keras" else "fc.weights.h5"
        if ending not in (".pt", ".pth"):  # PyTorch's own are zips as Keras's are
            foreign = "fc.pt"
        made += both("of-another-kind-", ending, saved(foreign))
    return made


def _places() -> list[Case]:
    made = []
    for ending in (".pt", ".safetensors", ".keras", ".h5"):
        for name, content in LINKS.items():
            made += both(name, ending, content)
    for name, argv in {
        "missing": ("transfer", "no.pt", "fc.keras"),
        "missing-target": ("transfer", "fc.pt", "no.keras"),
        "unknown-ending": ("transfer", "fc.bin", "fc.keras"),
        "no-ending": ("transfer", "fc", "fc.keras"),
        "two-of-pytorch": ("transfer", "fc.pt", "fc.safetensors"),
        "two-of-keras": ("transfer", "fc.keras", "fc.h5"),
        "url": ("transfer", "https://127.0.0.1/fc.pt", "fc.keras"),
        "control-characters": ("transfer", "\x1b[2J.pt", "fc.keras"),
        "long": ("transfer", "x" * 5_000 + ".pt", "fc.keras"),
        "standard-input": ("transfer", "/dev/stdin", "fc.keras"),
        "unknown-layer": ("transfer", "fc.pt", "fc.keras", "--names", "gone=fc"),
        "unknown-twin": ("transfer", "fc.pt", "fc.keras", "--names", "fc=gone"),
    }.items():
        files = {
            f"fc{ending}": saved(f"fc{ending}")
            for ending in (".pt", ".safetensors", ".keras", ".h5")
        }
        made.append(transfer(f"path-{name}", argv, files))
    return made


def cases() -> list[Case]:
    """Files of any kind as source and as target of `transfer`."""
    return [*_right(), *_damages(), *_places()]
