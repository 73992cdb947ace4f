"""Files that are no file of Keras, or a damaged one."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path

from case import REFUSED, Case, Content
from keras_bytes import METADATA, Model, content, right, zipped
from saved import original

from areas.ports.ported import EITHER, both, damaged, port

# Where a file breaks off: a part of its bytes.
PARTS = (0.01, 0.2, 0.5, 0.9, 0.99)

HARMLESS = (
    "metadata-of-a-list",
    "metadata-with-odd-version",
    "metadata-with-many-digits",
)


class _Code:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch canary-of-a-pickle",)


def cases() -> list[Case]:
    """Damaged and foreign files under the endings of Keras."""
    return [
        *_broken_off(),
        *_foreign(),
        *_of_zips(),
        *_not_files(),
        *_of_json(),
    ]


def _part(part: float, whole: bytes) -> bytes:
    return whole[: int(len(whole) * part)]


def _broken_off() -> list[Case]:
    made = []
    for ending in (".keras", ".h5", ".hdf5"):
        for part in PARTS:
            file = damaged(right(), ending, partial(_part, part))
            made.append(port(f"{part:.0%}-of-a{ending}", file, ending, "odd."))
    return made


def _foreign() -> list[Case]:
    contents: dict[str, Content] = {
        "empty": b"",
        "text": "This is not a model.\n" * 50,
        "html": "<!DOCTYPE html><html><body>404</body></html>",
        "zeros": bytes(10_000),
        "pickle": pickle.dumps(_Code()),
        "pointer-of-git-lfs": "version https://git-lfs.github.com/spec/v1\n",
        "torch": lambda path: path.write_bytes(original("fc.pt")),
        "safetensors": lambda path: path.write_bytes(original("fc.safetensors")),
        "zip-of-nothing": zipped({}),
        "wrong-magic": damaged(right(), ".h5", _with_wrong_magic),
        "version-of-hdf5": damaged(right(), ".h5", _of_another_version),
    }
    made = []
    for name, file in contents.items():
        for ending in (".keras", ".h5"):
            cold = name in ("pickle", "text")
            made.append(port(f"{name}{ending}", file, ending, "odd.", warm=not cold))
    return made


def _with_wrong_magic(whole: bytes) -> bytes:
    return b"\x89HDX" + whole[4:]


def _of_another_version(whole: bytes) -> bytes:
    return whole[:8] + b"\x7f" + whole[9:]


def _entries(model: Model) -> dict[str, bytes]:
    import json

    return {
        "metadata.json": json.dumps(METADATA).encode(),
        "config.json": model.text.encode(),
        "model.weights.h5": model.weights(),
    }


def _zip(change: Callable[[dict[str, bytes]], object]) -> Content:
    """A zip whose entries were changed."""

    def make(path: Path) -> None:
        entries = _entries(right())
        change(entries)
        path.write_bytes(zipped(entries))

    return make


def _twice(path: Path) -> None:
    import warnings
    import zipfile

    path.write_bytes(right().keras())
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore", UserWarning)
        archive.writestr("config.json", "{}")


def _packed(name: str, size: int) -> Content:
    """A zip with zeros that were packed to a thousandth."""

    def make(path: Path) -> None:
        import zipfile

        entries = _entries(right())
        entries.pop(name, None)
        path.write_bytes(zipped(entries))
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, bytes(size))

    return make


def _without(name: str) -> Content:
    return _zip(lambda entries: entries.pop(name))


def _with(name: str, content: bytes) -> Content:
    return _zip(lambda entries: entries.update({name: content}))


def _of_zips() -> list[Case]:
    files = {
        "without-a-configuration": _without("config.json"),
        "without-weights": _without("model.weights.h5"),
        "of-two-configurations": _twice,
        "path-traversal": _with("../canary", b"x"),
        "absolute-path": _with("/tmp/canary", b"x"),
        "bomb-of-weights": _packed("model.weights.h5", 2 * 10**8),
        "bomb-of-json": _packed("config.json", 2 * 10**8),
        "bomb-of-assets": _packed("assets/words.txt", 2 * 10**8),
        "pickle-as-weights": _with("model.weights.h5", pickle.dumps(_Code())),
        "metadata-of-a-list": _with("metadata.json", b"[1, 2]"),
        "metadata-of-text": _with("metadata.json", b"not json"),
        "metadata-with-odd-version": _with(
            "metadata.json", b'{"keras_version": "3.\\u001b[2J9\\nDone"}'
        ),
        "metadata-with-many-digits": _with(
            "metadata.json", b'{"keras_version": "' + b"9" * 5_000 + b'"}'
        ),
    }
    made = []
    for name, file in files.items():
        statuses, says = (REFUSED,), "odd.keras"
        if name in HARMLESS:
            statuses, says = EITHER, ""
        cold = name == "path-traversal"
        made.append(port(f"zip-{name}", file, ".keras", says, statuses, warm=not cold))
    return made


def _unreadable(path: Path) -> None:
    path.write_bytes(right().keras())
    path.chmod(0)


def _with_a_hole(path: Path) -> None:
    with open(path, "wb") as file:
        file.write(right().h5())
        file.truncate(10**11)


def _not_files() -> list[Case]:
    made = []
    for ending in (".keras", ".h5"):
        made += [
            port(f"folder{ending}", Path.mkdir, ending, "a folder"),
            port(f"pipe{ending}", os.mkfifo, ending, "a pipe"),
            port(f"link-to-itself{ending}", _link_to_itself, ending, "odd."),
            port(f"link-to-zeros{ending}", _link_to_zeros, ending, "a device"),
            port(f"unreadable{ending}", _unreadable, ending, "odd.", warm=False),
        ]
    made.append(port("100-gigabytes-of-hole", _with_a_hole, ".h5", "odd.h5"))
    return made


def _link_to_itself(path: Path) -> None:
    os.symlink(path.name, path)


def _link_to_zeros(path: Path) -> None:
    os.symlink("/dev/zero", path)


def _of_json() -> list[Case]:
    texts = {
        "text-for-json": "def model(): pass",
        "json-of-a-number": "12",
        "json-of-null": "null",
        "json-of-a-list": "[]",
        "json-of-an-empty-object": "{}",
        "json-broken-off": right().text[:-30],
        "json-nested-10000-deep": "[" * 10_000 + "]" * 10_000,
        "json-objects-nested-3000-deep": '{"config":' * 3_000 + "1" + "}" * 3_000,
        "json-with-a-number-of-5000-digits": right().text.replace("2", "2" * 5_000),
        "json-with-a-nul": right().text.replace("fc", "f\\u0000c"),
        "json-with-half-a-letter": right().text.replace("fc", "f\\ud800c"),
        "json-of-a-megabyte-of-spaces": " " * 1_000_000,
    }
    made = []
    for name, text in texts.items():
        model = Model(text, right().arrays)
        if len(text) > 50_000:  # an attribute of HDF5 holds less
            made.append(port(name, content(model, ".keras"), ".keras", "odd."))
        else:
            made += both(name, model, "odd.")
    return made
