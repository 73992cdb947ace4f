"""Files of `torch.save` with odd pickles."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable

from case import SAME, Case
from folders import CANARY
from saved import damaged, saved

from areas.weights.transfers import NESTED, both, source


class _Calls:
    """What calls a function when it is unpickled."""

    def __init__(self, function: Callable[..., object], *arguments: object):
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.function, self.arguments


def _pickled(value: object) -> Callable[[bytes], bytes]:
    """A damage: another pickle in a file of PyTorch."""

    def damage(content: bytes) -> bytes:
        return _with_pickle(content, pickle.dumps(value, 2))

    return damage


def _with_pickle(content: bytes, pickled: bytes) -> bytes:
    """A file of PyTorch with another `data.pkl`."""
    new = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(new, "w") as to,
    ):
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename.endswith("data.pkl"):
                data = pickled
            to.writestr(entry.filename, data)
    return new.getvalue()


def _recursive() -> list[object]:
    value: list[object] = []
    value.append(value)
    return value


MARK = f"open('{CANARY}-of-a-pickle', 'w').close()"
CODE: dict[str, object] = {
    "exec": _Calls(exec, MARK),
    "eval": _Calls(eval, MARK),
    "system": _Calls(os.system, f"touch {CANARY}-of-a-pickle"),
    "open": _Calls(open, f"{CANARY}-of-a-pickle", "w"),
    "in-a-list": {"model": [1, {"deep": _Calls(exec, MARK)}]},
    "as-a-key": {"fc.weight": 1, "optimizer": _Calls(exec, MARK)},
    "reference": os.system,
}
PICKLES: dict[str, object] = {
    "none": None,
    "number": 3,
    "list-of-words": ["fc.weight", "fc.bias"],
    "dictionary-of-numbers": {"fc.weight": 1, "fc.bias": 2},
    "recursive": _recursive(),
    "6-gigabytes-of-bytes": _Calls(bytearray, 6_000_000_000),
    "a-range-as-list": _Calls(list, range(10**9)),
}


def cases() -> list[Case]:
    made = []
    for name, value in {**CODE, **PICKLES}.items():
        made += both(f"pickle-{name}", ".pt", damaged("fc.pt", _pickled(value)))
    for name, value in CODE.items():
        content = pickle.dumps(value, 2)
        made.append(source(f"bare-pickle-{name}", ".pt", content))
        made.append(source(f"bare-pickle-{name}", ".pth", content))
    deep = b"\x80\x02" + b"]" * NESTED + b"a" * (NESTED - 1) + b"."
    endless = b"\x80\x02" + b"(" * 500_000 + b"."
    made += both(
        "pickle-deep", ".pt", damaged("fc.pt", lambda whole: _with_pickle(whole, deep))
    )
    made += both(
        "pickle-marks",
        ".pt",
        damaged("fc.pt", lambda whole: _with_pickle(whole, endless)),
    )
    for name in ("module.pt", "script.pt"):
        made += both(name.removesuffix(".pt"), ".pt", saved(name))
    right = {"statuses": (SAME,), "changed": ("fc.keras",)}
    made.append(source("old-layout", ".pt", saved("old.pt"), **right))
    return made
