"""`.keras` archives with odd configurations and entries."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

from case import REFUSED, SAME, Case, Content
from folders import CANARY
from saved import damaged, saved

from areas.weights.transfers import NESTED, both, target

CONFIG = "config.json"


def _with_config(change: Callable[[dict[str, object]], object]) -> Content:
    """A file of Keras whose configuration is another."""

    def damage(content: bytes) -> bytes:
        return _with_entry(content, change)

    return damaged("fc.keras", damage)


def _with_entry(content: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    new = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(new, "w") as to,
    ):
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == CONFIG:
                changed = change(json.loads(data))
                data = changed if isinstance(changed, bytes) else _json(changed)
            to.writestr(entry.filename, data)
    return new.getvalue()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _replaced(config: object) -> Callable[[dict[str, object]], object]:
    return lambda _: config


def _in_dense(**changes: object) -> Callable[[dict[str, object]], object]:
    """A change of the dense layer's entry in a configuration."""

    def change(config: dict[str, object]) -> object:
        layers = config["config"]["layers"]  # type: ignore[index]
        layers[-1].update(changes)
        return config

    return change


def _in_settings(**changes: object) -> Callable[[dict[str, object]], object]:
    """A change of the dense layer's settings."""

    def change(config: dict[str, object]) -> object:
        layers = config["config"]["layers"]  # type: ignore[index]
        layers[-1]["config"].update(changes)
        return config

    return change


LAMBDA = {
    "class_name": "__lambda__",
    "config": {"value": "4wEAAAAAAAAAAAAAAAEAAABDAAAAcwQAAABkAFMAKQFOqQA="},
}
CONFIGS: dict[str, Callable[[dict[str, object]], object]] = {
    "null": _replaced(None),
    "list": _replaced([]),
    "word": _replaced("Dense"),
    "not-json": lambda _: b"{not json",
    "not-utf-8": lambda _: b"\xff\xfe\xfd",
    "deep": lambda _: b"[" * NESTED + b"]" * NESTED,
    "of-another-module": _in_dense(module="os", class_name="system"),
    "of-a-registered-name": _in_dense(registered_name="mine>Dense", module=None),
    "of-a-file-beside": _in_dense(module="helper", class_name="Mine"),
    "of-an-unknown-class": _in_dense(class_name="Dence"),
    "of-a-class-with-escape": _in_dense(class_name="\x1b[2J"),
    "of-a-long-class": _in_dense(class_name="x" * 100_000),
    "of-a-number": _in_dense(class_name=3),
    "without-settings": _in_dense(config=None),
    "units-negative": _in_settings(units=-2),
    "units-huge": _in_settings(units=10**12),
    "units-a-word": _in_settings(units="two"),
    "units-deep": _in_settings(units=[[[[]]]]),
    "name-escape": _in_settings(name="\x1b[2J\x1b[31m"),
    "name-newline": _in_settings(name="fc\nwrote everything"),
    "name-long": _in_settings(name="x" * 100_000),
    "name-a-number": _in_settings(name=3),
    "activation-lambda": _in_settings(activation=LAMBDA),
    "activation-of-os": _in_settings(
        activation={"class_name": "function", "config": "system", "module": "os"}
    ),
    "activation-unknown": _in_settings(activation="tahn"),
    "initializer-lambda": _in_settings(kernel_initializer=LAMBDA),
    "dtype-unknown": _in_settings(dtype="float7"),
    "a-quantised-dtype": _in_settings(quantization_config={"class_name": "os"}),
}

# Nothing of these is read: the arrays alone count, and nothing is built.
MAY_DO = (
    "of-an-unknown-class",  # its arrays have the right names and shapes
    "units-huge",
    "units-negative",
    "units-a-word",
    "units-deep",
    "name-a-number",
    "activation-unknown",
    "initializer-lambda",
    "dtype-unknown",
    "a-quantised-dtype",
)


def _zip(*entries: tuple[str, bytes], packed: int = zipfile.ZIP_STORED) -> bytes:
    new = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(new, "w", packed) as to:
        warnings.simplefilter("ignore", UserWarning)  # of one name twice
        for name, data in entries:
            to.writestr(name, data)
    return new.getvalue()


def _archive_without(name: str) -> Content:
    def damage(content: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(content)) as source:
            names = [entry for entry in source.namelist() if entry != name]
            return _zip(*[(entry, source.read(entry)) for entry in names])

    return damaged("fc.keras", damage)


def _archive_with(name: str, data: bytes) -> Content:
    def damage(content: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(content)) as source:
            entries = [(entry, source.read(entry)) for entry in source.namelist()]
        return _zip(*entries, (name, data))

    return damaged("fc.keras", damage)


def _bomb(path: Path) -> None:
    """A zip of a megabyte that claims to hold a gigabyte."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as to:
        with to.open("model.weights.h5", "w") as entry:
            for _ in range(1000):
                entry.write(bytes(1_000_000))
        to.writestr(CONFIG, "{}")


def _encrypted(content: bytes) -> bytes:
    """Every entry marked as encrypted."""
    return content.replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    )


def cases() -> list[Case]:
    made = []
    helper = {"helper.py": f"open('{CANARY}-beside', 'w').close()\nclass Mine: pass\n"}
    for name, change in CONFIGS.items():
        either: dict[str, object] = {}
        if name in MAY_DO:
            either = {"statuses": (SAME, REFUSED), "changed": ("fc.pt", "odd.keras")}
        for case in both(f"config-{name}", ".keras", _with_config(change), **either):
            case.files.update(helper)  # type: ignore[attr-defined]
            made.append(case)
    contents: dict[str, Content] = {
        "empty-zip": _zip(),
        "zip-without-configuration": _archive_without(CONFIG),
        "zip-without-weights": _archive_without("model.weights.h5"),
        "zip-bomb": _bomb,
        "zip-of-5000-entries": _zip(*[(f"entry{i}", b"x") for i in range(5_000)]),
        "zip-of-one-name-twice": _archive_with(CONFIG, b"{}"),
        "zip-weights-no-hdf5": _zip((CONFIG, b"{}"), ("model.weights.h5", b"text")),
        "lambda-layer": saved("lambda.keras"),
    }
    for name, content in contents.items():
        made += both(name, ".keras", content)
    for name, entry in {
        "path-upwards": "../canary-above",
        "path-of-the-root": "/tmp/canary-of-the-root",
        "asset": "assets/canary.py",
    }.items():
        case = target(f"zip-{name}", ".keras", _archive_with(entry, b"x"))
        made.append(_allowed(case, "odd.keras"))
    made.append(target("zip-encrypted", ".keras", damaged("fc.keras", _encrypted)))
    return made


def _allowed(case: Case, *changed: str) -> Case:
    """The same case, which may work as well."""
    from dataclasses import replace

    return replace(case, statuses=(SAME, REFUSED), changed=changed)
