"""Saved models and weight files of Keras, read and changed without running Keras.

`.keras` is a zip of `config.json` and `model.weights.h5`; `.weights.h5` is the latter
alone; and `.h5`, as Keras 2 wrote it and Keras 3 still can, is another layout of HDF5,
with the model's configuration or without. Nothing in a file is run, and no link in it
is followed.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import h5py

from compare.errors import BadInput
from compare.foreign import check_name, check_zip
from compare.kinds.layer import Layer
from compare.one_line import message_of
from compare.twins.files import cudnn, hdf5, keras_config, keras_layouts
from compare.twins.files.keras_kinds import whole

if TYPE_CHECKING:
    import numpy as np

    from compare.judging.words import Side

WEIGHTS_FILE = "model.weights.h5"  # in a `.keras`
CONFIG_FILE = "config.json"  # likewise
HDF5 = b"\x89HDF"  # what every HDF5 file begins with
LONGEST_CONFIG = 2**24  # bytes; a layer takes about a thousand


class KerasFile:
    """A file of Keras, opened.

    Args:
        path: ends in `.keras`, `.weights.h5` or `.h5`.

    Attributes:
        layers: by name; each as what it may be, where neither a configuration nor the
            names and shapes of its arrays tell.
        places: the data set in the file by the full name of an array.
        chains: what the names of layers begin with in each model whose configuration
            shows that they form a chain; "" for the whole.
        version: of the Keras that saved weights of its own LSTM or GRU without a
            configuration; "" where it is not told, or there is a configuration.

    Raises:
        BadInput: if the file is not what its ending says, or describes a layer that is
            not Keras's own.
    """

    side: Side = "keras"

    def __init__(self, path: Path):
        self.layers: dict[str, list[Layer]] = {}
        self.places: dict[str, str] = {}
        try:
            self._open(path)
            self._config = self._configuration()
            keras_config.check(path, self._config)
            for name, options in self._read():
                if name in self.layers:
                    name = f"{name} {len(self.layers)}"
                self.layers[name] = options
                self._note_places(path, name, options)
            self.chains = self._chains()
            self.version = self._version()
            if not self.layers:
                raise BadInput(
                    f"{path}: expected weights of layers, got a file without any; call "
                    "the model once, so that it has them, and save it again"
                )
        except (BadInput, MemoryError):
            raise
        except Exception as error:  # of many kinds, where a file is not what it says
            raise BadInput(
                f"{path}: expected a whole file that Keras saved, got one that cannot "
                f"be read: {_reason(error)}; save it again"
            ) from None

    def put(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace numbers in it, each in the precision that it had.

        Args:
            arrays: by their data sets in the file.

        Raises:
            BadInput: if a layer is of CuDNN's, or damaged.
        """
        for place, array in arrays.items():
            if place.startswith(cudnn.PREFIX):
                raise BadInput(
                    f"{place.removeprefix(cudnn.PREFIX)}: expected a target whose "
                    "layers Keras 3 has, got one of CuDNNLSTM or CuDNNGRU, which is "
                    "read but not written; build it with LSTM or GRU and save it anew"
                )
            try:
                self._h5[place][...] = array
            except OSError as error:  # packed numbers beside them, which are damaged
                raise BadInput(
                    f"{place}: expected numbers that can be replaced, got: "
                    f"{message_of(error)}; save the target again"
                ) from None

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

    def _open(self, path: Path) -> None:
        """Read the file; its weights are a copy in memory, which can be changed."""
        self._zip: zipfile.ZipFile | None = None
        self._content = BytesIO()
        if path.suffix.lower() == ".keras":
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
        self._weights = self._h5
        if "model_weights" in self._h5:
            self._weights = hdf5.child(self._h5, "model_weights")
        self._is_legacy = bool(hdf5.names(self._weights, "layer_names"))

    def _copy(self, weights: IO[bytes]) -> None:
        """Copy HDF5 into memory, in pieces.

        Raises:
            ValueError: if it is not HDF5, of which h5py would begin a new file.
        """
        beginning = weights.read(len(HDF5))
        if beginning != HDF5:
            raise ValueError("no HDF5 in it")
        self._content.write(beginning)
        shutil.copyfileobj(weights, self._content)

    def _configuration(self) -> dict[str, Any] | None:
        """The model's configuration, if it is in the file."""
        if self._zip is not None:
            if self._zip.getinfo(CONFIG_FILE).file_size > LONGEST_CONFIG:
                raise ValueError(f"its {CONFIG_FILE} has over {LONGEST_CONFIG} bytes")
            return _model(self._zip.read(CONFIG_FILE))
        if self._is_legacy and "model_config" in self._h5.attrs:
            return _model(self._h5.attrs["model_config"])
        return None

    def _version(self) -> str:
        """The version of Keras that saved weights alone, if they say it."""
        version = self._weights.attrs.get("keras_version", "")
        if self._config is not None or not self._is_legacy:
            return ""
        return version.decode() if isinstance(version, bytes) else str(version)

    def _read(self) -> keras_layouts.Layers:
        """The name of each layer, and what it may be."""
        if self._is_legacy:
            return keras_layouts.legacy_layers(self._weights, self._config)
        return keras_layouts.layers(self._weights, self._config)

    def _note_places(self, path: Path, layer: str, options: Sequence[Layer]) -> None:
        """Note where each array is, by every name that it may have."""
        for option in options:
            data_sets: Mapping[str, Any] = option.arrays
            for key, data in data_sets.items():
                check_name(path, f"{layer}.{key}")
                self.places[f"{layer}.{key}"] = data.name

    def _chains(self) -> list[str]:
        """The chains of the configuration; none where it leaves layers out."""
        if self._config is None:
            return []
        described = keras_config.described(self._config)
        if not {_dotted(layer.name) for layer in described} >= set(
            map(whole, self.layers)
        ):
            return []
        return [_dotted(prefix) for prefix in keras_config.chains(self._config)]


def _dotted(name: str) -> str:
    """A full name with dots, as PyTorch writes it."""
    return name.replace("/", ".")


def _model(text: str | bytes) -> dict[str, Any]:
    """A model's configuration."""
    if len(text) > LONGEST_CONFIG:
        raise ValueError(f"its configuration has over {LONGEST_CONFIG} bytes")
    config = json.loads(text)
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
