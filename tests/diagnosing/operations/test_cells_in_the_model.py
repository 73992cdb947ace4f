"""Recurrent cells whose step and loop stand in PyTorch's model itself."""

import keras
import numpy as np
import pytest
import torch
from keras import layers
from torch import nn

import compare

RNG = np.random.default_rng(5)
FILMS = RNG.standard_normal((2, 3, 5, 4, 2)).astype("float32")
SERIES = RNG.standard_normal((3, 5, 4)).astype("float32")
SIZE = 3


def sentence(evidence):
    """What is said of a difference that is explained and proved."""
    assert evidence.verdict == "different"
    found = [result.explanation for result in evidence.results if result.explanation]
    assert found[-1].explained, found[-1].sentence
    return found[-1].sentence


def randomised(module):
    torch.manual_seed(3)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.4)
    return module.eval()


def turned(gates):
    """What is summed for the gates, with the last two in each other's place."""
    i, f, o, g = gates.chunk(4, 1)
    return torch.cat([i, f, g, o], 1)


class Film(nn.Module):
    """A ConvLSTM whose convolution is the model's, as is the loop over the steps."""

    def __init__(
        self, join=("x", "h"), mode="zeros", dilation=1, change=torch.clone, end="last"
    ):
        super().__init__()
        self.gates = nn.Conv2d(
            2 + SIZE, 4 * SIZE, 3, 1, dilation, dilation, padding_mode=mode
        )
        self.join, self.change, self.end = join, change, end
        self.head = nn.Linear(SIZE, 2)

    def forward(self, x):
        x = x.movedim(-1, 2)
        h = c = x.new_zeros(len(x), SIZE, *x.shape[3:])
        steps = []
        for step in x.unbind(1):
            inputs = {"x": step, "h": h}
            gates = self.gates(torch.cat([inputs[name] for name in self.join], 1))
            i, f, o, g = self.change(gates).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            steps.append(h)
        taken = {"last": h, "mean": torch.stack(steps).mean(0), "first": steps[0]}
        return self.head(taken[self.end].mean((2, 3)))


def film_in_keras(**settings):
    x = keras.Input(FILMS.shape[1:])
    h = layers.ConvLSTM2D(SIZE, 3, padding="same", name="film", **settings)(x)
    y = layers.GlobalAveragePooling2D()(h)
    return keras.Model(x, layers.Dense(2, name="head")(y))


def of_film(wrong, **settings):
    """PyTorch's wrong model against Keras's, with the weights of a right one."""
    right, twin = randomised(Film()), film_in_keras(**settings)
    compare.transfer(right, twin)
    wrong.load_state_dict(right.state_dict())
    return compare.check(wrong.eval(), twin, FILMS)


def test_a_right_conv_lstm_in_the_model_itself_is_the_same():
    assert of_film(Film()).verdict == "same"


@pytest.mark.parametrize(
    ("otherwise", "words"),
    [
        ({"join": ("h", "x")}, "h stands before x"),
        ({"mode": "circular"}, "x and h are padded in the mode circular, not with"),
        ({"dilation": 2}, "the windows over both x and h are dilated, by 2"),
        ({"change": turned}, "the gates are taken in the order i, f, g, o"),
    ],
)
def test_a_conv_lstm_in_the_model_itself_is_looked_into(otherwise, words):
    said = sentence(of_film(Film(**otherwise)))

    assert said.startswith("in the ConvLSTM that PyTorch writes out")
    assert words in said


@pytest.mark.parametrize(
    ("end", "words"), [("mean", "the mean of all steps"), ("first", "the first step")]
)
def test_what_is_taken_of_a_conv_lstm_in_the_model_itself_is_named(end, words):
    said = sentence(of_film(Film(end=end)))

    assert said.startswith(f"PyTorch takes {words} of the ConvLSTM that it writes out")
    assert said.endswith("and Keras the last step of `film`")


def test_a_setting_of_kerass_conv_lstm_is_named():
    said = sentence(of_film(Film(), dilation_rate=2))

    assert (
        said == "in `film` of Keras, the windows over x alone, not h, are dilated, by 2"
    )


class Zoneout(nn.Module):
    """An LSTM, a part of whose states stays as it was before the step."""

    def __init__(self, of_h=0.0, of_c=0.0, is_before=False):
        super().__init__()
        self.of_x, self.of_h = nn.Linear(4, 4 * SIZE), nn.Linear(SIZE, 4 * SIZE)
        self.head = nn.Linear(SIZE, 2)
        self.rates, self.is_before = (of_h, of_c), is_before

    def forward(self, x):
        h = c = x.new_zeros(len(x), SIZE)
        rate_h, rate_c = self.rates
        for step in x.unbind(1):
            i, f, g, o = (self.of_x(step) + self.of_h(h)).chunk(4, 1)
            new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            mixed = rate_c * c + (1 - rate_c) * new
            new_h = torch.sigmoid(o) * torch.tanh(mixed if self.is_before else new)
            h, c = rate_h * h + (1 - rate_h) * new_h, mixed
        return self.head(h)


@pytest.mark.parametrize(
    ("otherwise", "words"),
    [
        ({"of_h": 0.1}, "each step hands on 0.1 h of the step before + 0.9 h"),
        ({"of_c": 0.25}, "each step hands on 0.25 c of the step before + 0.75 c"),
        ({"of_h": 0.2, "of_c": 0.2}, "0.2 c of the step before + 0.8 c"),
        ({"of_c": 0.5, "is_before": True}, "of which h is made"),
    ],
)
def test_zoneout_written_out_is_named_with_its_rate(otherwise, words):
    model = randomised(Zoneout(**otherwise))
    x = keras.Input((5, 4))
    lstm, head = layers.LSTM(SIZE), layers.Dense(2)
    twin = keras.Model(x, head(lstm(x)))
    arrays = {name: p.detach().numpy() for name, p in model.named_parameters()}
    bias = arrays["of_x.bias"] + arrays["of_h.bias"]
    lstm.set_weights([arrays["of_x.weight"].T, arrays["of_h.weight"].T, bias])
    head.set_weights([arrays["head.weight"].T, arrays["head.bias"]])
    said = sentence(compare.check(model, twin, SERIES))

    assert "zoneout is applied" in said
    assert words in said
