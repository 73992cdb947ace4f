"""A port is written as a person would write it: order, names, states, layouts."""

import ast
import builtins

import keras
import numpy as np
import pytest
import torch
from keras import layers, ops
from live_plans import draw, plan_of
from ports import port_of, widest_gap

from compare.kinds.graph import Call, LayerPlan, ModelPlan, Tensor
from compare.kinds.source import number_text
from compare.porting.port import port
from compare.porting.wishes import wished
from compare.porting.writing.handed_states import with_handed_states
from compare.porting.writing.names import class_name
from compare.porting.writing.reading_order import in_reading_order

LIMIT = 1e-12
RNG = np.random.default_rng(0)


def series(*shape):
    return RNG.standard_normal(shape).astype("float32")


def source_of(model, *inputs, capsys):
    """The source of a port that computes what the model does."""
    draw(model)
    gap = widest_gap(model, *inputs)
    text = capsys.readouterr().out
    assert gap < LIMIT, text
    return text


# ------------------------------------------------------------------------------- order


def test_branches_are_written_one_after_the_other():
    x = keras.Input((4,), name="x")
    a = layers.Dense(3, name="a2")(layers.Dense(3, name="a1")(x))
    b = layers.Dense(3, name="b2")(layers.Dense(3, name="b1")(x))
    plan = plan_of(keras.Model(x, layers.Add(name="both")([a, b])))
    shuffled = _in_order(plan, ("x", "a1", "b1", "a2", "b2", "both"))

    ordered, _ = in_reading_order(shuffled, [()] * len(shuffled.calls))

    names = [call.layer for call in ordered.calls]
    assert names == ["x", "a1", "a2", "b1", "b2", "both"]


def _in_order(plan, names):
    """The plan with its calls in the order of these layers."""
    numbers = [[c.layer for c in plan.calls].index(name) for name in names]
    places = {number: place for place, number in enumerate(numbers)}

    def moved(value):
        if isinstance(value, Tensor):
            return Tensor(places[value.call], value.output)
        return [moved(item) for item in value]

    calls = []
    for number in numbers:
        call = plan.calls[number]
        calls.append(Call(call.layer, tuple(moved(arg) for arg in call.args)))
    outputs = moved(plan.outputs)
    return ModelPlan(plan.name, plan.layers, tuple(calls), Tensor(0), outputs)


def test_calls_of_a_layer_that_keeps_states_stay_in_their_order():
    layer = LayerPlan("lstm", "LSTM", {"stateful": True})
    x = LayerPlan("x", "InputLayer", {"shape": (None, 3)})
    add = LayerPlan("add", "Add")
    calls = (
        Call("x"),
        Call("lstm", (Tensor(0),)),
        Call("lstm", (Tensor(0),)),
        Call("add", ([Tensor(2), Tensor(1)],)),
    )
    plan = ModelPlan("m", {"x": x, "lstm": layer, "add": add}, calls, Tensor(0), 3)

    assert in_reading_order(plan, [()] * 4)[0] is plan


# ------------------------------------------------------------------------------- names


def test_no_variable_or_argument_hides_a_builtin(capsys):
    x, y = keras.Input((4,), name="input"), keras.Input((4,), name="max")
    parts = [layers.Dense(4, name=n)(x) for n in ("sum", "filter", "round", "type")]
    both = layers.Average(name="min")([*parts, y])
    model = keras.Model([x, y], layers.Concatenate(name="all")([both, *parts]))
    text = source_of(model, series(3, 4), series(3, 4), capsys=capsys)

    tree = ast.parse(text)
    names = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    assert names & {"input_", "round_"}
    assert not [name for name in names if hasattr(builtins, name)]
    assert "self.filter = nn.Linear(4, 4)" in text


@pytest.mark.parametrize("file", ["exception", "print", "F", "none"])
def test_no_class_hides_a_builtin(file):
    assert not hasattr(builtins, class_name(file, set()))


def test_small_numbers_are_written_without_zeros():
    assert number_text(1e-5) == "1e-5"
    assert float(number_text(1e-5)) == 1e-5


# ------------------------------------------------------------------------------ states


LSTM = [
    "h, (state_h, state_c) = self.encoder(x)  # (batch, time, 4)",
    "state_h, state_c = state_h[0], state_c[0]  # (batch, 4) each",
    "y, _ = self.decoder(y, (state_h[None], state_c[None]))  # (batch, time, 4)",
]
GRU = [
    "h, state = self.encoder(x)  # (batch, time, 4)",
    "state = state[0]  # (batch, 4)",
    "y, _ = self.decoder(y, state[None])  # (batch, time, 4)",
]


def test_states_go_from_layer_to_layer_as_they_are():
    assert with_handed_states(LSTM, "y") == [
        "h, states = self.encoder(x)  # (batch, time, 4)",
        "y, _ = self.decoder(y, states)  # (batch, time, 4)",
    ]
    assert with_handed_states(GRU, "y") == [
        "h, state = self.encoder(x)  # (batch, time, 4)",
        "y, _ = self.decoder(y, state)  # (batch, time, 4)",
    ]


