"""A transfer by order is right or refused, of files and of live models."""

import ast

import keras
import numpy as np
import pytest
import torch

from compare import BadInput, check, transfer
from compare.arguments import parser
from compare.cli import VERBS
from compare.twins.files.transfer import transfer_files

SIZE = 4
HOW = ["live", ".pt .keras", ".safetensors .keras", ".pt .h5", ".pt .weights.h5"]


def linears(*names, run=None):
    """Linear layers, defined in the order of their names."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name in names:
                self.add_module(name, torch.nn.Linear(SIZE, SIZE))

        def forward(self, x):
            for name in run or names:
                x = self.get_submodule(name)(x)
            return x

    return Model()


def sequential(*names):
    layers = [keras.layers.Dense(SIZE, name=name) for name in names]
    return keras.Sequential([keras.Input((SIZE,)), *layers])


def head_named_last():
    return linears("fc1", "fc2", "fc"), sequential(None, None, None)


def head_defined_first():
    names = dict(run=["fc1", "fc2", "fc"])
    return linears("fc", "fc1", "fc2", **names), sequential(*[None] * 3)


def upwards():
    return linears("up2", "up1"), sequential(None, None)


def decoder_defined_first():
    model = linears("decoder", "encoder", run=["encoder", "decoder"])
    return model, sequential(None, None)


def crossed():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.k = (torch.nn.Linear(SIZE, SIZE) for _ in "qk")

        def forward(self, x):
            return torch.cat([self.k(x), self.q(x)], -1)

    x = keras.Input((SIZE,))
    q, k = keras.layers.Dense(SIZE)(x), keras.layers.Dense(SIZE)(x)
    return Model(), keras.Model(x, keras.layers.Concatenate()([k, q]))


def residual():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.ModuleList(
                torch.nn.Linear(SIZE, SIZE) for _ in range(3)
            )

        def forward(self, x):
            past, first, second = self.layers
            return past(x) + second(first(x))

    x, dense = keras.Input((SIZE,)), lambda: keras.layers.Dense(SIZE)
    return Model(), keras.Model(
        x, keras.layers.Add()([dense()(x), dense()(dense()(x))])
    )


def wrapped():
    model = torch.nn.Module()
    model.module = linears("b", "a")
    model.forward = lambda x: model.module(x)
    return model, sequential("b", "a")


def numbered():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.lstm_1 = keras.layers.LSTM(SIZE, return_sequences=True, name="lstm")
            self.lstm_2 = keras.layers.LSTM(SIZE, return_sequences=True, name="lstm_1")

        def call(self, x):
            return self.lstm_2(self.lstm_1(x[:, None]))[:, -1]

    class InTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm_1 = torch.nn.LSTM(SIZE, SIZE, batch_first=True)
            self.lstm_2 = torch.nn.LSTM(SIZE, SIZE, batch_first=True)

        def forward(self, x):
            return self.lstm_2(self.lstm_1(x[:, None])[0])[0][:, -1]

    model = Model()
    model(np.zeros((1, SIZE), "float32"))
    return InTorch(), model


def carried(first, second, how, folder, names=None):
    """Carry the weights from PyTorch's model into Keras's."""
    from safetensors.torch import save_file

    if how == "live":
        transfer(first, second, names)
        return
    source, target = (folder / f"model{ending}" for ending in how.split())
    save = save_file if source.suffix == ".safetensors" else torch.save
    save(first.state_dict(), source)
    weights = target.name.endswith(".weights.h5")
    (second.save_weights if weights else second.save)(target)
    transfer_files(str(source), str(target), names=names)
    if not weights:
        loaded = keras.models.load_model(target, compile=False)
        second.set_weights(loaded.get_weights())
    else:
        second.load_weights(target)


def gap(first, second):
    x = np.random.default_rng(0).uniform(-1, 1, (3, SIZE)).astype("float32")
    with torch.no_grad():
        return np.abs(first(torch.from_numpy(x)).numpy() - second(x).numpy()).max()


NOT_TOLD = [
    head_named_last,
    head_defined_first,
    upwards,
    decoder_defined_first,
    crossed,
    residual,
]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("make", NOT_TOLD, ids=lambda make: make.__name__)
def test_what_no_order_tells_is_refused(tmp_path, make, how):
    first, second = make()

    with pytest.raises(BadInput, match="names"):
        carried(first, second, how, tmp_path)


@pytest.mark.parametrize("how", [how for how in HOW if "safetensors" not in how])
def test_the_table_of_a_refusal_can_be_pasted(tmp_path, how):
    """The order of definition, from which it is made, is that of execution here."""
    first, second = head_named_last()
    with pytest.raises(BadInput) as error:
        carried(first, second, how, tmp_path)
    table = str(error.value).split("it would be ")[1]
    if how == "live":
        names = ast.literal_eval(table.removeprefix("names="))
    else:
        names = parser(VERBS).parse_args(["transfer", "a", "b", *table.split()]).names
    carried(first, second, how, tmp_path, names)

    assert gap(first, second) < 1e-6


@pytest.mark.parametrize("how", HOW)
def test_names_behind_a_wrapper_go_before_the_order(tmp_path, how):
    first, second = wrapped()
    carried(first, second, how, tmp_path)

    assert gap(first, second) < 1e-6


@pytest.mark.parametrize("how", ["live", ".pt .weights.h5"])
def test_names_that_keras_gave_swap_no_layers(tmp_path, how):
    """Keras drops attributes' names behind "layers" in the alphabet from its files."""
    first, second = numbered()
    carried(first, second, how, tmp_path)

    assert gap(first, second) < 1e-6


