"""Models, and files of their weights."""

import h5py
import keras
import numpy as np
import torch

FEATURES, HIDDEN = 4, 6


TORCH = [".pt", ".pth", "checkpoint.pt", ".safetensors"]


KERAS = [".keras", ".weights.h5", ".h5", "weights only.h5"]


def torch_model(seed=0):
    """Layers of many kinds; a stack, two directions, statistics, and other names."""
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.front = nn.Conv1d(FEATURES, HIDDEN, 2)
            self.norm = nn.BatchNorm1d(HIDDEN, eps=1e-3)
            self.both = nn.LSTM(HIDDEN, HIDDEN, batch_first=True, bidirectional=True)
            self.stack = nn.LSTM(2 * HIDDEN, HIDDEN, 2, batch_first=True)
            self.gru = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
            self.steps = nn.Linear(HIDDEN, HIDDEN)
            self.scale = nn.LayerNorm(HIDDEN, eps=1e-3)
            self.slope = nn.PReLU(HIDDEN)
            self.rnn = nn.RNN(HIDDEN, HIDDEN, nonlinearity="relu", batch_first=True)
            self.head = nn.Sequential(nn.Linear(HIDDEN, 3), nn.Softmax(-1))

        def forward(self, x):
            x = self.norm(self.front(x.transpose(1, 2))).transpose(1, 2)
            x = self.gru(self.stack(self.both(x)[0])[0])[0]
            x = self.scale(self.steps(x)).transpose(1, 2)
            x = self.rnn(self.slope(x).transpose(1, 2))[0]
            return self.head(x[:, -1])

    model = Model().eval()
    rng = np.random.default_rng(seed)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            low = 0.5 if "var" in name else -0.9
            tensor.copy_(torch.from_numpy(rng.uniform(low, 0.9, tuple(tensor.shape))))
    return model


def keras_model(seed=1):
    """Its twin, with a model inside a model."""
    layers = keras.layers
    x = first = keras.Input((None, FEATURES))
    x = layers.Conv1D(HIDDEN, 2)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Bidirectional(layers.LSTM(HIDDEN, return_sequences=True))(x)
    stack = [
        layers.Input((None, 2 * HIDDEN)),
        layers.LSTM(HIDDEN, return_sequences=True),
        layers.LSTM(HIDDEN, return_sequences=True),
    ]
    x = keras.Sequential(stack, name="encoder")(x)
    x = layers.GRU(HIDDEN, return_sequences=True, name="decoder")(x)
    x = layers.TimeDistributed(layers.Dense(HIDDEN))(x)
    x = layers.LayerNormalization()(x)
    x = layers.PReLU(shared_axes=[1])(x)
    x = layers.SimpleRNN(HIDDEN, activation="relu", name="rnn")(layers.Dropout(0.1)(x))
    model = keras.Model(first, layers.Dense(3, activation="softmax", name="out")(x))
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        low = 0.5 if "variance" in variable.name else -0.9
        variable.assign(rng.uniform(low, 0.9, tuple(variable.shape)))
    return model


def save_torch(model, path):
    if path.suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file(model.state_dict(), path, {"made": "here"})
    elif "checkpoint" in path.name:
        saved = {"epoch": 7, "model_state": model.state_dict(), "rate": [0.5]}
        torch.save(saved, path)
    else:
        torch.save(model.state_dict(), path)


def save_keras(model, path):
    if "weights only" in path.name:
        whole = path.with_name("whole.h5")
        model.save(whole)
        with h5py.File(whole) as source, h5py.File(path, "w") as target:
            for name in source["model_weights"]:
                source.copy(f"model_weights/{name}", target)
            for name, value in source["model_weights"].attrs.items():
                target.attrs[name] = value
    elif path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        model.save(path)


def named(folder, ending):
    return folder / (ending if ending[0] != "." else f"model{ending}")
