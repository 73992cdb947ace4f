"""What is to be ported, checked and read; loads neither framework."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from compare.errors import BadInput
from compare.porting import folder
from compare.porting.reading import Saved, read
from compare.porting.user_file import split
from compare.porting.writing.writable import check_writable

MODEL, WEIGHTS, CHECK = "model.py", "model.safetensors", "check.py"
EXAMPLE, README, EVIDENCE = "example.safetensors", "README.md", "evidence.json"
TWIN = "keras_model.py"
FILES = (MODEL, WEIGHTS, CHECK, EXAMPLE, README, EVIDENCE)

MEANINGS = {
    MODEL: "the source",
    WEIGHTS: "its weights",
    CHECK: "runs the stored example",
    EXAMPLE: "a few inputs, and what the original makes of them",
    README: "this text",
    EVIDENCE: "all figures of the comparison",
    TWIN: "the same model as source of Keras 3",
}


@dataclass(frozen=True)
class Wish:
    """What is to be ported, and where to; checked, and read already.

    Args:
        path: of the file.
        saved: what was read from it.
        folder: where the port goes.
        twin: whether to write the model as source of Keras 3 as well.
        seed: of inputs and random weights.
    """

    path: Path
    saved: Saved
    folder: Path
    twin: bool
    seed: int

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the port's files."""
        return names_of_files(self.twin)


def names_of_files(twin: bool) -> tuple[str, ...]:
    """The files of a port, with the Keras source or without."""
    return (*FILES, TWIN) if twin else FILES


def check_config(config: str | None, made_by: str | None) -> None:
    """Raise BadInput where two options say what the model is."""
    if config is not None and made_by is not None:
        raise BadInput(
            "expected --config or --from to say what the model is, got both; drop one"
        )
    if made_by is not None:
        split("--from", made_by)


def wished(
    path: str,
    out: str,
    config: str | None = None,
    twin: bool = False,
    force: bool = False,
    seed: int = 0,
    content: str = "",
) -> Wish:
    """Check and read what is to be ported; neither framework is loaded.

    Arguments are those of `compare.api.port`, but for one.

    Args:
        path: of the file.
        out: of the folder.
        config: of the configuration, where `content` has none.
        twin: as in `Wish`.
        force: whether files of an earlier port may be overwritten.
        seed: as in `Wish`.
        content: the file to read, if that is another than `path`.

    Raises:
        BadInput: if the folder cannot be written, or the file not be read.
    """
    target = folder.checked(out, names_of_files(twin), force)
    saved = read(content or path, config)
    if content not in ("", path):
        saved = replace(saved, is_whole=False)
    check_writable(saved.plan, saved.weights)
    return Wish(Path(path), saved, target, twin, seed)