@pytest.mark.parametrize("how", HOW)
def test_a_chain_needs_no_names(tmp_path, how):
    first = torch.nn.Sequential(*(torch.nn.Linear(SIZE, SIZE) for _ in range(3)))
    x = inner = keras.Input((SIZE,))
    body = sequential("z", "y")
    second = keras.Model(inner, keras.layers.Dense(SIZE, name="x")(body(x)))
    if "weights" in how:  # the names alone, of layers that nobody named
        second = sequential(None, None, None)
    carried(first, second, how, tmp_path)

    assert gap(first, second) < 1e-6


def test_a_chain_of_keras_2_is_read():
    from compare.twins.files.keras_config import chains

    def layer(name, *nodes):
        return dict(
            class_name="Dense", name=name, config={"name": name}, inbound_nodes=[*nodes]
        )

    def model(*layers):
        return dict(class_name="Functional", config={"layers": [*layers]})

    a = layer("a")
    b = layer("b", [["a", 0, 0, {}]])
    forked = layer("c", [["a", 0, 0, {}]])
    behind = layer("c", [["b", 0, 0, {}]])
    by_keyword = layer("c", [["b", 0, 0, {"state": ["a", 0, 0]}]])

    assert chains(model(a, b, behind)) == [""]
    assert chains(model(a, b, forked)) == []
    assert chains(model(a, b, by_keyword)) == []
    assert chains(model(a, layer("b"))) == []


def test_a_layer_that_is_called_twice_is_no_chain():
    from compare.in_keras.leaves import chains

    x = keras.Input((SIZE,))
    shared = keras.layers.Dense(SIZE)
    twice = keras.Model(x, shared(keras.layers.Dense(SIZE)(shared(x))))

    assert chains(twice) == []
    assert chains(keras.Model(x, keras.layers.Dense(SIZE)(shared(x)))) == [""]


def test_what_runs_is_not_refused():
    """`check` sees the order of execution."""
    first, second = head_defined_first()
    x = np.ones((2, SIZE), "float32")

    assert check(first, second, x, "to_keras").verdict == "same"


def test_a_mistaken_nonlinearity_is_named():
    """A transfer refuses it; `check` finds the twin and says what differs."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.RNN(SIZE, SIZE, nonlinearity="relu", batch_first=True)

        def forward(self, x):
            return self.rnn(x)[0]

    first, x = Model(), keras.Input((None, SIZE))
    second = keras.Model(x, keras.layers.SimpleRNN(SIZE, return_sequences=True)(x))

    with pytest.raises(BadInput, match="expected one nonlinearity on both sides"):
        transfer(first, second)
    data = np.random.default_rng(0).uniform(-1, 1, (2, 5, SIZE)).astype("float32")
    assert "relu" in check(first, second, data, "to_keras").explain()


def test_one_layer_of_cells_takes_a_stack():
    first = torch.nn.Module()
    first.rnn = torch.nn.LSTM(SIZE, SIZE, 2, batch_first=True)
    first.forward = lambda x: first.rnn(x[:, None])[0][:, -1]
    x = keras.Input((SIZE,))
    cells = [keras.layers.LSTMCell(SIZE) for _ in range(2)]
    second = keras.Model(x, keras.layers.RNN(cells)(x[:, None]))
    transfer(first, second)

    assert gap(first, second) < 1e-6
