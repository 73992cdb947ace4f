"""Mistakes as people make them, in models of their own: found and undone."""

from functools import partial

import keras
import normed
import numpy as np
import pytest
import torch
from own_models import (
    FEATURES,
    PADDED,
    SIZE,
    X,
    in_keras,
    in_pytorch,
    last,
    masked,
    plain,
    twins,
)

from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import Input, sequences
from compare.judging.words import PRECISIONS
from compare.twins.frameworks import FRAMEWORKS, LAYERS
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights


def flipped(model, x):
    return last(model, x.flip(1))


def with_features_reversed(model, x):
    return last(model, x.flip(2))


def after_relu(model, x):
    return model.head(model.rnn(x)[0][:, -1].relu())


def relu_in_keras(model, x):
    return model.head(keras.ops.relu(model.rnn(x)))


CASES = {
    "another activation": (
        (last,),
        (plain, dict(activation="relu")),
        "relu for tanh",
    ),
    "another gate": (
        (last,),
        (plain, dict(recurrent_activation="hard_sigmoid")),
        "hard sigmoid x / 6",
    ),
    "backwards": (
        (last,),
        (plain, dict(go_backwards=True)),
        "sequence reversed",
    ),
    "steps flipped by the user": ((flipped,), (plain, {}), "sequence reversed"),
    "features flipped by the user": (
        (with_features_reversed,),
        (plain, {}),
        "features reversed",
    ),
    "time first": (
        (last, dict(batch_first=False)),
        (plain, {}),
        "batch and time confused",
    ),
    "a function between, and another activation": (
        (after_relu,),
        (relu_in_keras, dict(activation="linear")),
        "linear for tanh",
    ),
    "a function inside the head": (
        (lambda model, x: last(model, x).tanh(),),
        (plain, dict(head="tanh", recurrent_activation="tanh")),
        "tanh for sigmoid",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_in_a_model_of_ones_own_is_explained(case):
    torch, keras, name = CASES[case]
    makers = (
        in_pytorch(torch[0], **dict(*torch[1:])),
        in_keras(keras[0], **keras[1]),
    )
    found = diagnose(twins(*makers), (X,))

    assert found.explained, found
    assert found.faults == (name,)
    assert found.gap_after <= found.limit
    assert not found.gap_before <= found.limit


def hidden(model, x):
    return model.head(model.rnn(x)[1][0][-1])


@pytest.mark.parametrize("forward", [last, hidden], ids=["last", "hidden"])
def test_padding_that_only_keras_masks_is_explained(forward):
    made = twins(in_pytorch(forward), in_keras(masked))
    found = diagnose(made, (PADDED,))

    assert found.explained, found
    assert found.faults == ("mask ignored",)
    assert "rnn of PyTorch: pack" in found.fix


def test_padding_that_only_pytorch_leaves_out_is_explained():
    def packed(model, x):
        lengths = (x != 0).any(2).sum(1)
        pack = torch.nn.utils.rnn.pack_padded_sequence
        _, (h, _) = model.rnn(pack(x, lengths, True, False))
        return model.head(h[-1])

    found = diagnose(twins(in_pytorch(packed), in_keras(plain)), (PADDED,))

    assert found.explained, found
    assert found.faults == ("mask ignored",)
    assert "rnn of Keras: give the layer the mask" in found.fix


BEFORE = np.where(np.arange(7)[:, None] >= [[[0]], [[3]], [[5]]], X, 0)


def packed_by_count(model, x):
    """The first steps of each sequence, as many as are not zero."""
    pack = torch.nn.utils.rnn.pack_padded_sequence
    lengths = (x != 0).any(2).sum(1)
    return model.head(model.rnn(pack(x, lengths, True, False))[1][0][-1])


@pytest.mark.parametrize(
    ("forward", "name", "fix"),
    [
        (last, "mask ignored", "pack the batch"),
        (packed_by_count, "left padding packed", "padding_side='right'"),
    ],
    ids=["read", "packed"],
)
def test_padding_before_the_sequences_that_keras_masks_is_explained(forward, name, fix):
    found = diagnose(twins(in_pytorch(forward), in_keras(masked)), (BEFORE,))

    assert found.explained, found
    assert found.faults == (name,)
    assert fix in found.fix


def test_padding_before_the_sequences_that_both_leave_out_is_no_finding():
    """PyTorch's model brings the data to the front before it packs."""

    def brought(model, x):
        order = torch.argsort((x == 0).all(2).int(), dim=1, stable=True)
        x = torch.take_along_dim(x, order[..., None], 1)
        return packed_by_count(model, x)

    made = twins(in_pytorch(brought), in_keras(masked))
    found = diagnose(made, (BEFORE,))

    assert made.compare(BEFORE).verdict == "same"
    assert not found.explained
    assert found.faults == ()


def test_a_gru_that_resets_before_the_product_is_explained():
    """Its arrays are not those of PyTorch's, so no transfer loads it."""
    torch = in_pytorch(last, kind="GRU")
    made = twins(torch, in_keras(plain, "GRU", reset_after=False), load=False)
    for dtype in PRECISIONS:
        layers = {
            side: LAYERS[side].layers(made.model(side, dtype)) for side in FRAMEWORKS
        }
        drawn = fresh_weights(layers["torch"], [3])
        drawn["rnn"]["bias_hh_l0"][:] = 0
        LAYERS["torch"].load(made.model("torch", dtype), drawn)
        order = np.r_[SIZE : 2 * SIZE, :SIZE, 2 * SIZE : 3 * SIZE]  # z, r, h
        rnn, head = drawn["rnn"], drawn["head"]
        theirs = {
            "rnn": {
                "kernel": rnn["weight_ih_l0"][order].T,
                "recurrent_kernel": rnn["weight_hh_l0"][order].T,
                "bias": rnn["bias_ih_l0"][order],
            },
            "head": {"kernel": head["weight"].T, "bias": head["bias"]},
        }
        LAYERS["keras"].load(made.model("keras", dtype), theirs)
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.faults == ("reset gate before the product",)


@pytest.mark.parametrize(
    ("model", "epsilon", "name"),
    [
        ("words", 1e-3, "epsilon 1e-3 for 1e-5"),
        ("convolved", 1e-5, "epsilon 1e-5 for 1e-3"),
    ],
)
def test_the_default_epsilon_of_the_other_framework_is_explained(model, epsilon, name):
    made, arrays = normed.twins(model)
    for dtype in PRECISIONS:
        made.model("keras", dtype).norm.epsilon = epsilon
    made, arrays = retraced(made, arrays)
    found = diagnose(made, arrays)

    assert found.explained, found
    others = [each.split(": ")[1] for each in found.indistinguishable_from]
    assert name in (*found.faults, *others)
    assert found.layer == "norm"


def retraced(made, arrays):
    """Twins whose model has changed since it was traced."""
    for dtype in PRECISIONS:
        made.twin("keras", dtype).retrace()
    return made, arrays


def test_an_epsilon_that_is_no_default_is_read_from_the_layers():
    made, arrays = normed.twins("words")
    for dtype in PRECISIONS:
        made.model("keras", dtype).norm.epsilon = 0.1
    found = diagnose(*retraced(made, arrays))

    assert found.explained, found
    assert not found.faults
    assert "epsilon below the root is 1e-5 in PyTorch, 0.1 in Keras" in found.sentence
    assert found.fix.startswith("either norm of PyTorch: eps=0.1 or norm of Keras")


def changed_norm(monkeypatch, change):
    """Twins of words whose Keras norm returns what `change` makes of it."""
    made, arrays = normed.twins("words")
    norm = type(made.model("keras", "float64").norm)
    right = norm.call
    monkeypatch.setattr(norm, "call", lambda self, x: change(right(self, x)))
    return retraced(made, arrays)


def test_a_layer_that_normalises_in_a_way_of_its_own_is_said_to_be_unknown(monkeypatch):
    found = diagnose(*changed_norm(monkeypatch, lambda x: x * keras.ops.abs(x)))

    assert not found.explained
    assert "something unknown in Keras" in found.sentence
    assert "layer norm alone" in found.sentence


def test_a_layer_that_normalises_to_a_multiple_is_told_by_it(monkeypatch):
    found = diagnose(*changed_norm(monkeypatch, lambda x: x * 2))

    assert found.explained
    assert "PyTorch's is that of Keras divided by 2" in found.sentence


def test_twins_that_embed_and_normalise_alike_are_not_explained():
    for name in normed.NAMES:
        found = diagnose(*normed.twins(name))

        assert not found.explained
        assert not found.faults
        assert "differ" not in found.sentence


def test_models_with_names_of_their_own_and_several_results_are_explained():
    """Layers inside others, matched by order; a dictionary of a tuple comes back."""

    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = torch.nn.ModuleDict(
                dict(rnn=torch.nn.LSTM(FEATURES, SIZE, batch_first=True))
            )
            self.heads = torch.nn.ModuleList(
                [torch.nn.Linear(SIZE, 2), torch.nn.Linear(SIZE, 3)]
            )

        def forward(self, x, add):
            h = self.encoder["rnn"](x)[0][:, 0]
            return {"out": (self.heads[0](h), self.heads[1](h) + add)}

    def functional():
        x, add = keras.Input((None, FEATURES)), keras.Input((3,))
        h = keras.layers.LSTM(SIZE, name="reader")(x)
        one = keras.layers.Dense(2, name="small")(h)
        two = keras.layers.Dense(3, name="large")(h) + add
        return keras.Model([x, add], {"out": (one, two)})

    inputs = (*sequences(None, FEATURES), Input("add", (None, 3)))
    made = Twins(
        dict(torch=InPyTorch, keras=functional),
        inputs,
        None,
        calls=dict(
            torch=lambda model, tensors: model(*tensors),
            keras=lambda model, tensors: model(list(tensors)),
        ),
    )
    arrays = X, np.ones((3, 3), np.float32)
    made.match(arrays)
    made.load("to_keras", partial(fresh_weights, seed=[4]))
    found = diagnose(made, arrays)

    assert found.explained, found
    assert found.faults == ("the first step for the last step",)
    start = "between encoder.rnn and heads.0, PyTorch takes the first step"
    assert found.sentence.startswith(start)


def in_training(model, x):
    """A forward that leaves a layer as it is in training."""
    model.norm.train()
    return model.head(model.norm(model.rnn(x)[0][:, -1]))


def with_norm():
    """Twins of a recurrent layer, a BatchNorm1d with an epsilon of 1e-3 and a head."""

    class InPyTorch(in_pytorch(in_training)):
        def __init__(self):
            super().__init__()
            self.norm = torch.nn.BatchNorm1d(SIZE, eps=1e-3)

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.LSTM(SIZE)
            self.norm = keras.layers.BatchNormalization()
            self.head = keras.layers.Dense(FEATURES - 1)

        def call(self, x):
            return self.head(self.norm(self.rnn(x)))

    return twins(InPyTorch, InKeras)


def test_a_batch_norm_that_learns_while_it_runs_is_explained():
    """Its statistics have moved since they were loaded: no weight differs."""
    found = diagnose(with_norm(), (X,))

    assert found.explained, found
    assert found.faults == ("statistics of the batch for learnt statistics",)
    assert "weights" not in found.sentence
    assert "model.eval()" in found.fix


@pytest.mark.parametrize("shift", [1, -1])
def test_indices_shifted_in_the_code_are_explained(shift):
    made, (x,) = normed.twins("words")
    for dtype in PRECISIONS:
        model = made.model("torch", dtype)
        model.forward = partial(shifted, model, shift)
    found = diagnose(made, (np.clip(x, 1, normed.WORDS - 2),))
    name = f"indices one too {'high' if shift == 1 else 'low'}"

    assert found.explained, found
    assert found.faults == (name,)
    assert {each.side for each in found.alternatives} == {"keras"}


def shifted(model, shift, x):
    h, _ = model.lstm(model.embedding(x + shift))
    return model.head(model.norm(h[:, -1]))
