"""Files of safetensors with odd headers."""

from __future__ import annotations

import json
import struct

from case import Case

from areas.weights.transfers import NESTED, both


def _tensors(header: object, data: bytes = bytes(64)) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def _entry(**changes: object) -> dict[str, object]:
    return {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24], **changes}


def _named(name: str) -> bytes:
    return _tensors({name: _entry()}, bytes(24))


HEADERS: dict[str, bytes] = {
    "length-beyond-the-file": struct.pack("<Q", 2**40) + b"{}",
    "length-of-2-64": b"\xff" * 8 + b"{}",
    "length-0": bytes(8),
    "null": _tensors(None),
    "list": _tensors([1, 2]),
    "empty": _tensors({}, b""),
    "number-for-entry": _tensors({"fc.weight": 3}),
    "unknown-dtype": _tensors({"fc.weight": _entry(dtype="F3")}),
    "negative-shape": _tensors({"fc.weight": _entry(shape=[-2, -3])}),
    "huge-shape": _tensors({"fc.weight": _entry(shape=[2**40, 2**40])}),
    "fraction-shape": _tensors({"fc.weight": _entry(shape=[1.5, 4])}),
    "shape-a-word": _tensors({"fc.weight": _entry(shape="wide")}),
    "offsets-backwards": _tensors({"fc.weight": _entry(data_offsets=[24, 0])}),
    "offsets-beyond": _tensors({"fc.weight": _entry(data_offsets=[0, 2**50])}),
    "offsets-overlap": _tensors({"fc.weight": _entry(), "fc.bias": _entry()}),
    "offsets-missing": _tensors({"fc.weight": {"dtype": "F32", "shape": [2, 3]}}),
    "deep": struct.pack("<Q", 2 * NESTED) + b"[" * NESTED + b"]" * NESTED,
    "not-utf-8": struct.pack("<Q", 4) + b"\xff\xfe\xfd\xfc",
    "name-escape": _named("\x1b[2J.weight"),
    "name-newline": _named("fc\nweight"),
    "name-long": _named("x" * 100_000),
    "name-right-to-left": _named("a\u202eb.weight"),
    "many-names": _tensors({f"n{i}": _entry() for i in range(20_000)}),
    "nan": _tensors({"fc.weight": _entry()}, b"\xff" * 24),
    "complex": _tensors({"fc.weight": _entry(dtype="C64")}, bytes(24)),
    "metadata-a-number": _tensors({"__metadata__": 3, "fc.weight": _entry()}),
}


def cases() -> list[Case]:
    made = []
    for name, content in HEADERS.items():
        made += both(f"header-{name}", ".safetensors", content)
    return made
