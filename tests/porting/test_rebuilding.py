"""A model made of a plan and of weights computes what the model of the plan does."""

import keras
import numpy as np
import pytest
from live_models import MODELS, masked, nested
from live_plans import draw, plan_of, weights_of
from same_models import assert_same, outputs

from compare.errors import BadInput
from compare.in_keras.made_layers import hard_sigmoid_fifth
from compare.in_keras.rebuilding import legal_names, rebuilt
from compare.kinds.functions import hard_sigmoid_fifth as in_numpy
from compare.kinds.graph import Call, LayerPlan, ModelPlan, Tensor


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_a_rebuilt_model_computes_what_the_original_does(make):
    model = make()
    draw(model)

    result = rebuilt(plan_of(model), weights_of(model))

    assert_same(model, result.model)


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_facts_are_those_of_the_original(make):
    """Every layer's first call has the shape and the dtype that the live one has."""
    model = make()
    draw(model)
    plan = plan_of(model)

    facts = rebuilt(plan, weights_of(model)).facts

    assert len(facts) == len(plan.calls)
    live = {layer.name: layer for layer in model.layers}
    for call, results in zip(plan.calls, facts, strict=True):
        if call.layer not in live or isinstance(live[call.layer], keras.Model):
            continue
        try:
            tensors = keras.tree.flatten(live[call.layer].output)
        except AttributeError:  # of several calls
            continue
        assert [fact.shape for fact in results] == [tuple(t.shape) for t in tensors]
        assert [fact.dtype for fact in results] == [t.dtype for t in tensors]


def facts_by_layer(plan: ModelPlan, facts: list) -> dict[str, list[bool]]:
    return {
        call.layer: [fact.masked for fact in results]
        for call, results in zip(plan.calls, facts, strict=True)
    }


def test_facts_say_where_keras_hands_a_mask_on():
    model = masked()
    draw(model)
    plan = plan_of(model)

    facts = rebuilt(plan, weights_of(model)).facts

    assert facts_by_layer(plan, facts) == {
        "x": [False],
        "masking": [True],
        "rnn": [True],
        "both": [True],
        "mean": [False],
        "last": [False],
        "join": [False],
    }


def test_a_model_inside_sees_the_masks_that_it_is_given_and_hands_its_own_on():
    """Keras says so when it runs; on symbols it does not."""
    model = nested()
    draw(model)
    plan = plan_of(model)

    result = rebuilt(plan, weights_of(model))

    outer = facts_by_layer(plan, result.facts)
    assert outer["middle"] == [True, False]
    assert outer["add"] == [True]
    middle = plan.layers["middle"].model
    assert facts_by_layer(middle, result.models["middle"])["inner"] == [True]
    inner = middle.layers["inner"].model
    assert set(result.models) == {"middle", "middle.inner"}
    facts = result.models["middle.inner"]
    assert facts_by_layer(inner, facts) == {"inner_x": [True], "lstm": [True]}
    assert facts[0][0].shape == (None, 6, 4)  # its own input is open in time


def single(layer: LayerPlan, shape: tuple[int | None, ...], **kwargs) -> ModelPlan:
    """The plan of a model of one layer."""
    x = LayerPlan("x", "InputLayer", {"shape": shape, "dtype": "float32"})
    calls = (Call("x"), Call(layer.name, (Tensor(0),), kwargs))
    layers = {"x": x, layer.name: layer}
    return ModelPlan("single", layers, calls, Tensor(0), Tensor(1))


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_gates_of_keras_2_are_those_of_keras_2(wrapped):
    """Keras 3 has another hard sigmoid, of slope 1 / 6."""
    layer = LayerPlan(
        "rnn", "SimpleRNN", {"units": 4, "activation": "hard_sigmoid_fifth"}
    )
    rng = np.random.default_rng(0)
    shapes = {"kernel": (3, 4), "recurrent_kernel": (4, 4), "bias": (4,)}
    arrays = {key: rng.uniform(-2, 2, shape) for key, shape in shapes.items()}
    weights = {"rnn": arrays}
    if wrapped:
        both = {"forward." + key: array for key, array in arrays.items()}
        both |= {"backward." + key: array for key, array in arrays.items()}
        layer = LayerPlan("rnn", "Bidirectional", inside=(layer,))
        weights = {"rnn": both}
    x = rng.uniform(-2, 2, (2, 1, 3))

    (result,) = outputs(rebuilt(single(layer, (None, 3)), weights).model, [x])

    arrays = {key: array.astype("float32") for key, array in arrays.items()}
    right = in_numpy(x[:, 0] @ arrays["kernel"] + arrays["bias"])
    assert 1.0 in right
    assert ((right > 0.1) & (right < 0.9)).any()
    assert np.abs(result[:, :4] - right).max() < 1e-7


