"""Saved layers of PyTorch that compute their weights: what is moved is the weight."""

import keras
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import utils
from torch.nn.utils import parametrizations

from compare.errors import BadInput
from compare.twins.files.transfer import transfer_files

X = np.random.default_rng(0).normal(0, 1, (4, 8, 8, 3)).astype("float32")
NORMS = {
    "weight_g and weight_v": utils.weight_norm,
    "weight_orig, u and v": utils.spectral_norm,
    "original0 and original1": parametrizations.weight_norm,
    "original, u and v": parametrizations.spectral_norm,
}
WEIGHT_NORMS = ["weight_g and weight_v", "original0 and original1"]


class Net(nn.Module):
    """Convolutions, one of them transposed, and a head, with a norm on each."""

    def __init__(self, norm):
        super().__init__()
        self.conv = norm(nn.Conv2d(3, 5, 3))
        self.up = norm(nn.ConvTranspose2d(5, 6, 3))
        self.head = norm(nn.Linear(6, 2))

    def forward(self, x):
        x = torch.relu(self.up(torch.relu(self.conv(x.permute(0, 3, 1, 2)))))
        return self.head(x.mean((2, 3)))


def in_pytorch(norm, seed=0):
    """A model in evaluation, whose lengths and vectors are not the initial ones."""
    torch.manual_seed(seed)
    model = Net(norm)
    with torch.no_grad():
        model(torch.from_numpy(X))  # a spectral norm finds its vectors
        for name, parameter in model.named_parameters():
            if name.endswith(("_g", "original0", "bias")):
                parameter.uniform_(0.5, 1.5)
    return model.eval()


def in_keras(seed=0):
    keras.utils.set_random_seed(seed)
    x = keras.Input((8, 8, 3))
    h = keras.layers.Conv2D(5, 3, activation="relu", name="conv")(x)
    h = keras.layers.Conv2DTranspose(6, 3, activation="relu", name="up")(h)
    h = keras.layers.GlobalAveragePooling2D()(h)
    return keras.Model(x, keras.layers.Dense(2, name="head")(h))


def save(model, path):
    if path.suffix == ".safetensors":
        save_file(model.state_dict(), path)
    else:
        torch.save(model.state_dict(), path)


def gap(torch_model, keras_model):
    """The largest difference of their results, beside the largest of these."""
    with torch.no_grad():
        by_torch = torch_model(torch.from_numpy(X)).numpy()
    return np.abs(by_torch - keras_model(X).numpy()).max() / np.abs(by_torch).max()


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
@pytest.mark.parametrize("norm", NORMS)
def test_the_weight_goes_to_keras(tmp_path, norm, ending):
    source, target = tmp_path / f"model{ending}", tmp_path / "model.keras"
    model, twin = in_pytorch(NORMS[norm]), in_keras()
    save(model, source)
    twin.save(target)
    transfer_files(str(source), str(target))

    assert gap(model, keras.models.load_model(target)) < 1e-5
    assert gap(model, twin) > 0.01


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
@pytest.mark.parametrize("norm", WEIGHT_NORMS)
def test_lengths_and_directions_come_back_from_keras(tmp_path, norm, ending):
    source, target = tmp_path / "model.keras", tmp_path / f"model{ending}"
    model, twin = in_pytorch(NORMS[norm]), in_keras(seed=3)
    twin.save(source)
    save(model, target)
    transfer_files(str(source), str(target))
    load = load_file if ending == ".safetensors" else torch.load
    before = gap(model, twin)
    model.load_state_dict(load(target))

    assert gap(model, twin) < 1e-5
    assert before > 0.01


@pytest.mark.parametrize("norm", sorted(set(NORMS) - set(WEIGHT_NORMS)))
def test_a_spectral_norm_is_not_given_a_weight(tmp_path, norm):
    """Its vectors are found as it learns; the advice works when it is followed."""
    source, target = tmp_path / "model.keras", tmp_path / "model.pt"
    twin = in_keras(seed=3)
    twin.save(source)
    save(in_pytorch(NORMS[norm]), target)
    with pytest.raises(BadInput, match=r"spectral norm; save .* without it"):
        transfer_files(str(source), str(target))

    def plain(layer):
        return layer

    model = in_pytorch(plain)
    save(model, target)
    transfer_files(str(source), str(target))
    model.load_state_dict(torch.load(target))
    assert gap(model, twin) < 1e-5


def test_arrays_that_are_called_so_by_chance_are_no_weight_norm(tmp_path):
    """Their shapes are not those of lengths and directions."""

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell_g = nn.Parameter(torch.randn(4, 3))
            self.cell_v = nn.Parameter(torch.randn(5))

    model, source = Own(), tmp_path / "own.pt"
    torch.save({f"own.{k}": v for k, v in model.state_dict().items()}, source)
    target = tmp_path / "model.keras"
    in_keras().save(target)

    with pytest.raises(BadInput, match="cell_g, cell_v"):
        transfer_files(str(source), str(target))
