"""The commands that are interrupted, what they read, and what they write."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PAIR_FILE = """\
import keras
from torch import nn


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(4, 6, batch_first=True)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        h, _ = self.rnn(x)
        return self.head(h[:, {step}])


def in_keras():
    layers = keras.layers
    return keras.Sequential([layers.GRU(6), layers.Dense(2)])


torch_model, keras_model = InPyTorch, in_keras
input_shape = ("batch", 8, 4)
"""
PORT = {
    "model.py",
    "model.safetensors",
    "check.py",
    "example.safetensors",
    "README.md",
    "evidence.json",
}
SAVED = """\
import torch
import keras
import right

torch.save(right.InPyTorch().state_dict(), "source.pt")
model = right.in_keras()
model.build((None, 8, 4))
model.save("target.keras")
"""


@dataclass(frozen=True)
class Command:
    """A command that is interrupted.

    Args:
        text: the arguments of the command line.
        status: where nobody interrupts it.
        checks: by the name of each file that it writes: raises unless it is whole.
    """

    text: str
    status: int
    checks: dict[str, Callable[[Path], object]] = field(default_factory=dict)


def is_json(path: Path) -> None:
    """Raise ValueError for half a document."""
    json.loads(path.read_text(encoding="utf-8"))


def is_picture(path: Path) -> None:
    """Raise ValueError for a PNG picture without its end."""
    if not path.read_bytes().endswith(b"IEND\xaeB`\x82"):
        raise ValueError("no end of a picture")


def is_script(path: Path) -> None:
    """Raise an error for a script without its end."""
    text = path.read_text(encoding="utf-8")
    ast.parse(text)
    if "sys.exit(" not in text.splitlines()[-1]:
        raise ValueError("no end of a script")


def is_archive(path: Path) -> None:
    """Raise an error for half a .keras file."""
    with zipfile.ZipFile(path) as archive:
        if archive.testzip() is not None:
            raise ValueError("a damaged archive")


def is_port(path: Path) -> None:
    """Raise an error for a part of a port."""
    names = {file.name for file in path.iterdir()}
    if names != PORT:
        raise ValueError(f"a port of {sorted(names)}")
    for name in names:
        content = (path / name).read_bytes()
        if name.endswith(".py"):
            ast.parse(content)
        if name.endswith(".json"):
            json.loads(content)


COMMANDS = (
    Command("run gru_layer", 0),
    Command("run right.py", 0),
    Command("run gru_layer --json e.json", 0, {"e.json": is_json}),
    Command(
        "train stock_price --epochs 20 --json e.json --plot p.png",
        0,
        {"e.json": is_json, "p.png": is_picture},
    ),
    Command(
        "explain wrong.py --json e.json --reproduce s.py",
        1,
        {"e.json": is_json, "s.py": is_script},
    ),
    Command(
        "transfer source.pt target.keras --out out.keras",
        0,
        {"out.keras": is_archive},
    ),
    Command("port target.keras --out port", 0, {"port": is_port}),
)


def write_inputs(folder: Path) -> None:
    """Write what the commands read into a folder."""
    (folder / "right.py").write_text(PAIR_FILE.format(step=-1))
    (folder / "wrong.py").write_text(PAIR_FILE.format(step=0))
    subprocess.run(
        [sys.executable, "-B", "-c", SAVED], cwd=folder, check=True, capture_output=True
    )
