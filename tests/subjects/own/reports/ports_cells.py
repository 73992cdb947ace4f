"""Ports of recurrent models, written as the people who asked wrote them."""

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers
from reported import Make, Port, Report, carried, drawn, filled, move_recurrent, put
from torch import Tensor, nn

SERIES = drawn(6, 9, 4)


def relu_lstm(right: bool) -> Port:
    """LSTM(activation='relu') has no counterpart in nn.LSTM."""

    class Forecaster(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(4, 8, batch_first=True)
            self.fc = nn.Linear(8, 1)

        def forward(self, x: Tensor) -> Tensor:
            out, (_h, _c) = self.lstm(x)
            return self.fc(out[:, -1, :])

    model = keras.Sequential()
    model.add(keras.Input((9, 4)))
    model.add(layers.LSTM(8, activation="tanh" if right else "relu", name="lstm"))
    model.add(layers.Dense(1, name="fc"))
    return carried(Forecaster(), model, SERIES)


def first_of_the_layers(right: bool) -> Port:
    """h_n[0] is the state of the lower of two layers."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(4, 6, num_layers=2, batch_first=True)
            self.linear = nn.Linear(6, 2)

        def forward(self, x: Tensor) -> Tensor:
            _, (h_n, _) = self.rnn(x)
            return self.linear(h_n[-1] if right else h_n[0])

    model = keras.Sequential(
        [
            keras.Input((None, 4)),
            layers.LSTM(6, return_sequences=True, name="lstm_1"),
            layers.LSTM(6, name="lstm_2"),
            layers.Dense(2, name="linear"),
        ]
    )
    port = carried(Net(), model, SERIES)
    for number in (0, 1):
        arrays = model.get_layer(f"lstm_{number + 1}").get_weights()
        move_recurrent(port.torch_model.rnn, arrays, f"_l{number}")
    return port


def layers_exchanged(right: bool) -> Port:
    """Two GRUs of one size have each other's weights."""

    class TwoLayers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(5, 5, num_layers=2, batch_first=True)
            self.out = nn.Linear(5, 3)

        def forward(self, x: Tensor) -> Tensor:
            y, _ = self.gru(x)
            return self.out(y)

    model = keras.Sequential(
        [
            keras.Input((None, 5)),
            layers.GRU(5, return_sequences=True, name="gru_a"),
            layers.GRU(5, return_sequences=True, name="gru_b"),
            layers.Dense(3, name="out"),
        ]
    )
    port = carried(TwoLayers(), model, drawn(4, 8, 5))
    names = ("gru_a", "gru_b") if right else ("gru_b", "gru_a")
    for number, name in enumerate(names):
        arrays = model.get_layer(name).get_weights()
        move_recurrent(port.torch_model.gru, arrays, f"_l{number}")
    return port


def merged_by_mean(right: bool) -> Port:
    """merge_mode='ave' halves the sum of the directions."""

    class BiGRU(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bigru = nn.GRU(4, 6, batch_first=True, bidirectional=True)
            self.fc = nn.Linear(6, 2)

        def forward(self, x: Tensor) -> Tensor:
            out, _ = self.bigru(x)
            out = out[:, :, :6] + out[:, :, 6:]
            if right:
                out = out / 2
            return self.fc(out)

    gru = layers.GRU(6, return_sequences=True)
    model = keras.Sequential(
        [
            keras.Input((None, 4)),
            layers.Bidirectional(gru, merge_mode="ave", name="bigru"),
            layers.Dense(2, name="fc"),
        ]
    )
    return carried(BiGRU(), model, SERIES)


def forward_twice(right: bool) -> Port:
    """The weights of the forward direction were loaded for both."""

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(4, 5, bidirectional=True, batch_first=True)
            self.hidden2tag = nn.Linear(10, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.hidden2tag(self.lstm(x)[0])

    lstm = layers.LSTM(5, return_sequences=True)
    model = keras.Sequential(
        [
            keras.Input((None, 4)),
            layers.Bidirectional(lstm, name="lstm"),
            layers.Dense(3, name="hidden2tag"),
        ]
    )
    port = carried(Tagger(), model, SERIES)
    if not right:
        arrays = model.get_layer("lstm").get_weights()
        move_recurrent(port.torch_model.lstm, arrays[:3], "_l0_reverse")
    return port


def backward_by_hand(right: bool) -> Port:
    """What runs backwards is turned round again before it is joined."""

    class TwoWays(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fwd = nn.LSTM(4, 5, batch_first=True)
            self.bwd = nn.LSTM(4, 5, batch_first=True)
            self.out = nn.Linear(10, 2)

        def forward(self, x: Tensor) -> Tensor:
            a, _ = self.fwd(x)
            b, _ = self.bwd(torch.flip(x, dims=[1]))
            if right:
                b = torch.flip(b, dims=[1])
            return self.out(torch.cat((a, b), dim=2))

    inputs = keras.Input((9, 4))
    a = layers.LSTM(5, return_sequences=True, name="fwd")(inputs)
    b = layers.LSTM(5, return_sequences=True, go_backwards=True, name="bwd")(inputs)
    b = layers.Lambda(lambda t: t[:, ::-1])(b)
    x = layers.Concatenate()([a, b])
    model = keras.Model(inputs, layers.Dense(2, name="out")(x))
    return carried(TwoWays(), model, SERIES)


def states_exchanged(right: bool) -> Port:
    """The decoder takes (h, c), and is given (c, h)."""

    class Seq2Seq(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.LSTM(4, 6, batch_first=True)
            self.decoder = nn.LSTM(3, 6, batch_first=True)
            self.dense = nn.Linear(6, 3)

        def forward(self, source: Tensor, target: Tensor) -> Tensor:
            _, (h, c) = self.encoder(source)
            out, _ = self.decoder(target, (h, c) if right else (c, h))
            return self.dense(out)

    source, target = keras.Input((None, 4)), keras.Input((None, 3))
    _, h, c = layers.LSTM(6, return_state=True, name="encoder")(source)
    decoder = layers.LSTM(6, return_sequences=True, return_state=True, name="decoder")
    out, _, _ = decoder(target, initial_state=[h, c])
    model = keras.Model([source, target], layers.Dense(3, name="dense")(out))
    return carried(Seq2Seq(), model, [SERIES, drawn(6, 5, 3, seed=3)])


def state_not_passed(right: bool) -> Port:
    """The decoder begins with zeros and not where the encoder ended."""

    class Seq2Seq(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.GRU(4, 6, batch_first=True)
            self.decoder = nn.GRU(3, 6, batch_first=True)
            self.dense = nn.Linear(6, 3)

        def forward(self, source: Tensor, target: Tensor) -> Tensor:
            _, hidden = self.encoder(source)
            out, _ = self.decoder(target, hidden if right else None)
            return torch.softmax(self.dense(out), dim=-1)

    source, target = keras.Input((None, 4)), keras.Input((None, 3))
    _, h = layers.GRU(6, return_state=True, name="encoder")(source)
    out = layers.GRU(6, return_sequences=True, name="decoder")(target, initial_state=h)
    out = layers.Dense(3, activation="softmax", name="dense")(out)
    model = keras.Model([source, target], out)
    return carried(Seq2Seq(), model, [SERIES, drawn(6, 5, 3, seed=3)])


def stateful(right: bool) -> Port:
    """stateful=True goes on with the states of the batch before."""

    class Lstm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(4, 5, batch_first=True)
            self.fc = nn.Linear(5, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.lstm(x)[0][:, -1])

    model = keras.Sequential(
        [
            keras.Input(batch_shape=(6, 9, 4)),
            layers.LSTM(5, stateful=not right, name="lstm"),
            layers.Dense(1, name="fc"),
        ]
    )
    return carried(Lstm(), model, SERIES)


def backwards(right: bool) -> Port:
    """go_backwards=True reads the last step first."""

    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(4, 6, batch_first=True)
            self.fc = nn.Linear(6, 2)

        def forward(self, x: Tensor) -> Tensor:
            if right:
                x = x.flip(1)
            _, h = self.gru(x)
            return self.fc(h.squeeze(0))

    model = keras.Sequential(
        [
            keras.Input((None, 4)),
            layers.GRU(6, go_backwards=True, name="gru"),
            layers.Dense(2, name="fc"),
        ]
    )
    return carried(Reader(), model, SERIES)


def tanh_again(right: bool) -> Port:
    """The tanh of Keras's LSTM is inside nn.LSTM as well."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(4, 6, batch_first=True)
            self.dense = nn.Linear(6, 1)

        def forward(self, x: Tensor) -> Tensor:
            x, _ = self.lstm(x)
            if not right:
                x = torch.tanh(x)
            x = self.dense(x[:, -1])
            return torch.sigmoid(x)

    model = keras.Sequential(
        [
            keras.Input((None, 4)),
            layers.LSTM(6, activation="tanh", name="lstm"),
            layers.Dense(1, activation="sigmoid", name="dense"),
        ]
    )
    return carried(Model(), model, SERIES)


def conv_lstm(right: bool) -> Port:
    """A ConvLSTM by hand that splits its gates as i, f, o, g."""

    class ConvLSTM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = 3
            self.gates = nn.Conv2d(2 + 3, 4 * 3, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            b, steps, _, height, width = x.shape
            h = x.new_zeros(b, self.hidden, height, width)
            c = x.new_zeros(b, self.hidden, height, width)
            for t in range(steps):
                z = self.gates(torch.cat([x[:, t], h], dim=1))
                if right:
                    i, f, g, o = torch.split(z, self.hidden, dim=1)
                else:
                    i, f, o, g = torch.split(z, self.hidden, dim=1)
                c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                h = torch.sigmoid(o) * torch.tanh(c)
            return h

    model = keras.Sequential(
        [
            keras.Input((4, 5, 6, 2)),
            layers.ConvLSTM2D(
                3, 3, padding="same", recurrent_activation="sigmoid", name="convlstm"
            ),
        ]
    )
    port = Port(ConvLSTM(), filled(model), drawn(2, 4, 5, 6, 2))
    kernel, recurrent, bias = model.get_layer("convlstm").get_weights()
    joined = np.concatenate([kernel, recurrent], axis=2)
    put(port.torch_model.gates.weight, joined.transpose(3, 2, 0, 1))
    put(port.torch_model.gates.bias, bias)
    return port


def relu_rnn(right: bool) -> Port:
    """nn.RNN has tanh unless it is told nonlinearity='relu' (an IRNN)."""

    class IRNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            kind = "relu" if right else "tanh"
            self.rnn = nn.RNN(4, 6, nonlinearity=kind, batch_first=True)
            self.fc = nn.Linear(6, 3)

        def forward(self, x: Tensor) -> Tensor:
            hidden = self.rnn(x)[0][:, -1]
            return F.log_softmax(self.fc(hidden), dim=-1)

    inputs = keras.Input((None, 4))
    x = layers.SimpleRNN(6, activation="relu", name="rnn")(inputs)
    x = layers.Dense(3, activation="log_softmax", name="fc")(x)
    return carried(IRNN(), keras.Model(inputs, x), SERIES)


def recurrent_encoder(right: bool) -> Port:
    """The square recurrent kernel was not transposed."""

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.RNN(3, 6, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.cell(x)[0]

    rnn = layers.SimpleRNN(6, return_sequences=True, name="cell")
    model = keras.Sequential([keras.Input((None, 3)), rnn])
    port = carried(Encoder(), model, drawn(3, 6, 3))
    arrays = rnn.get_weights()
    move_recurrent(port.torch_model.cell, arrays)
    if not right:
        put(port.torch_model.cell.weight_hh_l0, arrays[1])
    return port


def report(name: str, cause: str, answer: str, make: Make) -> Report:
    return Report(name, "cells", "", answer, cause, make)


REPORTS = (
    report("LSTM with relu", "relu|activation", "tanh is all there is", relu_lstm),
    report("h_n[0]", "layer|h_n|lower|first", "h_n[-1]", first_of_the_layers),
    report(
        "layers exchanged", "layers|exchang|each other", "as named", layers_exchanged
    ),
    report("merge_mode ave", "mean|average|sum|half|merge|2", "/ 2", merged_by_mean),
    report("forward twice", "direction|backward|reverse", "arrays[3:]", forward_twice),
    report(
        "not flipped back",
        "flip|revers|turn round|turned|backward",
        "flip again",
        backward_by_hand,
    ),
    report("c and h", "begins with h = c of", "(h, c)", states_exchanged),
    report("state not passed", "begins with zeros", "hidden", state_not_passed),
    report("stateful", "state", "stateful=False", stateful),
    report("go_backwards", "backward|revers|last step first", "x.flip(1)", backwards),
    report("tanh again", "tanh", "no tanh", tanh_again),
    report("ConvLSTM gates", "gates?|order", "i, f, g, o", conv_lstm),
    report("RNN with relu", "relu|tanh", "nonlinearity='relu'", relu_rnn),
    report("recurrent kernel", "transpos", "recurrent.T", recurrent_encoder),
)
