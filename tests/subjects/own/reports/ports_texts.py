"""Ports of models of text, sequences and attention, as people asked about them."""

import math

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import Make, Port, Report, carried, drawn, put
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

WORDS = np.array(
    [[3, 5, 1, 7, 0, 0], [2, 2, 9, 0, 0, 0], [4, 6, 8, 1, 5, 3], [7, 0, 0, 0, 0, 0]],
    "int32",
)


def padded_series(right: bool) -> Port:
    """Keras masks steps of zeros; PyTorch's LSTM runs over them."""

    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(3, 5, batch_first=True)
            self.fc = nn.Linear(5, 2)

        def forward(self, x: Tensor) -> Tensor:
            if right:
                lengths = (x != 0).any(-1).sum(1)
                x = pack_padded_sequence(x, lengths, True, enforce_sorted=False)
            _, (h, _) = self.lstm(x)
            return self.fc(h[-1])

    model = keras.Sequential(
        [
            keras.Input((6, 3)),
            layers.Masking(mask_value=0.0),
            layers.LSTM(5, name="lstm"),
            layers.Dense(2, name="fc"),
        ]
    )
    x = drawn(4, 6, 3)
    for row, length in enumerate((6, 4, 2, 5)):
        x[row, length:] = 0
    return carried(Classifier(), model, x)


def mask_zero(right: bool) -> Port:
    """padding_idx makes a row of zeros and masks nothing."""

    class Sentiment(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(10, 4, padding_idx=0)
            self.lstm = nn.LSTM(4, 5, batch_first=True)
            self.out = nn.Linear(5, 1)

        def forward(self, tokens: Tensor) -> Tensor:
            output, _ = self.lstm(self.embedding(tokens))
            if right:
                last = (tokens != 0).sum(dim=1).long() - 1
                output = output[torch.arange(len(tokens)), last]
                return torch.sigmoid(self.out(output))
            return torch.sigmoid(self.out(output[:, -1]))

    model = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(10, 4, mask_zero=True, name="embedding"),
            layers.LSTM(5, name="lstm"),
            layers.Dense(1, activation="sigmoid", name="out"),
        ]
    )
    return carried(Sentiment(), model, WORDS)


def shifted_embedding(right: bool) -> Port:
    """The tokenizer counts from 1, and the rows were loaded from 0."""

    class TextNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(10, 4)
            self.fc = nn.Linear(4, 2)

        def forward(self, tokens: Tensor) -> Tensor:
            return self.fc(self.embed(tokens).mean(dim=1))

    model = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(10, 4, name="embed"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2, name="fc"),
        ]
    )
    port = carried(TextNet(), model, WORDS)
    if not right:
        table = model.get_layer("embed").get_weights()[0]
        put(port.torch_model.embed.weight, np.roll(table, -1, axis=0))
    return port


