"""Pair files: code that fails, odd encodings, results, inputs, names and settings."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field

from case import DIFFERS, REFUSED, SAME, Case, Content

from areas.pair_texts import (
    AGREEING,
    ERRORS,
    GOOD,
    HEAD,
    INPUTS,
    JUDGED,
    KERAS,
    MODELS,
    OPTIONS,
    RESULTS,
    SETTINGS,
    SHAPE,
    TORCH,
    UNHEARD,
)


@dataclass(frozen=True)
class Variant:
    """A pair file, and how its run may end.

    Args:
        text: of the file.
        statuses: exit statuses that are right.
        files: what lies beside it.
    """

    text: Content
    statuses: tuple[int, ...] = (REFUSED,)
    files: dict[str, Content] = field(default_factory=dict)


def _module(body: str) -> str:
    """A pair file whose PyTorch model has this forward."""
    return (
        HEAD
        + "class Mine(nn.Module):\n"
        + "    def __init__(self):\n"
        + "        super().__init__()\n"
        + "        self.fc = nn.Linear(3, 2)\n"
        + "    def forward(self, x):\n"
        + f"        {body}\n"
        + "torch_model = Mine\n"
        + KERAS
        + SHAPE
    )


def _in_torch(body: str) -> str:
    """A pair file whose function for PyTorch's model begins with this."""
    text = f"def torch_model():\n    {body}\n    return nn.Linear(3, 2)\n"
    return HEAD + text + KERAS + SHAPE


FILES: dict[str, Variant] = {
    "empty": Variant(b""),
    "binary": Variant(random.Random(0).randbytes(3_000)),
    "null-bytes": Variant(b"x = 1\0\n"),
    "utf-16": Variant(GOOD.encode("utf-16"), (SAME, REFUSED)),
    "utf-16-without-mark": Variant(GOOD.encode("utf-16-le"), (REFUSED,)),
    "utf-8-with-mark": Variant(GOOD.encode("utf-8-sig"), (SAME,)),
    "latin-1-undeclared": Variant(b"# caf\xe9\n" + GOOD.encode(), (SAME, REFUSED)),
    "latin-1-declared": Variant(
        b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + GOOD.encode(), (SAME,)
    ),
    "unknown-encoding": Variant("# -*- coding: odd -*-\n" + GOOD),
    "carriage-returns": Variant(GOOD.replace("\n", "\r\n"), (SAME,)),
    "old-mac-returns": Variant(GOOD.replace("\n", "\r"), (SAME, REFUSED)),
    "form-feeds": Variant("\f\n" + GOOD, (SAME,)),
    "unclosed": Variant(GOOD + "x = (\n"),
    "tabs-and-spaces": Variant("if True:\n\tx = 1\n        y = 2\n"),
    "python-2": Variant("print 'hello'\n"),
    "deep": Variant("x = " + "(" * 5_000 + ")" * 5_000 + "\n"),
    "long-line": Variant(GOOD + "_x = '" + "x" * 2_000_000 + "'\n", (SAME,)),
    "notebook": Variant('{"cells": [], "nbformat": 4}\n'),
    "html": Variant("<!doctype html>\n<html></html>\n"),
    "folder": Variant(lambda path: path.mkdir()),
    "link-loop": Variant(lambda path: os.symlink(path.name, path)),
    "link-to-nothing": Variant(lambda path: os.symlink("gone.py", path)),
    "pipe": Variant(os.mkfifo),
    "terminal": Variant(lambda path: os.symlink("/dev/tty", path)),
    "zeros-without-end": Variant(lambda path: os.symlink("/dev/zero", path)),
    "helper-beside": Variant(
        GOOD + "import helper\n", (SAME,), {"helper.py": "SIZE = 3\n"}
    ),
    "helper-that-fails": Variant(
        GOOD + "import helper\n", files={"helper.py": "raise ValueError('mine')\n"}
    ),
    "helper-of-nonsense": Variant(
        GOOD + "import helper\n", files={"helper.py": "def (\n"}
    ),
    "helper-in-a-function": Variant(
        GOOD.replace("return nn", "import helper; return nn"),
        (SAME,),
        {"helper.py": "SIZE = 3\n"},
    ),
    "a-compare-beside": Variant(GOOD, (SAME,), {"compare.py": "raise SystemExit\n"}),
    "keras-models-beside": Variant(
        GOOD + "from keras_models import mine\n",
        (SAME, REFUSED),
        {"keras_models/__init__.py": "", "keras_models/mine.py": ""},
    ),
}


