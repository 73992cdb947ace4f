"""Small weight files of every format and layout, from which damaged ones are made."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import torch
from safetensors.numpy import save_file

FEATURES, UNITS, OUTPUTS = 4, 5, 3
LAYERS = ("Conv1D", "BatchNormalization", "LSTM", "Dense")  # of Keras's model
NAMES = {"Conv1D": "conv", "BatchNormalization": "norm", "LSTM": "rnn", "Dense": "head"}
ARRAYS = {
    "Conv1D": ("kernel", "bias"),
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "LSTM": ("kernel", "recurrent_kernel", "bias"),
    "Dense": ("kernel", "bias"),
}
SHAPES = {
    "Conv1D": ((2, FEATURES, UNITS), (UNITS,)),
    "BatchNormalization": ((UNITS,),) * 4,
    "LSTM": ((UNITS, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,)),
    "Dense": ((UNITS, OUTPUTS), (OUTPUTS,)),
}
SNAKE = {
    "Conv1D": "conv1d",
    "BatchNormalization": "batch_normalization",
    "LSTM": "lstm",
    "Dense": "dense",
}


class CallsWhenRead:
    """Makes a folder when it is unpickled by anybody who runs what is in a file."""

    def __init__(self, path: Path):
        self.path = str(path)

    def __reduce__(self):
        """What the pickle calls."""
        return Path.mkdir, (Path(self.path),)


def save_seeds(folder: Path, canary: Path) -> dict[str, list[Path]]:
    """Save every seed.

    Args:
        folder: for the files.
        canary: that one of them would make if it were run.

    Returns:
        The files by framework.
    """
    weights = _torch_weights()
    return {
        "torch": _save_torch(folder, weights, canary),
        "keras": _save_keras(folder),
    }


def _torch_weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    model = torch.nn.ModuleDict(
        {
            "conv": torch.nn.Conv1d(FEATURES, UNITS, 2),
            "norm": torch.nn.BatchNorm1d(UNITS),
            "rnn": torch.nn.LSTM(UNITS, UNITS),
            "head": torch.nn.Linear(UNITS, OUTPUTS),
        }
    )
    return model.state_dict()


def _save_torch(
    folder: Path, weights: dict[str, torch.Tensor], canary: Path
) -> list[Path]:
    names = ("plain.pt", "checkpoint.pt", "legacy.pth", "code.pt", "plain.safetensors")
    plain, checkpoint, legacy, code, tensors = (folder / name for name in names)
    torch.save(weights, plain)
    torch.save({"model": weights, "epoch": 3, "optimizer": {"state": {}}}, checkpoint)
    torch.save(weights, legacy, _use_new_zipfile_serialization=False)
    torch.save({"model": weights, "more": CallsWhenRead(canary)}, code)
    floats = {name: array.numpy() for name, array in weights.items()}
    save_file(floats, tensors, {"format": "pt"})
    return [plain, checkpoint, legacy, code, tensors]


def _save_keras(folder: Path) -> list[Path]:
    names = ("plain.keras", "packed.keras", "plain.weights.h5", "packed.weights.h5")
    plain, packed, weights, chunked = (folder / name for name in names)
    _save_weights(weights, None)
    _save_weights(chunked, "gzip")
    _save_archive(plain, weights, zipfile.ZIP_STORED)
    _save_archive(packed, weights, zipfile.ZIP_DEFLATED)
    legacy = [folder / "legacy.h5", folder / "weights only.hdf5"]
    _save_legacy(legacy[0], with_config=True)
    _save_legacy(legacy[1], with_config=False)
    return [plain, packed, weights, chunked, *legacy]


def _arrays(layer: str) -> list[np.ndarray]:
    rng = np.random.default_rng(LAYERS.index(layer))
    return [rng.uniform(0.5, 0.9, shape).astype(np.float32) for shape in SHAPES[layer]]


def _config() -> dict[str, object]:
    layers = []
    for cls in LAYERS:
        config = {"name": NAMES[cls], "units": UNITS, "activation": "linear"}
        if cls == "LSTM":
            config |= {"activation": "tanh", "recurrent_activation": "sigmoid"}
        layers.append({"class_name": cls, "module": "keras.layers", "config": config})
    inside = {"name": "model", "layers": layers}
    return {"class_name": "Sequential", "module": "keras", "config": inside}


def _save_weights(path: Path, compression: str | None) -> None:
    """The layout of Keras 3."""
    with h5py.File(path, "w") as file:
        for layer in LAYERS:
            group = file.create_group(f"layers/{SNAKE[layer]}")
            if layer == "LSTM":
                group = group.create_group("cell")
            group = group.create_group("vars")
            group.attrs["name"] = NAMES[layer]
            for number, array in enumerate(_arrays(layer)):
                group.create_dataset(str(number), data=array, compression=compression)


def _save_archive(path: Path, weights: Path, compression: int) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.0"}))
        archive.writestr("config.json", json.dumps(_config()))
        archive.write(weights, "model.weights.h5")


def _save_legacy(path: Path, with_config: bool) -> None:
    """The layout of Keras 2."""
    with h5py.File(path, "w") as file:
        group = file
        if with_config:
            file.attrs["model_config"] = json.dumps(_config())
            group = file.create_group("model_weights")
        group.attrs["layer_names"] = [NAMES[layer].encode() for layer in LAYERS]
        for layer in LAYERS:
            name = NAMES[layer]
            keys = [f"{name}/{key}:0" for key in ARRAYS[layer]]
            group.create_group(name).attrs["weight_names"] = [k.encode() for k in keys]
            for key, array in zip(keys, _arrays(layer), strict=True):
                group[name][key] = array
