"""How the cases of ports are put together."""

from __future__ import annotations

from collections.abc import Mapping

from case import REFUSED, SAME, Case, Content
from keras_bytes import Model, content
from saved import Damage

OUT = "out"
FILES = (
    "model.py",
    "model.safetensors",
    "check.py",
    "example.safetensors",
    "README.md",
    "evidence.json",
)
WRITTEN = (OUT, *(f"{OUT}/{name}" for name in FILES))
EITHER = (SAME, REFUSED)
SECONDS = 2.0  # of the processor, until a file is refused
SECONDS_OF_A_PROOF = 20.0  # of a small model


def port(
    name: str,
    file: Content,
    ending: str,
    says: str = "",
    statuses: tuple[int, ...] = (REFUSED,),
    options: tuple[str, ...] = (),
    files: Mapping[str, Content] | None = None,
    warm: bool = True,
    lines: int = 12,
) -> Case:
    """A port of one file into a folder that is not there.

    Args:
        name: of the case.
        file: what is ported.
        ending: of its name.
        says: what has to be in what is printed.
        statuses: that are right.
        options: of the command beside the file and the folder.
        files: that lie beside it.
        warm: whether frameworks may have been loaded before.
        lines: of the refusal at most, in a terminal of 80 columns.
    """
    source = f"odd{ending}"
    return Case(
        f"ports/{name}",
        ("port", source, "--out", OUT, *options),
        files={source: file, **(files or {})},
        statuses=statuses,
        says=says,
        changed=WRITTEN if SAME in statuses else (),
        imports="numpy",
        warm=warm,
        lines=lines,
        seconds=SECONDS if statuses == (REFUSED,) else SECONDS_OF_A_PROOF,
    )


def both(
    name: str, model: Model, says: str = "", statuses: tuple[int, ...] = (REFUSED,)
) -> list[Case]:
    """A port of a model in both of the layouts that Keras has.

    The older one is not that of a whole model where there are no arrays.
    """
    kinds = {"zip": ".keras", "hdf5": ".h5"}
    if not model.arrays:
        del kinds["hdf5"]
    return [
        port(f"{name}-in-{kind}", content(model, ending), ending, says, statuses)
        for kind, ending in kinds.items()
    ]


def damaged(model: Model, ending: str, damage: Damage) -> Content:
    """A model in a file whose bytes are changed afterwards."""

    def make(path) -> None:  # type: ignore[no-untyped-def]
        whole = model.keras() if ending == ".keras" else model.h5()
        path.write_bytes(damage(whole))

    return make
