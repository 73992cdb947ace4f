"""HDF5 files of Keras in which something was edited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from case import REFUSED, SAME, Case, Content
from saved import original, saved

from areas.weights.transfers import both


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


def cases() -> list[Case]:
    made = []
    for ending in (".weights.h5", ".h5"):
        for name, edit in EDITS.items():
            content = _edited(f"fc{ending}", edit)
            either: dict[str, object] = {}
            nobodys = ending == ".h5" and name in ("name-escape", "name-newline")
            if name in HARMLESS_EDITS or nobodys or name == "kernel-of-integers":
                changed = ("fc.pt", f"odd{ending}")
                either = {"statuses": (SAME, REFUSED), "changed": changed}
            made += both(f"hdf5-{name}", ending, content, **either)
    made += both("lambda-layer", ".h5", saved("lambda.h5"))
    return made
