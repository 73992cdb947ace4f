"""Ports of words and recurrent cells that are written by hand."""

import keras
import numpy as np
import torch
from keras import layers, ops
from reported import Make, Port, Report, carried, drawn, put
from torch import Tensor, nn

WORDS = np.array([[5, 3, 8, 1], [2, 9, 4, 6], [7, 7, 3, 2]], "int32")


class Positions(layers.Layer):
    """Adds the embeddings of positions from 2 on."""

    def __init__(self, **settings: object):
        super().__init__(**settings)
        self.embedding = layers.Embedding(8, 6)

    def call(self, words: keras.KerasTensor) -> keras.KerasTensor:
        return words + self.embedding(ops.arange(2, 2 + words.shape[1]))


def positions_after_padding(right: bool) -> Port:
    """RoBERTa counts its positions from padding_idx + 1."""

    class Embeddings(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.word = nn.Embedding(12, 6)
            self.position = nn.Embedding(8, 6)
            self.norm = nn.LayerNorm(6, eps=1e-5)

        def forward(self, ids: Tensor) -> Tensor:
            first = 2 if right else 0
            positions = torch.arange(first, first + ids.size(1), device=ids.device)
            return self.norm(self.word(ids) + self.position(positions))

    ids = keras.Input((4,), dtype="int32")
    words = layers.Embedding(12, 6, name="word")(ids)
    x = Positions(name="positions")(words)
    x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
    port = carried(Embeddings(), keras.Model(ids, x), WORDS)
    put(
        port.torch_model.position.weight,
        port.keras_model.get_layer("positions").get_weights()[0],
    )
    return port


def embedding_scaled(right: bool) -> Port:
    """A transformer multiplies its words by the root of their size."""

    class Embed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.word = nn.Embedding(12, 6)
            self.fc = nn.Linear(6, 3)
            self.register_buffer("table", torch.from_numpy(drawn(4, 6, seed=8)))

        def forward(self, ids: Tensor) -> Tensor:
            x = self.word(ids)
            if right:
                x = x * 6**0.5
            return self.fc(x + self.table)

    ids = keras.Input((4,), dtype="int32")
    x = layers.Embedding(12, 6, name="word")(ids)
    x = x * 6**0.5 + drawn(4, 6, seed=8)
    return carried(Embed(), keras.Model(ids, layers.Dense(3, name="fc")(x)), WORDS)


def mean_of_padded_words(right: bool) -> Port:
    """The mean over words leaves the padding out."""

    class Sentence(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.word = nn.Embedding(10, 6)
            self.fc = nn.Linear(6, 2)

        def forward(self, ids: Tensor) -> Tensor:
            x = self.word(ids)
            if not right:
                return self.fc(x.mean(dim=1))
            mask = (ids != 0).unsqueeze(-1).to(x.dtype)
            return self.fc((x * mask).sum(1) / mask.sum(1))

    ids = keras.Input((5,), dtype="int32")
    x = layers.Embedding(10, 6, mask_zero=True, name="word")(ids)
    x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(ids, layers.Dense(2, name="fc")(x))
    padded = np.array([[5, 3, 8, 0, 0], [2, 9, 4, 6, 1], [7, 2, 3, 2, 0]], "int32")
    return carried(Sentence(), model, padded)


def bag_of_words(right: bool) -> Port:
    """An EmbeddingBag takes the mean unless it is told to add."""

    class FastText(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.EmbeddingBag(12, 6, mode="sum" if right else "mean")
            self.fc = nn.Linear(6, 3)

        def forward(self, ids: Tensor) -> Tensor:
            return self.fc(self.embedding(ids))

    ids = keras.Input((4,), dtype="int32")
    x = ops.sum(layers.Embedding(12, 6, name="embedding")(ids), axis=1)
    return carried(FastText(), keras.Model(ids, layers.Dense(3, name="fc")(x)), WORDS)


def padding_row(right: bool) -> Port:
    """padding_idx=0 empties row 0, which Keras keeps."""

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(12, 6, padding_idx=0)
            self.fc = nn.Linear(6, 3)

        def forward(self, ids: Tensor) -> Tensor:
            return self.fc(torch.tanh(self.embedding(ids)))

    model = keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            layers.Embedding(12, 6, name="embedding"),
            layers.Activation("tanh"),
            layers.Dense(3, name="fc"),
        ]
    )
    padded = np.array([[5, 3, 8, 0, 0], [2, 9, 4, 6, 1]], "int32")
    port = carried(Tagger(), model, padded)
    if not right:
        with torch.no_grad():
            port.torch_model.embedding.weight[0] = 0
    return port


def last_states_of_directions(right: bool) -> Port:
    """h_n[-2] is the forward one."""

    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(4, 5, batch_first=True, bidirectional=True)
            self.fc = nn.Linear(10, 3)

        def forward(self, x: Tensor) -> Tensor:
            _, (h_n, _) = self.rnn(x)
            both = (h_n[-2], h_n[-1]) if right else (h_n[-1], h_n[-2])
            return self.fc(torch.cat(both, dim=1))

    model = keras.Sequential(
        [
            keras.Input((6, 4)),
            layers.Bidirectional(layers.LSTM(5), name="rnn"),
            layers.Dense(3, name="fc"),
        ]
    )
    return carried(Classifier(), model, drawn(3, 6, 4))


class Peephole(layers.Layer):
    """An LSTM's cell whose gates see the cell's state."""

    def __init__(self, units: int, **settings: object):
        super().__init__(**settings)
        self.units = units
        self.state_size = [units, units]
        self.output_size = units

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], 4 * self.units), name="kernel")
        self.recurrent = self.add_weight(
            shape=(self.units, 4 * self.units), name="recurrent"
        )
        self.bias = self.add_weight(shape=(4 * self.units,), name="bias")
        self.peep = self.add_weight(shape=(3, self.units), name="peep")

    def call(
        self, x: keras.KerasTensor, states: list[keras.KerasTensor]
    ) -> tuple[keras.KerasTensor, list[keras.KerasTensor]]:
        h, c = states
        z = ops.matmul(x, self.kernel) + ops.matmul(h, self.recurrent) + self.bias
        i, f, g, o = ops.split(z, 4, axis=-1)
        i = ops.sigmoid(i + self.peep[0] * c)
        f = ops.sigmoid(f + self.peep[1] * c)
        c = f * c + i * ops.tanh(g)
        h = ops.sigmoid(o + self.peep[2] * c) * ops.tanh(c)
        return h, [h, c]


