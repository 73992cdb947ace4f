"""Where a port is written, and configurations that are given beside it."""

from __future__ import annotations

import os
from pathlib import Path

from case import Case, Content
from keras_bytes import (
    Model,
    content,
    dense,
    functional,
    input_layer,
    right,
    sequential,
)

MODEL = {"odd.keras": content(right(), ".keras")}
FOREIGN = "somebody's own work\n"


def _closed(path: Path) -> None:
    path.mkdir()
    path.chmod(0o555)


def _link(to: str) -> Content:
    return lambda path: os.symlink(to, path)


# What --out says, and what lies there.
PLACES: dict[str, tuple[str, dict[str, Content]]] = {
    "a-file": ("theirs", {"theirs": FOREIGN}),
    "the-model": ("odd.keras", {}),
    "inside-the-model": ("odd.keras/out", {}),
    "a-closed-folder": ("closed", {"closed": _closed}),
    "in-a-closed-folder": ("closed/out", {"closed": _closed}),
    "a-link-loop": ("loop", {"loop": _link("loop")}),
    "in-a-link-loop": ("loop/out", {"loop": _link("loop")}),
    "a-folder-with-a-port": ("out", {"out/model.py": FOREIGN}),
    "a-folder-with-a-link-of-the-name": ("out", {"out/model.py": _link("nothing")}),
    "no-folder": ("no/out", {}),
    "a-pipe": ("pipe", {"pipe": os.mkfifo}),
    "a-device": ("/dev/null", {}),
    "a-long-name": ("x" * 300, {}),
    "a-path-of-5000-letters": ("x/" * 2_500, {}),
    "control-characters": ("no\x1b[2J/out", {}),
    "an-empty-name": ("", {}),
}


def _beside(name: str, config: Content | None, *more: str, **files: Content) -> Case:
    """A port of weights with a configuration of its own."""

    def make(path: Path) -> None:
        path.write_bytes(right().weights())

    beside = {} if config is None else {"config.json": config}
    return Case(
        f"ports/config-{name}",
        ("port", "fc.weights.h5", "--out", "out", "--config", "config.json", *more),
        files={"fc.weights.h5": make, **beside, **files},
        says="fc" if name in UNFIT or "numbers" in name else "config.json",
        imports="numpy",
        warm=True,
        lines=12,
    )


UNFIT = {
    "of-another-layer": sequential(input_layer(3), dense("fc", 5)),
    "of-more-layers": sequential(input_layer(3), dense("fc", 2), dense("other", 4)),
    "of-another-input": sequential(input_layer(9), dense("fc", 2)),
    "of-no-layers": sequential(),
    "of-no-calls": functional([], [], []),
}


def _spaces(path: Path) -> None:
    """A gigabyte of spaces, of which the disk holds all."""
    with open(path, "wb") as file:
        for _ in range(64):
            file.write(b" " * 2**24)


def cases() -> list[Case]:
    """Places that cannot be written, and configurations that do not fit."""
    made = []
    for name, (out, files) in PLACES.items():
        made.append(
            Case(
                f"ports/out-{name}",
                ("port", "odd.keras", "--out", out),
                files={**MODEL, **files},
                imports="numpy",
                warm="closed" not in name,
                says="--out" if out else "",
                lines=12,
            )
        )
    folder = {"out/model.py/theirs": FOREIGN}
    made.append(
        Case(
            "ports/out-a-folder-in-the-place-of-a-file",
            ("port", "odd.keras", "--out", "out", "--force"),
            files={**MODEL, **folder},
            says="--out",
            imports="numpy",
            warm=True,
        )
    )
    for name, config in UNFIT.items():
        made.append(_beside(name, Model(config).text))
    made += [
        _beside("not-there", None),
        _beside("of-text", "not json"),
        _beside("empty", b""),
        _beside("of-bytes", bytes(range(256))),
        _beside("nested-10000-deep", "[" * 10_000),
        _beside("a-folder", Path.mkdir),
        _beside("a-pipe", os.mkfifo),
        _beside("a-device", _link("/dev/zero")),
        _beside("a-gigabyte-of-spaces", _spaces),
        _beside("of-a-list-of-numbers", "[1, 2]"),
        _beside("of-layers-that-are-numbers", '{"layers": [1, 2]}'),
        Case(
            "ports/no-model",
            ("port", "nothing.keras", "--out", "out"),
            says="nothing.keras",
            imports="numpy",
            warm=True,
        ),
        Case(
            "ports/weights-alone",
            ("port", "fc.weights.h5", "--out", "out"),
            files={"fc.weights.h5": right().weights()},
            says="--config",
            imports="numpy",
            warm=True,
        ),
    ]
    return made
