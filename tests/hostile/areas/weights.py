"""Weight files: damaged, foreign, boundless, and such as would run code."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

from case import REFUSED, SAME, Case, Content
from folders import CANARY
from saved import KERAS, PYTORCH, damaged, half, original, saved

CONFIG = "config.json"
NESTED = 100_000  # lists inside each other


def cases() -> list[Case]:
    """Files as source and as target of `transfer`."""
    return [
        *_right(),
        *_damages(),
        *_places(),
        *_pickles(),
        *_safetensors(),
        *_archives(),
        *_hdf5(),
    ]


def _source(name: str, ending: str, content: Content, **options: object) -> Case:
    """A case with a file of a name's ending as source, and a right one as target."""
    target = "fc.keras" if ending in PYTORCH else "fc.pt"
    return _case(
        f"{name}{ending}-as-source",
        ("transfer", f"odd{ending}", target),
        {f"odd{ending}": content, target: saved(target)},
        **options,
    )


def _target(name: str, ending: str, content: Content, **options: object) -> Case:
    """A case with such a file as target, and a right one as source."""
    source = "fc.keras" if ending in PYTORCH else "fc.pt"
    return _case(
        f"{name}{ending}-as-target",
        ("transfer", source, f"odd{ending}"),
        {f"odd{ending}": content, source: saved(source)},
        **options,
    )


def _both(name: str, ending: str, content: Content, **options: object) -> list[Case]:
    return [
        _source(name, ending, content, **options),
        _target(name, ending, content, **options),
    ]


def _case(
    name: str, argv: tuple[str, ...], files: dict[str, Content], **options: object
) -> Case:
    settings = {"warm": True, "imports": "frameworks", **options}
    return Case(f"weights/{name}", argv, files=files, **settings)  # type: ignore[arg-type]


# -------------------------------------------------------------------- any kind of file