def test_the_gates_of_keras_2_survive_a_configuration():
    layer = keras.layers.Dense(2, activation=hard_sigmoid_fifth)

    config = keras.saving.serialize_keras_object(layer)

    again = keras.saving.deserialize_keras_object(config)
    assert again.activation is hard_sigmoid_fifth


def test_names_that_keras_does_not_admit_are_made_legal_and_found_again():
    names = ["a/b", "a b", "a_b", "_c", "ü", "plain"]
    legal = legal_names(names)
    assert list(legal.values()) == [
        "a_b",
        "a_b_2",
        "a_b_3",
        "layer_c",
        "layer_",
        "plain",
    ]

    layer = LayerPlan("scope/dense one", "Dense", {"units": 2})
    weights = {layer.name: {"kernel": np.ones((3, 2)), "bias": np.ones(2)}}
    result = rebuilt(single(layer, (3,)), weights)

    assert result.layers["scope/dense one"].name == "scope_dense_one"
    assert result.model.predict(np.ones((1, 3)), verbose=0).tolist() == [[4, 4]]


def test_weights_come_by_name_or_in_order():
    layer = LayerPlan("dense", "Dense", {"units": 2})
    kernel, bias = np.ones((3, 2)), np.array([1.0, 2.0])

    for arrays in ({"bias": bias, "kernel": kernel}, {"0": kernel, "1": bias}):
        model = rebuilt(single(layer, (3,)), {"dense": arrays}).model
        assert model.layers[-1].bias.numpy().tolist() == [1, 2]


def test_weights_of_other_shapes_are_refused_with_both():
    layer = LayerPlan("dense", "Dense", {"units": 2})
    weights = {"dense": {"kernel": np.ones((2, 3)), "bias": np.ones(2)}}

    with pytest.raises(BadInput, match=r"kernel \(3, 2\).*got kernel \(2, 3\)"):
        rebuilt(single(layer, (3,)), weights)


@pytest.mark.parametrize(
    ("layer", "arrays", "words"),
    [
        (LayerPlan("a", "Dense", {"units": 2}), {}, r"asks for weights \(3, 2\)"),
        (LayerPlan("a", "Dense", {"units": 2, "time_major": 1}), {}, "time_major"),
        (LayerPlan("a", "Lambda", {"function": "x"}), {}, "no layer of Keras's own"),
        (LayerPlan("a", "Nothing"), {}, "Nothing is no layer of Keras's own"),
        (LayerPlan("a", "ops.__doc__"), {}, "no operation of Keras's own"),
        (LayerPlan("a", "ops.Mean"), {}, "no operation of Keras's own"),
        (LayerPlan("a", "Conv1D", {"filters": 2, "kernel_size": 1}), {}, "ndim"),
        (
            LayerPlan("a", "Activation", {"activation": {"class_name": "Own"}}),
            {},
            "Own is no layer",
        ),
    ],
    ids=lambda value: value.keras if isinstance(value, LayerPlan) else "",
)
def test_what_keras_refuses_is_one_line_with_the_name_of_the_layer(
    layer, arrays, words
):
    with pytest.raises(BadInput, match=words) as error:
        rebuilt(single(layer, (3,)), {"a": arrays} if arrays else {})

    assert str(error.value).startswith("a: expected")
    assert "\n" not in str(error.value)


def test_a_configuration_of_more_memory_than_its_file_holds_takes_none():
    """A kernel of 3e12 numbers would be the end of the process."""
    layer = LayerPlan("dense", "Dense", {"units": 10**12})
    weights = {"dense": {"kernel": np.ones((3, 2)), "bias": np.ones(2)}}

    with pytest.raises(BadInput, match=r"dense: .*have 6 numbers"):
        rebuilt(single(layer, (3,)), weights)


@pytest.mark.parametrize("cls", ["Activation", "Dense", "SimpleRNN"])
def test_a_layer_may_be_an_activation(cls):
    """Keras takes one in the place of a function; it has no name of a function."""
    config = {"activation": {"class_name": "ELU", "config": {"alpha": 0.5}}}
    shape, arrays = (4, 3), {}
    if cls != "Activation":
        config["units"] = 3
        arrays = {"kernel": np.eye(3), "bias": np.zeros(3)}
    if cls == "SimpleRNN":
        shape = (1, 3)
        arrays = {**arrays, "recurrent_kernel": np.eye(3)}
    plan = single(LayerPlan("a", cls, config), shape)
    x = np.linspace(-2, 2, 3 * shape[0]).reshape(1, *shape)

    (result,) = outputs(rebuilt(plan, {"a": arrays} if arrays else {}).model, [x])

    right = np.where(x > 0, x, 0.5 * np.expm1(x))
    assert np.abs(result - right.reshape(result.shape)).max() < 1e-7