def luong(right: bool) -> Port:
    """The softmax of the scores runs over the queries."""

    class Luong(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.GRU(4, 5, batch_first=True)
            self.combine = nn.Linear(10, 3)

        def forward(self, x: Tensor) -> Tensor:
            h, _ = self.encoder(x)
            scores = torch.bmm(h, h.transpose(1, 2))
            weights = F.softmax(scores, dim=-1 if right else 1)
            context = torch.bmm(weights, h)
            return torch.tanh(self.combine(torch.cat((context, h), dim=-1)))

    inputs = keras.Input((7, 4))
    h = layers.GRU(5, return_sequences=True, name="encoder")(inputs)
    scores = layers.Dot(axes=[2, 2])([h, h])
    weights = layers.Activation("softmax")(scores)
    context = layers.Dot(axes=[2, 1])([weights, h])
    x = layers.Concatenate()([context, h])
    x = layers.Dense(3, activation="tanh", name="combine")(x)
    return carried(Luong(), keras.Model(inputs, x), drawn(3, 7, 4))


def bahdanau(right: bool) -> Port:
    """The sum of both projections goes through a tanh."""

    class Additive(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.W1 = nn.Linear(4, 6)
            self.W2 = nn.Linear(5, 6)
            self.V = nn.Linear(6, 1)

        def forward(self, values: Tensor, query: Tensor) -> Tensor:
            score = self.W1(values) + self.W2(query).unsqueeze(1)
            if right:
                score = torch.tanh(score)
            weights = torch.softmax(self.V(score), dim=1)
            return (weights * values).sum(dim=1)

    values, query = keras.Input((7, 4)), keras.Input((5,))
    hidden = ops.expand_dims(layers.Dense(6, name="W2")(query), 1)
    score = ops.tanh(layers.Dense(6, name="W1")(values) + hidden)
    weights = ops.softmax(layers.Dense(1, name="V")(score), axis=1)
    model = keras.Model([values, query], ops.sum(weights * values, axis=1))
    return carried(Additive(), model, [drawn(3, 7, 4), drawn(3, 5, seed=2)])


def time_distributed(right: bool) -> Port:
    """Rows of (batch * time) are viewed as (time, batch)."""

    class Stepwise(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense = nn.Linear(4, 5)
            self.lstm = nn.LSTM(5, 3, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            b, t, f = x.size()
            y = F.relu(self.dense(x.contiguous().view(-1, f)))
            y = y.view(b, t, -1) if right else y.view(t, b, -1).transpose(0, 1)
            return self.lstm(y)[0][:, -1]

    inputs = keras.Input((7, 4))
    dense = layers.Dense(5, activation="relu")
    x = layers.TimeDistributed(dense, name="dense")(inputs)
    model = keras.Model(inputs, layers.LSTM(3, name="lstm")(x))
    return carried(Stepwise(), model, drawn(3, 7, 4))


def crnn(right: bool) -> Port:
    """Columns become steps; within a step height is slower than channels in Keras."""

    class CRNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3, padding=1)
            self.rnn = nn.LSTM(12, 6, bidirectional=True, batch_first=True)
            self.fc = nn.Linear(12, 5)

        def forward(self, x: Tensor) -> Tensor:
            x = F.max_pool2d(F.relu(self.conv(x)), (2, 1))
            b, c, h, w = x.shape
            order = (0, 3, 2, 1) if right else (0, 3, 1, 2)
            x = x.permute(*order).reshape(b, w, h * c)
            return self.fc(self.rnn(x)[0])

    inputs = keras.Input((6, 8, 1))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(inputs)
    x = layers.MaxPooling2D((2, 1))(x)
    x = layers.Permute((2, 1, 3))(x)
    x = layers.Reshape((8, 12))(x)
    x = layers.Bidirectional(layers.LSTM(6, return_sequences=True), name="rnn")(x)
    model = keras.Model(inputs, layers.Dense(5, name="fc")(x))
    return carried(CRNN(), model, drawn(2, 6, 8, 1))


def max_over_filters(right: bool) -> Port:
    """The maximum is over steps, of which there are as many as filters."""

    class TextCNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.emb = nn.Embedding(10, 4)
            self.conv = nn.Conv1d(4, 5, 2)
            self.fc = nn.Linear(5, 2)

        def forward(self, tokens: Tensor) -> Tensor:
            x = self.emb(tokens).permute(0, 2, 1)
            x = F.relu(self.conv(x))
            return self.fc(x.max(dim=2 if right else 1)[0])

    model = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(10, 4, name="emb"),
            layers.Conv1D(5, 2, activation="relu", name="conv"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(2, name="fc"),
        ]
    )
    return carried(TextCNN(), model, WORDS)


def unfolded(right: bool) -> Port:
    """F.unfold has the channels as the slower axis of a patch."""

    class Patches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.proj = nn.Linear(12, 5)

        def forward(self, x: Tensor) -> Tensor:
            patches = F.unfold(x, kernel_size=2, stride=2)
            if right:
                b, _, n = patches.shape
                patches = patches.view(b, 3, 4, n).transpose(1, 2).reshape(b, 12, n)
            return self.proj(patches.transpose(1, 2))

    inputs = keras.Input((6, 8, 3))
    x = ops.image.extract_patches(inputs, (2, 2), strides=(2, 2))
    x = layers.Reshape((12, 12))(x)
    model = keras.Model(inputs, layers.Dense(5, name="proj")(x))
    return carried(Patches(), model, drawn(2, 6, 8, 3))


def multiplied_mask(right: bool) -> Port:
    """A mask that multiplies scores leaves a weight of exp(0)."""

    class SelfAttention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query = nn.Linear(6, 6)
            self.key = nn.Linear(6, 6)
            self.value = nn.Linear(6, 6)

        def forward(self, x: Tensor) -> Tensor:
            steps = x.shape[1]
            mask = torch.tril(torch.ones(steps, steps)).to(x)
            scores = self.query(x) @ self.key(x).transpose(-2, -1) / math.sqrt(6)
            if right:
                scores = scores.masked_fill(mask == 0, -1e9)
            else:
                scores = scores * mask
            return torch.softmax(scores, -1) @ self.value(x)

    inputs = keras.Input((5, 6))
    q, k, v = (layers.Dense(6, name=n)(inputs) for n in ("query", "key", "value"))
    scores = ops.matmul(q, ops.transpose(k, (0, 2, 1))) / math.sqrt(6)
    scores = scores + (1.0 - np.tril(np.ones((5, 5), "float32"))) * -1e9
    model = keras.Model(inputs, ops.matmul(ops.softmax(scores), v))
    return carried(SelfAttention(), model, drawn(3, 5, 6))


def sinusoids(right: bool) -> Port:
    """Sines and cosines alternate in one, and stand in halves in the other."""
    angles = np.arange(7)[:, None] / 10000 ** (np.arange(0, 8, 2) / 8)

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Linear(3, 8)
            pe = torch.zeros(7, 8)
            if right:
                pe[:, :4] = torch.from_numpy(np.sin(angles))
                pe[:, 4:] = torch.from_numpy(np.cos(angles))
            else:
                pe[:, 0::2] = torch.from_numpy(np.sin(angles))
                pe[:, 1::2] = torch.from_numpy(np.cos(angles))
            self.register_buffer("pe", pe)
            self.out = nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(torch.relu(self.embed(x) + self.pe))

    encoding = np.concatenate([np.sin(angles), np.cos(angles)], 1).astype("float32")
    inputs = keras.Input((7, 3))
    x = layers.Dense(8, name="embed")(inputs) + encoding
    model = keras.Model(inputs, layers.Dense(2, name="out")(ops.relu(x)))
    return carried(Encoder(), model, drawn(3, 7, 3))


def square_transposed(right: bool) -> Port:
    """GPT-2's Conv1D keeps (inputs, outputs); a square kernel fits both ways."""

    class MLP(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ln_1 = nn.LayerNorm(6)
            self.c_fc = nn.Linear(6, 6)
            self.c_proj = nn.Linear(6, 6)

        def forward(self, x: Tensor) -> Tensor:
            h = F.gelu(self.c_fc(self.ln_1(x)), approximate="tanh")
            return x + self.c_proj(h)

    inputs = keras.Input((5, 6))
    h = layers.LayerNormalization(epsilon=1e-5, name="ln_1")(inputs)
    h = layers.Dense(6, name="c_fc")(h)
    h = ops.gelu(h, approximate=True)
    h = layers.Dense(6, name="c_proj")(h)
    port = carried(
        MLP(), keras.Model(inputs, layers.Add()([inputs, h])), drawn(3, 5, 6)
    )
    if not right:
        kernel = port.keras_model.get_layer("c_proj").get_weights()[0]
        put(port.torch_model.c_proj.weight, kernel)
    return port


def report(name: str, cause: str, answer: str, make: Make) -> Report:
    return Report(name, "texts", "", answer, cause, make)


REPORTS = (
    report("padded series", "mask|pack|padd", "pack the sequences", padded_series),
    report(
        "mask_zero", "mask|pack|padd", "the last word, not the last step", mask_zero
    ),
    report(
        "embedding from 0",
        "shift|roll|rows|order|moved",
        "rows from 1",
        shifted_embedding,
    ),
    report("Luong", "softmax", "dim=-1", luong),
    report("Bahdanau", "tanh", "tanh of the sum", bahdanau),
    report(
        "TimeDistributed by view",
        "view|reshape|batch|transpos|axes|order",
        "view(b, t, -1)",
        time_distributed,
    ),
    report("CRNN", "order|permut|axes|channels|height|transpos", "(0, 3, 2, 1)", crnn),
    report("TextCNN", "max|axis|steps|dim", "dim=2", max_over_filters),
    report("unfold", "unfold|patch|order|channels|permut", "channels last", unfolded),
    report("mask by multiplication", "mask|put to 0", "masked_fill", multiplied_mask),
    report(
        "positions in halves",
        "shuffl|order|interleav|permut|alternat",
        "halves",
        sinusoids,
    ),
    report("GPT-2 kernel", "transpos", "kernel.T", square_transposed),
)