@pytest.mark.parametrize("result", ["y, state_h", "state_c"])
def test_states_that_are_read_are_taken_out(result):
    assert with_handed_states(LSTM, result) == LSTM
    assert with_handed_states([*LSTM, "z = state_c + 1"], "z") == [
        *LSTM,
        "z = state_c + 1",
    ]
    assert with_handed_states(GRU, "state") == GRU


# ----------------------------------------------------------------------------- layouts


def conv_and(make):
    """A convolution, an operation on what it returns, and a dense layer."""
    x = keras.Input((9, 3), name="x")
    h = layers.Conv1D(4, 3, name="conv")(x)
    return keras.Model(x, layers.Dense(2, name="head")(make(h)))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda h: ops.mean(h, axis=1), "x.mean(2)"),
        (lambda h: ops.max(h, axis=-2), "x.amax(2)"),
        (lambda h: h[:, -1], "x[:, :, -1]"),
        (lambda h: h[:, -1, 1:3], "x[:, 1:3, -1]"),
        (lambda h: h[..., 0], "x[:, 0]"),
        (lambda h: ops.sum(h, axis=-1), "x.sum(1)"),
        (lambda h: ops.std(h, axis=(1, 2))[:, None], "x.std((2, 1), correction=0)"),
    ],
)
def test_what_follows_a_convolution_takes_the_features_where_they_are(
    make, text, capsys
):
    source = source_of(conv_and(make), series(2, 9, 3), capsys=capsys)

    assert text in source
    assert source.count("transpose") == 1


def test_nothing_is_moved_between_convolutions(capsys):
    x = keras.Input((9, 3), name="x")
    h = layers.Conv1D(4, 3, name="first")(x)
    h = (h - ops.mean(h, axis=1, keepdims=True)) / 2
    h = ops.concatenate([h[:, 1:], h[:, :-1]], axis=-1)
    model = keras.Model(x, layers.Conv1D(2, 3, name="second")(h))

    source = source_of(model, series(2, 9, 3), capsys=capsys)

    assert source.count("transpose") == 2
    assert "x[:, :, 1:]" in source
    assert "dim=1)" in source


@pytest.mark.parametrize(
    "make",
    [
        lambda h: ops.mean(h, axis=0),
        lambda h: h[0],
        lambda h: h[:, ::-1][:, 0],
        lambda h: ops.reshape(ops.mean(h), (1, 1)),
        lambda h: ops.max(h, axis=(0, 1), keepdims=True)[0],
        lambda h: ops.concatenate([h, h], axis=0)[:, 0],
    ],
)
def test_what_needs_the_axes_in_order_has_them(make, capsys):
    x = keras.Input((9, 3), name="x")
    model = keras.Model(x, make(layers.Conv1D(4, 3, name="conv")(x)))

    source_of(model, series(2, 9, 3), capsys=capsys)


def test_each_step_is_flattened_without_folding(capsys):
    x = keras.Input((None, 4, 3), name="x")
    flat = layers.TimeDistributed(layers.Flatten(), name="flat")(x)
    model = keras.Model(x, layers.GRU(5, name="gru")(flat))

    source = source_of(model, series(2, 7, 4, 3), capsys=capsys)

    assert "x.flatten(2)" in source
    assert "unflatten" not in source


# ----------------------------------------------------------------------- models inside


def test_a_model_in_two_places_is_one_class():
    inner = keras.Input((None, 4), name="inner")
    tower = keras.Model(inner, layers.GRU(3, name="gru")(inner), name="tower")
    p, q = keras.Input((None, 4), name="p"), keras.Input((None, 4), name="q")
    first = keras.Model(p, layers.Dense(3, name="a")(tower(p)), name="first")
    second = keras.Model(q, layers.Dense(2, name="b")(tower(q)), name="second")
    x = keras.Input((None, 4), name="x")
    model = keras.Model(x, layers.Concatenate(name="c")([first(x), second(x)]))

    draw(model)
    x = series(2, 5, 4)

    made = port_of(model)

    assert made.source.count("class Tower") == 1
    assert made.source.count("self.tower = Tower()") == 2
    result = made(torch.from_numpy(x)).detach().numpy()
    assert np.abs(result - np.asarray(model(x))).max() < 1e-5


# ----------------------------------------------------------------------------- results


def test_results_of_a_dictionary_are_compared_by_their_keys(tmp_path):
    """Keras has them in the order of the keys, the port as the model was written."""
    x = keras.Input((4,), name="x")
    heads = {"price": layers.Dense(1, name="price")(x)}
    heads["kind"] = layers.Dense(1, name="kind")(x)
    model = keras.Model(x, heads)
    draw(model)
    model.save(tmp_path / "heads.keras")

    port(wished(str(tmp_path / "heads.keras"), str(tmp_path / "port")))

    check = (tmp_path / "port" / "check.py").read_text()
    assert "LIMIT = 1e-05" in check
    assert "for key in sorted(results)" in check