def cases() -> list[Case]:
    """Pair files, most of them run in a process that has both frameworks."""
    variants = dict(FILES)
    for name, body in ERRORS.items():
        variants[f"file-{name}"] = Variant(_at_top(body))
        # A ValueError is how a model refuses to be made: one of two, then.
        variants[f"maker-{name}"] = Variant(_in_torch(body), (DIFFERS, REFUSED))
    for name, body in RESULTS.items():
        statuses = (DIFFERS, REFUSED)
        if name in AGREEING:
            statuses = (SAME,)
        variants[f"result-{name}"] = Variant(_module(body), statuses)
    for name, line in SETTINGS.items():
        variants[f"setting-{name}"] = Variant(GOOD + line + "\n", _after(name))
    for name, line in SETTINGS.items():
        text = _module(f"{line}; return self.fc(x)")
        variants[f"setting-in-forward-{name}"] = Variant(text, _after(name))
    for name, line in INPUTS.items():
        variants[f"input-{name}"] = Variant(HEAD + TORCH + KERAS + line)
    for name, line in OPTIONS.items():
        variants[f"option-{name}"] = Variant(GOOD + line)
    for name, line in MODELS.items():
        statuses = (DIFFERS, REFUSED)
        if name in JUDGED:
            statuses = (SAME, DIFFERS, REFUSED)
        variants[f"model-{name}"] = Variant(GOOD + line, statuses)
    made = [_case(name, variant) for name, variant in variants.items()]
    made += [_several(), _of_one_name(), _with_markup()]
    return made


def _at_top(body: str) -> str:
    """A pair file that does this when it is read."""
    lines = body.replace("\n    ", "\n").replace("return torch_model()", "f()")
    return GOOD + ("def f(): f()\n" if "f()" in lines else "") + lines + "\n"


def _after(setting: str) -> tuple[int, ...]:
    if setting in UNHEARD:
        return (SAME, REFUSED)
    return (SAME,)


def _case(name: str, variant: Variant) -> Case:
    return Case(
        f"pairs/{name}",
        ("run", "pair.py"),
        files={"pair.py": variant.text, **variant.files},
        statuses=variant.statuses,
        imports="frameworks",
        warm=True,
        seconds=2.0 if REFUSED in variant.statuses else 20.0,
    )


def _several() -> Case:
    """One of three that fails leaves the others their verdicts."""
    bad = GOOD + "raise ValueError('mine')\n"
    return Case(
        "pairs/second-of-three-fails",
        ("run", "a.py", "b.py", "c.py"),
        files={"a.py": GOOD, "b.py": bad, "c.py": GOOD},
        says="b.py",
        imports="frameworks",
        warm=True,
        seconds=20.0,
        lines=60,
    )


def _of_one_name() -> Case:
    return Case(
        "pairs/two-of-one-name",
        ("run", "a/mine.py", "b/mine.py"),
        files={"a/mine.py": GOOD, "b/mine.py": GOOD},
        statuses=(SAME,),
        says="b/mine",
        imports="frameworks",
        warm=True,
        seconds=20.0,
    )


def _with_markup() -> Case:
    return Case(
        "pairs/named-as-markup",
        ("run", "[red]x.py"),
        files={"[red]x.py": GOOD},
        statuses=(SAME,),
        says="[red]x",
        imports="frameworks",
        warm=True,
        seconds=20.0,
    )
