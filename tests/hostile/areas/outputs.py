"""Files that are written: over inputs, into nothing, onto devices, without room."""

from __future__ import annotations

import os
from pathlib import Path

from case import SAME, Case, Content
from saved import damaged, half, saved

PAIR = """
import keras
from torch import nn

torch_model = lambda: nn.Linear(3, 2)
keras_model = lambda: keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
input_shape = ("batch", 3)
"""
FOREIGN = "somebody's own work\n"


def _link(to: str) -> Content:
    return lambda path: os.symlink(to, path)


def _link_to_itself(path: Path) -> None:
    os.symlink(path.name, path)


def _hard_link(to: str) -> Content:
    return lambda path: os.link(path.with_name(to), path)


def _protected_folder(path: Path) -> None:
    path.mkdir()
    path.chmod(0o555)


def _protected(path: Path) -> None:
    path.write_text(FOREIGN)
    path.chmod(0o444)


OPTIONS = {
    "run-json": ("run", "pair.py", "--json"),
    "explain-json": ("explain", "pair.py", "--json"),
    "explain-reproduce": ("explain", "pair.py", "--reproduce"),
    "train-json": ("train", "pair.py", "--json"),
    "train-plot": ("train", "pair.py", "--plot"),
}

# Where an option's file goes, and what lies there.
PLACES: dict[str, tuple[str, dict[str, Content]]] = {
    "the-pair-file": ("pair.py", {}),
    "the-pair-file-by-another-path": ("./folder/../pair.py", {"folder/x": "x"}),
    "a-link-to-the-pair-file": ("link", {"link": _link("pair.py")}),
    "a-hard-link-to-the-pair-file": ("hard", {"hard": _hard_link("pair.py")}),
    "a-foreign-file": ("theirs", {"theirs": FOREIGN}),
    "a-link-to-a-foreign-file": ("link", {"theirs": FOREIGN, "link": _link("theirs")}),
    "a-folder": ("folder", {"folder/x": "x"}),
    "a-link-loop": ("loop", {"loop": _link_to_itself}),
    "a-device": ("/dev/full", {}),
    "a-pipe": ("pipe", {"pipe": os.mkfifo}),
    "no-folder": ("no/file", {}),
    "a-protected-file": ("theirs", {"theirs": _protected}),
    "a-protected-folder": ("closed/file", {"closed": _protected_folder}),
    "a-long-name": ("x" * 300, {}),
    "a-name-of-control-characters": ("no\x1b[2J/file", {}),
    "an-empty-name": ("", {}),
}


def cases() -> list[Case]:
    """Outputs of `run`, `explain`, `train`, `new` and `transfer`."""
    return [*_of_pairs(), *_two_at_once(), *_new(), *_of_transfers()]


def _of_pairs() -> list[Case]:
    made = []
    for option, argv in OPTIONS.items():
        for place, (path, files) in PLACES.items():
            if option == "train-plot" and path and not path.startswith(("/", "no")):
                path, files = _as_picture(path, files)
            made.append(_case(f"{option}-onto-{place}", (*argv, path), files))
    return made


def _as_picture(path: str, files: dict[str, Content]) -> tuple[str, dict[str, Content]]:
    """The same place under a name that a picture may have."""
    renamed = {}
    for name, content in files.items():
        renamed[f"{name}.png" if name == path else name] = content
    if path in files:
        return f"{path}.png", renamed
    return path, files


def _two_at_once() -> list[Case]:
    pair = {"prices.csv": "Date,A,B\n2020-01-01,1,2\n"}
    return [
        _case(
            "two-outputs-in-one-file",
            ("explain", "pair.py", "--json", "o", "--reproduce", "o"),
            {},
        ),
        _case(
            "two-outputs-by-two-paths",
            ("explain", "pair.py", "--json", "o", "--reproduce", "./o"),
            {},
        ),
        _case(
            "json-onto-prices",
            ("run", "gru_layer", "--prices", "prices.csv", "--json", "prices.csv"),
            pair,
        ),
        _case(
            "json-onto-a-hard-link-to-prices",
            ("run", "gru_layer", "--prices", "prices.csv", "--json", "hard"),
            {**pair, "hard": _hard_link("prices.csv")},
        ),
        _case(
            "json-onto-the-second-pair-file",
            ("run", "pair.py", "other.py", "--json", "other.py"),
            {"other.py": PAIR},
        ),
    ]


