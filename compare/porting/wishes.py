"""What is to be ported, checked and read; loads neither framework."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from compare.errors import BadInput
from compare.porting import folder
from compare.porting.reading import Saved, check_there, read
from compare.porting.user_file import split
from compare.porting.writing.writable import check_writable

MODEL, WEIGHTS, CHECK = "model.py", "model.safetensors", "check.py"
EXAMPLE, README, EVIDENCE = "example.safetensors", "README.md", "evidence.json"
TWIN, ONNX = "keras_model.py", "model.onnx"
FILES = (MODEL, WEIGHTS, CHECK, EXAMPLE, README, EVIDENCE)

NEEDED_FOR_ONNX = ("onnx", "onnxscript", "onnxruntime")

MEANINGS = {
    MODEL: "the source",
    WEIGHTS: "its weights",
    CHECK: "runs the stored example",
    EXAMPLE: "a few inputs, and what the original makes of them",
    README: "this text",
    EVIDENCE: "all figures of the comparison",
    TWIN: "the same model as source of Keras 3",
    ONNX: "the port as ONNX, for any batch and any length",
}


@dataclass(frozen=True)
class Wish:
    """What is to be ported, and where to; checked, and read already.

    Args:
        path: of the file.
        saved: what was read from it.
        folder: where the port goes.
        twin: whether to write the model as source of Keras 3 as well.
        stub: whether to leave what cannot be ported for the user to write.
        onnx: whether to write the port as ONNX as well.
        seed: of inputs and random weights.
        pictured: whether a page draws the twins at work.
    """

    path: Path
    saved: Saved
    folder: Path
    twin: bool
    stub: bool
    onnx: bool
    seed: int
    pictured: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the port's files."""
        return names_of_files(self.twin, self.onnx)


def names_of_files(twin: bool, onnx: bool) -> tuple[str, ...]:
    """The files of a port, with the Keras source and the ONNX or without."""
    names = list(FILES)
    if twin:
        names.append(TWIN)
    if onnx:
        names.append(ONNX)
    return tuple(names)


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
    stub: bool = False,
    onnx: bool = False,
    made_by: str = "",
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
        stub: as in `Wish`.
        onnx: as in `Wish`.
        made_by: the user's file that made what `config` holds; "" where none did.

    Raises:
        BadInput: if the folder cannot be written, or the file not be read.
    """
    if not path:
        raise BadInput("MODEL: expected the name of a file, got an empty name")
    check_there(Path(path))
    target = folder.checked(out, names_of_files(twin, onnx), force)
    if onnx:
        check_onnx(stub)
    saved = read(content or path, config, stub=True, made_by=made_by)
    if content not in ("", path):
        saved = replace(saved, is_whole=False)
    if not stub:
        check_writable(saved.plan, saved.weights, saved.stubs)
    return Wish(Path(path), saved, target, twin, stub, onnx, seed)


def check_onnx(stub: bool) -> None:
    """Raise BadInput where a port cannot be written as ONNX."""
    if stub:
        raise BadInput(
            "expected --stub or --onnx, got both; a port with stubs runs only to the "
            "first one, so fill them in and export it then"
        )
    missing = [name for name in NEEDED_FOR_ONNX if find_spec(name) is None]
    if missing:
        raise BadInput(
            f"--onnx: expected the extra onnx, got no {' and no '.join(missing)}; "
            'install it with: pip install "twinproof[onnx]"'
        )
