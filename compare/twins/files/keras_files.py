"""Layers in files of Keras, read and changed without running Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.errors import BadInput
from compare.foreign import check_name
from compare.kinds.layer import Layer
from compare.one_line import message_of
from compare.twins.files import cudnn, keras_config, keras_layouts
from compare.twins.files.keras_kinds import whole
from compare.twins.files.keras_store import KerasStore, whole_file

if TYPE_CHECKING:
    import numpy as np

    from compare.judging.words import Side


class KerasFile(KerasStore):
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
        with whole_file(path):
            super().__init__(path, is_zip=path.suffix.lower() == ".keras")
            keras_config.check(path, self.config)
            for name, options in self._read():
                if name in self.layers:
                    name = f"{name} {len(self.layers)}"
                self.layers[name] = options
                self._note_places(path, name, options)
            self.chains = self._chains()
            self.version = ""
            if self.config is None and self.is_legacy:
                self.version = self.saved_by
            if not self.layers:
                raise BadInput(
                    f"{path}: expected weights of layers, got a file without any; call "
                    "the model once, so that it has them, and save it again"
                )

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

    def _read(self) -> keras_layouts.Layers:
        """The name of each layer, and what it may be."""
        if self.is_legacy:
            return keras_layouts.legacy_layers(self.weights, self.config)
        return keras_layouts.layers(self.weights, self.config)

    def _note_places(self, path: Path, layer: str, options: Sequence[Layer]) -> None:
        """Note where each array is, by every name that it may have."""
        for option in options:
            data_sets: Mapping[str, Any] = option.arrays
            for key, data in data_sets.items():
                check_name(path, f"{layer}.{key}")
                self.places[f"{layer}.{key}"] = data.name

    def _chains(self) -> list[str]:
        """The chains of the configuration; none where it leaves layers out."""
        if self.config is None:
            return []
        described = keras_config.described(self.config)
        if not {_dotted(layer.name) for layer in described} >= set(
            map(whole, self.layers)
        ):
            return []
        return [_dotted(prefix) for prefix in keras_config.chains(self.config)]


def _dotted(name: str) -> str:
    """A full name with dots, as PyTorch writes it."""
    return name.replace("/", ".")