def peephole(right: bool) -> Port:
    """The output gate sees the new state of the cell, the others the old one."""

    class PeepholeLSTM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ih = nn.Linear(3, 16)
            self.hh = nn.Linear(4, 16, bias=False)
            self.peep = nn.Parameter(torch.zeros(3, 4))

        def forward(self, x: Tensor) -> Tensor:
            h = c = x.new_zeros(x.size(0), 4)
            for t in range(x.size(1)):
                i, f, g, o = (self.ih(x[:, t]) + self.hh(h)).chunk(4, dim=1)
                i = torch.sigmoid(i + self.peep[0] * c)
                f = torch.sigmoid(f + self.peep[1] * c)
                new_c = f * c + i * torch.tanh(g)
                o = torch.sigmoid(o + self.peep[2] * (new_c if right else c))
                c = new_c
                h = o * torch.tanh(c)
            return h

    model = keras.Sequential(
        [keras.Input((5, 3)), layers.RNN(Peephole(4, name="cell"), name="rnn")]
    )
    port = carried(PeepholeLSTM(), model, drawn(3, 5, 3))
    kernel, recurrent, bias, peep = model.get_layer("rnn").get_weights()
    put(port.torch_model.ih.weight, kernel.T)
    put(port.torch_model.ih.bias, bias)
    put(port.torch_model.hh.weight, recurrent.T)
    put(port.torch_model.peep, peep)
    return port


