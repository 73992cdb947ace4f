"""A file of Keras, opened: its weights, its configuration and what saved it.

`.keras` is a zip of `config.json` and `model.weights.h5`; `.weights.h5` is the latter
alone; and `.h5`, as Keras 2 wrote it and Keras 3 still can, is another layout of HDF5,
with the model's configuration or without. Nothing in a file is run, and no link in it
is followed.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import h5py

from compare.errors import BadInput
from compare.foreign import check_zip
from compare.one_line import message_of, printable
from compare.twins.files import hdf5

WEIGHTS_FILE = "model.weights.h5"  # in a `.keras`
CONFIG_FILE = "config.json"  # likewise
METADATA_FILE = "metadata.json"  # likewise; Keras always writes it
HDF5 = b"\x89HDF"  # what every HDF5 file begins with
LONGEST_CONFIG = 2**24  # bytes; a layer takes about a thousand
LONGEST_WORD = 40  # letters of a version, or of a backend


@contextmanager
def whole_file(path: Path) -> Iterator[None]:
    """Say in one line of any error that a file is not what it says.

    Args:
        path: of the file that is read meanwhile.

    Raises:
        BadInput: in the place of whatever is raised, but for MemoryError.
    """
    try:
        yield
    except (BadInput, MemoryError):
        raise
    except Exception as error:  # of many kinds, where a file is not what it says
        raise BadInput(
            f"{path}: expected a whole file that Keras saved, got one that cannot "
            f"be read: {_reason(error)}; save it again"
        ) from None


class KerasStore:
    """A file of Keras, opened.

    Args:
        path: of the file.
        is_zip: whether it is a `.keras` of Keras 3, and not HDF5.

    Attributes:
        config: of the model, if it is in the file.
        saved_by: the version of Keras, as the file says it; "" where it does not.
        backend: such as "tensorflow"; "" where the file does not say it.
        weights: the group that holds them.
        is_legacy: whether they are laid out as Keras 1 and 2 did it.

    Raises:
        Exception: of many kinds, where the file is damaged; see `whole_file`.
    """

    def __init__(self, path: Path, is_zip: bool):
        self._zip: zipfile.ZipFile | None = None
        self._content = BytesIO()
        if is_zip:
            self._zip = zipfile.ZipFile(path)
            check_zip(path, self._zip)
            self._entries = {entry: b"" for entry in self._zip.infolist()}
            for entry in self._entries:
                if entry.filename != WEIGHTS_FILE:
                    self._entries[entry] = self._zip.read(entry)
            with self._zip.open(WEIGHTS_FILE) as weights:
                self._copy(weights)
        else:
            with open(path, "rb") as weights:
                self._copy(weights)
        self._h5 = h5py.File(self._content, "r+")
        hdf5.check(self._h5, self._content.getbuffer().nbytes)
        self.weights = self._h5
        if "model_weights" in self._h5:
            self.weights = hdf5.child(self._h5, "model_weights")
        self.is_legacy = bool(hdf5.names(self.weights, "layer_names"))
        self.config = self._configuration()
        self.saved_by = self._attribute("keras_version")
        self.backend = self._attribute("backend")

    def content(self) -> memoryview:
        """The bytes of the file, with the numbers that were put into it; only once."""
        self._h5.close()
        if self._zip is None:
            return self._content.getbuffer()
        memory = BytesIO()
        with zipfile.ZipFile(memory, "w") as target:
            for entry, content in self._entries.items():
                if entry.filename == WEIGHTS_FILE:
                    target.writestr(entry, self._content.getbuffer())
                else:
                    target.writestr(entry, content)
        return memory.getbuffer()

    def close(self) -> None:
        """Give the memory back; nothing can be read after it."""
        self._h5.close()
        self._content.close()

    def _copy(self, weights: IO[bytes]) -> None:
        """Copy HDF5 into memory, in pieces.

        Raises:
            ValueError: if it is not HDF5, of which h5py would begin a new file.
        """
        beginning = weights.read(len(HDF5))
        if beginning != HDF5:
            raise ValueError("it is neither a zip nor HDF5, as Keras writes them")
        self._content.write(beginning)
        shutil.copyfileobj(weights, self._content)

    def _configuration(self) -> dict[str, Any] | None:
        """The model's configuration, if it is in the file."""
        if self._zip is not None:
            if self._zip.getinfo(CONFIG_FILE).file_size > LONGEST_CONFIG:
                raise ValueError(f"its {CONFIG_FILE} has over {LONGEST_CONFIG} bytes")
            return model_config(self._zip.read(CONFIG_FILE))
        if self.is_legacy and "model_config" in self._h5.attrs:
            return model_config(self._h5.attrs["model_config"])
        return None

    def _attribute(self, name: str) -> str:
        """What the file says of itself by this name; "" where it says nothing."""
        for group in (self.weights, self._h5):
            if name in group.attrs:
                text = group.attrs[name]
                if isinstance(text, bytes):
                    text = text.decode()
                return printable(str(text), LONGEST_WORD)
        if self._zip is not None and METADATA_FILE in self._zip.namelist():
            metadata = json.loads(self._zip.read(METADATA_FILE))
            if isinstance(metadata, dict):
                return printable(str(metadata.get(name, "")), LONGEST_WORD)
        return ""


def model_config(text: str | bytes) -> dict[str, Any]:
    """A model's configuration.

    Raises:
        ValueError: if the text is none.
    """
    if len(text) > LONGEST_CONFIG:
        raise ValueError(f"its configuration has over {LONGEST_CONFIG} bytes")
    try:
        config = json.loads(text)
    except RecursionError:
        raise ValueError("its configuration is nested as no model is") from None
    except ValueError as error:
        raise ValueError(f"its configuration is no JSON: {error}") from None
    if not isinstance(config, dict) or not {"class_name", "config"} <= set(config):
        raise ValueError("its configuration describes no model")
    return config


def _reason(error: Exception) -> str:
    """Why a file cannot be read; what Python says of a missing key says nothing."""
    reason = message_of(error)
    from_layout = isinstance(error, TypeError | AttributeError | IndexError)
    if from_layout or " " not in reason:
        return f"it is not laid out as Keras does it ({type(error).__name__} {reason})"
    return reason