def _right() -> list[Case]:
    """Files that nothing has happened to, so that the others are known to be odd."""
    made = []
    for ending in (*PYTORCH, *KERAS):
        content = saved(f"fc{ending}")
        changed = ("fc.keras",) if ending in PYTORCH else ("fc.pt",)
        right = {"statuses": (SAME,), "changed": changed}
        made.append(_source("right-", ending, content, **right))
        right["changed"] = (f"odd{ending}",)
        made.append(_target("right-", ending, content, **right))
    whole = ("transfer", "fc.pt", "fc.keras")
    made.append(
        _case(
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
            made += _both(name, ending, damaged(f"fc{ending}", damage))
        for name, damage in HARMLESS.items():
            content = damaged(f"fc{ending}", damage)
            other = "fc.keras" if ending in PYTORCH else "fc.pt"
            either = {"statuses": (SAME, REFUSED), "changed": (other, f"odd{ending}")}
            made += _both(name, ending, content, **either)
        foreign = "fc.keras" if ending != ".keras" else "fc.weights.h5"
        if ending not in (".pt", ".pth"):  # PyTorch's own are zips as Keras's are
            foreign = "fc.pt"
        made += _both("of-another-kind-", ending, saved(foreign))
    return made


def _places() -> list[Case]:
    made = []
    for ending in (".pt", ".safetensors", ".keras", ".h5"):
        for name, content in LINKS.items():
            made += _both(name, ending, content)
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
        made.append(_case(f"path-{name}", argv, files))
    return made


# ----------------------------------------------------------------------------- pickles


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


def _pickles() -> list[Case]:
    made = []
    for name, value in {**CODE, **PICKLES}.items():
        made += _both(f"pickle-{name}", ".pt", damaged("fc.pt", _pickled(value)))
    for name, value in CODE.items():
        content = pickle.dumps(value, 2)
        made.append(_source(f"bare-pickle-{name}", ".pt", content))
        made.append(_source(f"bare-pickle-{name}", ".pth", content))
    deep = b"\x80\x02" + b"]" * NESTED + b"a" * (NESTED - 1) + b"."
    endless = b"\x80\x02" + b"(" * 500_000 + b"."
    made += _both(
        "pickle-deep", ".pt", damaged("fc.pt", lambda whole: _with_pickle(whole, deep))
    )
    made += _both(
        "pickle-marks",
        ".pt",
        damaged("fc.pt", lambda whole: _with_pickle(whole, endless)),
    )
    for name in ("module.pt", "script.pt"):
        made += _both(name.removesuffix(".pt"), ".pt", saved(name))
    right = {"statuses": (SAME,), "changed": ("fc.keras",)}
    made.append(_source("old-layout", ".pt", saved("old.pt"), **right))
    return made


# ------------------------------------------------------------------------- safetensors


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


def _safetensors() -> list[Case]:
    made = []
    for name, content in HEADERS.items():
        made += _both(f"header-{name}", ".safetensors", content)
    return made


# ---------------------------------------------------------------- archives of Keras


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


def _archives() -> list[Case]:
    made = []
    helper = {"helper.py": f"open('{CANARY}-beside', 'w').close()\nclass Mine: pass\n"}
    for name, change in CONFIGS.items():
        either: dict[str, object] = {}
        if name in MAY_DO:
            either = {"statuses": (SAME, REFUSED), "changed": ("fc.pt", "odd.keras")}
        for case in _both(f"config-{name}", ".keras", _with_config(change), **either):
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
        made += _both(name, ".keras", content)
    for name, entry in {
        "path-upwards": "../canary-above",
        "path-of-the-root": "/tmp/canary-of-the-root",
        "asset": "assets/canary.py",
    }.items():
        case = _target(f"zip-{name}", ".keras", _archive_with(entry, b"x"))
        made.append(_allowed(case, "odd.keras"))
    made.append(_target("zip-encrypted", ".keras", damaged("fc.keras", _encrypted)))
    return made


def _allowed(case: Case, *changed: str) -> Case:
    """The same case, which may work as well."""
    from dataclasses import replace

    return replace(case, statuses=(SAME, REFUSED), changed=changed)


# -------------------------------------------------------------------------------- HDF5


def _edited(name: str, edit: Callable[..., object]) -> Content:
    """A file of HDF5 in which something was edited.

    Args:
        name: of the file that is right.
        edit: takes the open file.
    """

    def make(path: Path) -> None:
        import h5py

        path.write_bytes(original(name))
        with h5py.File(path, "a") as file:
            edit(file)

    return make


def _kernel(**options: object) -> Callable[..., object]:
    """Another kernel in the place of the right one, as h5py makes data sets."""

    def edit(file) -> None:  # type: ignore[no-untyped-def]
        file.create_dataset(_without_kernel(file), **options)

    return edit


def _without_kernel(file) -> str:  # type: ignore[no-untyped-def]
    """Where the kernel was; it is taken out."""
    kernels = []

    def look(name: str, item) -> None:  # type: ignore[no-untyped-def]
        if len(getattr(item, "shape", ())) == 2:
            kernels.append(name)

    file.visititems(look)
    del file[kernels[0]]
    return kernels[0]


def _linked(link: Callable[..., object]) -> Callable[..., object]:
    """A link in the place of the kernel.

    Args:
        link: takes the module `h5py`.
    """

    def edit(file) -> None:  # type: ignore[no-untyped-def]
        import h5py

        file[_without_kernel(file)] = link(h5py)

    return edit


def _ring(file) -> None:  # type: ignore[no-untyped-def]
    file["again"] = file["/"]


def _doubled(file) -> None:  # type: ignore[no-untyped-def]
    """Groups linked twice on 40 levels: 2^40 paths in a few kilobytes."""
    group = file
    for level in range(40):
        below = file.create_group(f"level{level}")
        group["left"], group["right"] = below, below
        group = below


def _many(file) -> None:  # type: ignore[no-untyped-def]
    for index in range(3_000):
        file.create_group(f"group{index}")


def _deep(file) -> None:  # type: ignore[no-untyped-def]
    group = file
    for _ in range(1_500):
        group = group.create_group("g")


def _odd_name(name: str) -> Callable[..., object]:
    def edit(file) -> None:  # type: ignore[no-untyped-def]
        file.create_group(f"layers/{name}/vars")
        file[f"layers/{name}/vars"].create_dataset("0", data=[[1.0, 2.0]])

    return edit


def _null(file) -> None:  # type: ignore[no-untyped-def]
    import h5py

    file[_without_kernel(file)] = h5py.Empty("float32")


EDITS: dict[str, Callable[..., object]] = {
    "kernel-of-words": _kernel(data=[b"a", b"b"]),
    "kernel-of-integers": _kernel(data=[[1, 2], [3, 4], [5, 6]]),
    "kernel-of-another-shape": _kernel(data=[[1.0, 2.0]]),
    "kernel-scalar": _kernel(data=1.0),
    "kernel-complex": _kernel(shape=(3, 2), dtype="complex64"),
    "kernel-compound": _kernel(shape=(3, 2), dtype=[("a", "f4"), ("b", "i4")]),
    "kernel-of-bytes": _kernel(shape=(3, 2), dtype="V12"),
    "kernel-null": _null,
    "kernel-of-a-terabyte": _kernel(shape=(10**6, 10**6), dtype="f4", chunks=(64, 64)),
    "kernel-of-8-gigabytes-packed": _kernel(
        shape=(3, 700_000_000), dtype="f4", chunks=(3, 1_000_000), compression="gzip"
    ),
    "kernel-of-64-axes": _kernel(shape=(1,) * 32, dtype="f4"),
    "kernel-a-soft-link-to-nothing": _linked(lambda h5py: h5py.SoftLink("/nothing")),
    "kernel-a-soft-link-to-itself": _linked(
        lambda h5py: h5py.SoftLink("/layers/dense/vars/0")
    ),
    "kernel-an-external-link": _linked(
        lambda h5py: h5py.ExternalLink("/etc/passwd", "/")
    ),
    "kernel-an-external-link-to-itself": _linked(
        lambda h5py: h5py.ExternalLink("odd.h5", "/")
    ),
    "ring": _ring,
    "doubled-40-times": _doubled,
    "3000-groups": _many,
    "1500-deep": _deep,
    "name-escape": _odd_name("\x1b[2J"),
    "name-newline": _odd_name("fc\nwrote"),
    "name-long": _odd_name("x" * 20_000),
}


# Groups without arrays are nobody's, and stay.
HARMLESS_EDITS = ("3000-groups", "1500-deep", "ring", "doubled-40-times")


def _hdf5() -> list[Case]:
    made = []
    for ending in (".weights.h5", ".h5"):
        for name, edit in EDITS.items():
            content = _edited(f"fc{ending}", edit)
            either: dict[str, object] = {}
            nobodys = ending == ".h5" and name in ("name-escape", "name-newline")
            if name in HARMLESS_EDITS or nobodys or name == "kernel-of-integers":
                changed = ("fc.pt", f"odd{ending}")
                either = {"statuses": (SAME, REFUSED), "changed": changed}
            made += _both(f"hdf5-{name}", ending, content, **either)
    made += _both("lambda-layer", ".h5", saved("lambda.h5"))
    return made
