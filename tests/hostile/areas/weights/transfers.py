"""Cases of `transfer` with an odd file as source or as target."""

from __future__ import annotations

from case import Case, Content
from saved import PYTORCH, saved

NESTED = 100_000  # lists inside each other


def source(name: str, ending: str, content: Content, **options: object) -> Case:
    """A case with a file of a name's ending as source, and a right one as target."""
    target = "fc.keras" if ending in PYTORCH else "fc.pt"
    return transfer(
        f"{name}{ending}-as-source",
        ("transfer", f"odd{ending}", target),
        {f"odd{ending}": content, target: saved(target)},
        **options,
    )


def target(name: str, ending: str, content: Content, **options: object) -> Case:
    """A case with such a file as target, and a right one as source."""
    source = "fc.keras" if ending in PYTORCH else "fc.pt"
    return transfer(
        f"{name}{ending}-as-target",
        ("transfer", source, f"odd{ending}"),
        {f"odd{ending}": content, source: saved(source)},
        **options,
    )


def both(name: str, ending: str, content: Content, **options: object) -> list[Case]:
    return [
        source(name, ending, content, **options),
        target(name, ending, content, **options),
    ]


def transfer(
    name: str, argv: tuple[str, ...], files: dict[str, Content], **options: object
) -> Case:
    settings = {"warm": True, "imports": "frameworks", **options}
    return Case(f"weights/{name}", argv, files=files, **settings)  # type: ignore[arg-type]
