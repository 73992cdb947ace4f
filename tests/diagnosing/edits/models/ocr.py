"""Reading a line: convolutions, columns as steps, two LSTMs of two directions."""

import keras
import numpy as np
import torch
from keras import layers
from torch import nn


class CRNN(nn.Module):
    def __init__(self, letters=7):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.MaxPool2d((2, 1)),
        )
        self.squash = nn.Linear(12, 8)
        self.lstm1 = nn.LSTM(8, 5, batch_first=True, bidirectional=True)
        self.lstm2 = nn.LSTM(10, 5, batch_first=True, bidirectional=True)
        self.out = nn.Linear(10, letters)

    def forward(self, image):
        x = self.cnn(image.permute(0, 3, 1, 2))
        b, c, h, w = x.shape
        x = x.permute(0, 3, 2, 1).reshape(b, w, h * c)
        x = torch.relu(self.squash(x))
        x, _ = self.lstm1(x)
        x, _ = self.lstm2(x)
        return torch.log_softmax(self.out(x), dim=-1)


def in_torch():
    return CRNN()


def in_keras():
    image = keras.Input((8, 20, 1), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv1")(image)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(6, 3, padding="same", name="conv2")(x)
    x = layers.BatchNormalization(epsilon=1e-5, name="norm")(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D((2, 1))(x)
    x = layers.Permute((2, 1, 3))(x)
    x = layers.Reshape((10, 12))(x)
    x = layers.Dense(8, activation="relu", name="squash")(x)
    for i in (1, 2):
        lstm = layers.LSTM(5, return_sequences=True)
        x = layers.Bidirectional(lstm, merge_mode="concat", name=f"lstm{i}")(x)
    x = layers.Dense(7, name="out")(x)
    return keras.Model(image, keras.ops.log_softmax(x, axis=-1))


def transfer(torch_model, keras_model):
    def array(tensor):
        return tensor.detach().cpu().numpy()

    for name, conv in (("conv1", torch_model.cnn[0]), ("conv2", torch_model.cnn[3])):
        kernel = array(conv.weight).transpose(2, 3, 1, 0)
        keras_model.get_layer(name).set_weights([kernel, array(conv.bias)])
    norm = torch_model.cnn[4]
    keras_model.get_layer("norm").set_weights(
        [
            array(norm.weight),
            array(norm.bias),
            array(norm.running_mean),
            array(norm.running_var),
        ]
    )
    for name in ("lstm1", "lstm2"):
        lstm = getattr(torch_model, name)
        weights = []
        for suffix in ("", "_reverse"):
            kernel = array(getattr(lstm, f"weight_ih_l0{suffix}")).T
            recurrent = array(getattr(lstm, f"weight_hh_l0{suffix}")).T
            bias = array(getattr(lstm, f"bias_ih_l0{suffix}"))
            bias = bias + array(getattr(lstm, f"bias_hh_l0{suffix}"))
            weights += [kernel, recurrent, bias]
        keras_model.get_layer(name).set_weights(weights)
    for name in ("squash", "out"):
        dense = getattr(torch_model, name)
        kernel = np.ascontiguousarray(array(dense.weight).T)
        keras_model.get_layer(name).set_weights([kernel, array(dense.bias)])


def inputs(rng):
    return rng.uniform(0, 1, (3, 8, 20, 1)).astype("float32")