def update_gate(right: bool) -> Port:
    """The update gate keeps the old state in Keras; papers have it for the new one."""

    class MyGRU(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ih = nn.Linear(3, 12)
            self.hh = nn.Linear(4, 12)

        def forward(self, x: Tensor) -> Tensor:
            h = x.new_zeros(x.size(0), 4)
            for t in range(x.size(1)):
                xz, xr, xn = self.ih(x[:, t]).chunk(3, dim=1)
                hz, hr, hn = self.hh(h).chunk(3, dim=1)
                z = torch.sigmoid(xz + hz)
                n = torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
                h = z * h + (1 - z) * n if right else (1 - z) * h + z * n
            return h

    model = keras.Sequential([keras.Input((5, 3)), layers.GRU(4, name="gru")])
    port = carried(MyGRU(), model, drawn(3, 5, 3))
    kernel, recurrent, bias = model.get_layer("gru").get_weights()
    put(port.torch_model.ih.weight, kernel.T)
    put(port.torch_model.ih.bias, bias[0])
    put(port.torch_model.hh.weight, recurrent.T)
    put(port.torch_model.hh.bias, bias[1])
    return port


def flipped_batch(right: bool) -> Port:
    """The second axis is time where the batch comes first."""

    class Reversed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(4, 5, batch_first=True)
            self.fc = nn.Linear(5, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = torch.flip(x, dims=[1 if right else 0])
            return self.fc(self.rnn(x)[0][:, -1])

    inputs = keras.Input((6, 4))
    x = ops.flip(inputs, axis=1)
    x = layers.LSTM(5, name="rnn")(x)
    model = keras.Model(inputs, layers.Dense(2, name="fc")(x))
    return carried(Reversed(), model, drawn(4, 6, 4))


def annotated_norm(right: bool) -> Port:
    """A well-known transformer adds epsilon to the deviation, Keras to the variance."""

    class LayerNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 6)
            self.a_2 = nn.Parameter(torch.ones(6))
            self.b_2 = nn.Parameter(torch.zeros(6))

        def forward(self, x: Tensor) -> Tensor:
            x = self.fc(x)
            mean = x.mean(-1, keepdim=True)
            if right:
                spread = torch.sqrt(x.var(-1, keepdim=True, unbiased=False) + 1e-3)
            else:
                spread = x.std(-1, keepdim=True, unbiased=False) + 1e-3
            return self.a_2 * (x - mean) / spread + self.b_2

    inputs = keras.Input((5, 4))
    x = layers.Dense(6, name="fc")(inputs)
    x = layers.LayerNormalization(epsilon=1e-3, name="norm")(x)
    port = carried(LayerNorm(), keras.Model(inputs, x), drawn(3, 5, 4))
    gamma, beta = port.keras_model.get_layer("norm").get_weights()
    put(port.torch_model.a_2, gamma)
    put(port.torch_model.b_2, beta)
    return port


def context_first(right: bool) -> Port:
    """An attentive decoder joins the context before the word."""

    class Step(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(12, 5)
            self.lstm = nn.LSTM(10, 6, batch_first=True)
            self.fc = nn.Linear(6, 4)

        def forward(self, ids: Tensor, context: Tensor) -> Tensor:
            x = self.embedding(ids)
            both = (context, x) if right else (x, context)
            return self.fc(self.lstm(torch.cat(both, dim=-1))[0])

    ids, context = keras.Input((4,), dtype="int32"), keras.Input((4, 5))
    x = layers.Embedding(12, 5, name="embedding")(ids)
    x = layers.Concatenate()([context, x])
    x = layers.LSTM(6, return_sequences=True, name="lstm")(x)
    model = keras.Model([ids, context], layers.Dense(4, name="fc")(x))
    return carried(Step(), model, [WORDS, drawn(3, 4, 5)])


def report(name: str, cause: str, answer: str, make: Make, thread: str = "") -> Report:
    return Report(name, "texts", thread, answer, cause, make)


REPORTS = (
    report(
        "positions after the padding",
        "shift|rows|first|position|arange|moved|begin",
        "padding_idx + 1",
        positions_after_padding,
        "huggingface/transformers, RoBERTa",
    ),
    report(
        "words times the root of their size",
        "multipl|factor|scale|times|root|sqrt",
        "x * sqrt(d)",
        embedding_scaled,
    ),
    report(
        "mean of padded words",
        "mask|padd",
        "divide by the number of words",
        mean_of_padded_words,
    ),
    report("bag of words", "mean|sum|mode", "mode='sum'", bag_of_words),
    report(
        "padding row",
        r"padding|row|zero|\b0\b",
        "keep row 0",
        padding_row,
    ),
    report(
        "last states of two directions",
        "order|direction|exchang|concat|join|forward|backward",
        "h_n[-2], h_n[-1]",
        last_states_of_directions,
    ),
    report("peephole", r"new_zeros.*takes what `\+`", "new c", peephole),
    report("update gate", "update|gate|1 - z|old|new", "z * h", update_gate),
    report("flipped batch", "flip|batch|revers|turn|axis", "dims=[1]", flipped_batch),
    report(
        "epsilon and the deviation",
        "epsilon|1e-3|0.001|deviation",
        "sqrt(var + eps)",
        annotated_norm,
        "harvardnlp/annotated-transformer",
    ),
    report(
        "context before the word",
        "order|concat|join|cat",
        "cat((context, x))",
        context_first,
    ),
)