def _new() -> list[Case]:
    made = []
    places: dict[str, tuple[str, dict[str, Content]]] = {
        "a-foreign-file": ("theirs.py", {"theirs.py": FOREIGN}),
        "a-link-to-nothing": ("link.py", {"link.py": _link("nothing.py")}),
        "a-link-loop": ("loop.py", {"loop.py": _link("loop.py")}),
        "a-folder": ("folder.py", {"folder.py/x": "x"}),
        "a-protected-folder": ("closed/new.py", {"closed": _protected_folder}),
        "a-long-name": ("x" * 300 + ".py", {}),
        "control-characters": ("no\x1b[2J/new.py", {}),
        "markup": ("no[red]/new.py", {}),
    }
    for name, (path, files) in places.items():
        statuses: tuple[int, ...] = (2,)
        changed: tuple[str, ...] = ()
        if name == "a-link-to-nothing":
            statuses, changed = (0, 2), ("nothing.py",)
        made.append(
            Case(
                f"outputs/new-onto-{name}",
                ("new", path),
                files=files,
                statuses=statuses,
                changed=changed,
            )
        )
    made.append(
        Case("outputs/new-without-room", ("new", "new.py"), bytes_per_file=1_000)
    )
    return made


def _of_transfers() -> list[Case]:
    files: dict[str, Content] = {
        "fc.pt": saved("fc.pt"),
        "fc.keras": saved("fc.keras"),
        "fc.safetensors": saved("fc.safetensors"),
    }
    argv = ("transfer", "fc.pt", "fc.keras")
    places: dict[str, tuple[str, dict[str, Content]]] = {
        "the-source": ("fc.pt", {}),
        "a-link-to-the-source": ("link", {"link": _link("fc.pt")}),
        "a-hard-link-to-the-source": (
            "hard.keras",
            {"hard.keras": _hard_link("fc.pt")},
        ),
        "a-foreign-file": ("theirs.keras", {"theirs.keras": FOREIGN}),
        "no-folder": ("no/out.keras", {}),
        "a-folder": ("folder", {"folder/x": "x"}),
        "a-device": ("/dev/full", {}),
        "a-pipe": ("pipe.keras", {"pipe.keras": os.mkfifo}),
        "a-link-loop": ("loop.keras", {"loop.keras": _link("loop.keras")}),
        "a-protected-folder": ("closed/o.keras", {"closed": _protected_folder}),
        "a-long-name": ("x" * 300 + ".keras", {}),
    }
    made = []
    for name, (path, more) in places.items():
        made.append(
            Case(
                f"outputs/transfer-onto-{name}",
                (*argv, "--out", path),
                files={**files, **more},
                imports="frameworks",
                warm="protected" not in name,
            )
        )
    made += [
        Case(
            "outputs/transfer-into-itself",
            ("transfer", "fc.pt", "fc.pt"),
            files=files,
            imports="frameworks",
            warm=True,
        ),
        Case(
            "outputs/transfer-into-a-link-to-the-source",
            ("transfer", "fc.pt", "link.safetensors"),
            files={**files, "link.safetensors": _link("fc.pt")},
            imports="frameworks",
            warm=True,
        ),
        Case(
            "outputs/transfer-keeps-the-target-with-out",
            (*argv, "--out", "out.keras"),
            files=files,
            statuses=(SAME,),
            changed=("out.keras",),
            imports="frameworks",
            warm=True,
        ),
        Case(
            "outputs/transfer-through-a-link-to-the-target",
            ("transfer", "fc.pt", "link.keras"),
            files={**files, "link.keras": _link("fc.keras")},
            statuses=(SAME,),
            changed=("fc.keras",),
            imports="frameworks",
            warm=True,
        ),
        Case(
            "outputs/transfer-without-room",
            argv,
            files=files,
            bytes_per_file=5_000,
            imports="frameworks",
        ),
        Case(
            "outputs/transfer-from-half-a-file-leaves-the-target",
            ("transfer", "half.pt", "fc.keras"),
            files={**files, "half.pt": damaged("fc.pt", half)},
            imports="frameworks",
            warm=True,
        ),
    ]
    return made


def _case(name: str, argv: tuple[str, ...], files: dict[str, Content]) -> Case:
    return Case(
        f"outputs/{name}",
        argv,
        files={"pair.py": PAIR, **files},
        imports="numpy",
    )
