"""Models and inputs of a user's that are out of the ordinary, and what is said."""

import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

import compare
from compare import BadInput
from compare.subjects.own.pair import OwnPair

SAME, DIFFERENT = "same", "different"
BOTH_REFUSE, ONE_REFUSES = "both refuse", "one refuses"
X = np.random.default_rng(0).normal(0, 2, (5, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def tensorflow(harness):
    return harness.in_keras.tensorflow


def in_pytorch(nn, behind=lambda y: y):
    """A dense layer, and what is made of it."""

    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.dense = nn.Linear(4, 3)

        def forward(self, x):
            return behind(self.dense(x))

    return InPyTorch()


def in_keras(keras, behind=lambda y: y):
    """The same, subclassed."""

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, x):
            return behind(self.dense(x))

    model = InKeras()
    model.dense.build((None, 4))
    model.built = True
    return model


def sequential(keras, *behind, dtype=None):
    layers = [keras.Input((4,)), keras.layers.Dense(3, dtype=dtype), *behind]
    return keras.Sequential(layers)


# Numbers of a model's own


def activations(nn, keras):
    layers, ops = keras.layers, keras.ops
    named, function = layers.Activation, layers.Lambda
    return {
        "LeakyReLU": (nn.LeakyReLU(0.2), layers.LeakyReLU(negative_slope=0.2)),
        "leaky_relu": (nn.LeakyReLU(0.2), named("leaky_relu")),
        "ops.leaky_relu": (
            nn.LeakyReLU(0.15),
            function(lambda y: ops.leaky_relu(y, 0.15)),
        ),
        "ReLU slope": (nn.LeakyReLU(0.1), layers.ReLU(negative_slope=0.1)),
        "ReLU maximum": (nn.Hardtanh(0, 1.1), layers.ReLU(max_value=1.1)),
        "ReLU6": (nn.ReLU6(), layers.ReLU(max_value=6)),
        "GELU": (nn.GELU(), named("gelu")),
        "GELU tanh": (
            nn.GELU("tanh"),
            function(lambda y: ops.gelu(y, approximate=True)),
        ),
        "Rescaling": (lambda y: 0.1 * y + 0.3, layers.Rescaling(0.1, 0.3)),
        "Rescaling each": (
            lambda y: y * y.new_tensor([0.1, 0.2, 0.3]),
            layers.Rescaling([0.1, 0.2, 0.3]),
        ),
        "ELU": (nn.ELU(0.7), layers.ELU(0.7)),
        "SELU": (nn.SELU(), named("selu")),
        "Softplus": (nn.Softplus(), named("softplus")),
        "SiLU": (nn.SiLU(), named("silu")),
        "hard sigmoid": (nn.Hardsigmoid(), named("hard_sigmoid")),
        "Mish": (nn.Mish(), named("mish")),
        "Hardtanh": (nn.Hardtanh(), named("hard_tanh")),
    }


NAMES = [
    "LeakyReLU",
    "leaky_relu",
    "ops.leaky_relu",
    "ReLU slope",
    "ReLU maximum",
    "ReLU6",
    "GELU",
    "GELU tanh",
    "Rescaling",
    "Rescaling each",
    "ELU",
    "SELU",
    "Softplus",
    "SiLU",
    "hard sigmoid",
    "Mish",
    "Hardtanh",
]


@pytest.mark.parametrize("name", NAMES)
def test_activation_and_its_twin_are_the_same(nn, keras, name):
    """TensorFlow takes numbers such as 0.2 through float32, and so 1e-9 off."""
    torch_one, keras_one = activations(nn, keras)[name]

    evidence = compare.check(
        in_pytorch(nn, torch_one), sequential(keras, keras_one), X, "to_keras"
    )

    assert evidence.verdict == SAME


def test_activation_inside_a_dense_layer_is_the_same(nn, keras):
    layers = [keras.Input((4,)), keras.layers.Dense(3, activation="leaky_relu")]

    evidence = compare.check(
        in_pytorch(nn, nn.LeakyReLU(0.2)), keras.Sequential(layers), X, "to_keras"
    )

    assert evidence.verdict == SAME


@pytest.mark.parametrize(
    ("torch_one", "keras_one"), [("LeakyReLU", "ReLU slope"), ("GELU tanh", "GELU")]
)
def test_other_slope_and_other_gelu_are_different(nn, keras, torch_one, keras_one):
    every = activations(nn, keras)

    evidence = compare.check(
        in_pytorch(nn, every[torch_one][0]),
        sequential(keras, every[keras_one][1]),
        X,
        "to_keras",
    )

    assert evidence.verdict == DIFFERENT


@pytest.mark.parametrize("name", ["LeakyReLU", "GELU", "GELU tanh", "Rescaling"])
def test_gradients_behind_an_activation_are_the_same(harness, nn, keras, name):
    from compare.subjects.own import run as own

    torch_one, keras_one = activations(nn, keras)[name]
    models = dict(torch=in_pytorch(nn, torch_one), keras=sequential(keras, keras_one))
    pair = OwnPair("pair", models, (X,), transfer="to_keras")

    results = own.run(pair, gradients=True).results

    assert {result.verdict for result in results if result.loss} == {SAME}


@pytest.mark.parametrize("behind", [lambda y: y, lambda y: "no tensor"])
def test_tensorflow_is_as_it_was_behind_a_check(nn, keras, tensorflow, behind):
    homes = [
        (tensorflow, "cast"),
        *((tensorflow.nn, n) for n in ("gelu", "leaky_relu")),
    ]
    before = [vars(home)[name] for home, name in homes]

    with suppress(BadInput):
        compare.check(in_pytorch(nn), in_keras(keras, behind), X, "to_keras")

    assert all(vars(h)[n] is was for (h, n), was in zip(homes, before, strict=True))


def test_cast_is_exact_in_float64_alone(harness, tensorflow):
    with harness.in_keras.settled("float64"):
        exact = tensorflow.cast(0.1, "float64").numpy()
        narrow = tensorflow.cast(0.1, "float32").numpy()
        whole = tensorflow.cast(1.9, "int32").numpy()

    assert exact == 0.1
    assert narrow == np.float32(0.1)
    assert whole == 1
    assert tensorflow.cast(0.1, "float64").numpy() == np.float32(0.1)


# What a user's own code raises


def raising(error):
    def behind(y):
        raise error

    return behind


class Own(Exception):
    """A kind that Keras cannot make anew, of two arguments."""

    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")


ERRORS = [
    AssertionError("needs ten steps"),
    KeyError("state"),
    AttributeError("no head"),
    NotImplementedError("not yet"),
    ZeroDivisionError("division by zero"),
    OSError(2, "No such file"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("side", ["torch", "keras"])
def test_error_in_a_model_is_a_refusal_that_names_its_kind(nn, keras, side, error):
    behind = {"torch": lambda y: y, "keras": lambda y: y, side: raising(error)}

    evidence = compare.check(
        in_pytorch(nn, behind["torch"]), in_keras(keras, behind["keras"]), X, "to_keras"
    )

    assert evidence.verdict == ONE_REFUSES
    said = evidence.results[0].refusals[side]
    assert said.startswith(f"{type(error).__name__}: {error} (test_odd_models.py, line")
    assert "\n" not in said


def test_error_without_words_is_its_kind(nn, keras):
    evidence = compare.check(
        in_pytorch(nn), in_keras(keras, raising(AssertionError())), X, "to_keras"
    )

    assert evidence.results[0].refusals["keras"].startswith("AssertionError (test_odd")


def test_keras_refusal_is_in_the_words_of_the_model(nn, keras):
    behind = raising(ValueError("needs five columns"))

    evidence = compare.check(in_pytorch(nn), in_keras(keras, behind), X, "to_keras")

    assert evidence.results[0].refusals == {"keras": "needs five columns"}


def test_kind_of_a_users_own_is_named(nn, keras):
    behind = raising(Own("this", "that"))

    evidence = compare.check(in_pytorch(nn, behind), in_keras(keras), X, "to_keras")

    assert evidence.results[0].refusals["torch"].startswith("Own: this and that")


def test_name_that_is_not_defined_is_no_refusal(nn, keras):
    with pytest.raises(BadInput, match=r"test_odd_models.py, line \d+: expected code"):
        compare.check(in_pytorch(nn, lambda y: y * scale), in_keras(keras), X)  # noqa: F821


def test_interruption_passes(nn, keras):
    behind = raising(KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        compare.check(in_pytorch(nn, behind), in_keras(keras), X, "to_keras")


def test_both_models_that_assert_refuse_both(nn, keras):
    behind = raising(AssertionError("never"))

    with pytest.raises(BadInput, match="PyTorch: AssertionError: never") as error:
        compare.check(in_pytorch(nn, behind), in_keras(keras, behind), X, "to_keras")

    assert "Keras: AssertionError: never" in str(error.value)


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4, 4), (5, 3)])
def test_input_of_a_wrong_shape_is_said_in_one_line(nn, keras, shape):
    x = np.ones(shape, np.float32)
    refusals = {}

    try:
        evidence = compare.check(in_pytorch(nn), sequential(keras), x, "to_keras")
        refusals = evidence.results[0].refusals
    except BadInput as error:
        refusals = {"both": str(error)}

    assert refusals
    assert all("\n" not in said for said in refusals.values())


def test_input_that_both_refuse_is_not_refused_by_one(nn, keras):
    """Keras refuses to be built for it, PyTorch only to run."""
    with pytest.raises(BadInput, match=r"Keras: .*; PyTorch: mat1 and mat2"):
        compare.check(in_pytorch(nn), sequential(keras), X[:, :3], "to_keras")


# What a model returns


def test_number_without_an_axis_is_compared(nn, torch, keras):
    check = partial(compare.check, in_pytorch(nn, torch.mean))

    evidence = check(in_keras(keras, keras.ops.mean), X, "to_keras")

    assert evidence.verdict == SAME
    assert evidence.results[0].stages[-1].worst.index == (0,)
    assert check(in_keras(keras, keras.ops.max), X, "to_keras").verdict == DIFFERENT


def test_booleans_are_compared(nn, keras):
    check = partial(compare.check, in_pytorch(nn, lambda y: y > 0))

    assert check(in_keras(keras, lambda y: y > 0), X, "to_keras").verdict == SAME
    wrong = check(in_keras(keras, lambda y: y < 0), X, "to_keras")
    assert wrong.verdict == DIFFERENT


def test_whole_numbers_are_compared_whatever_their_width(nn, torch, keras):
    cast = partial(keras.ops.cast, dtype="int32")
    check = partial(compare.check, in_pytorch(nn, lambda y: (9 * y).long()))

    same = check(in_keras(keras, lambda y: cast(9 * y)), X, "to_keras")

    assert same.verdict == SAME
    wrong = check(in_keras(keras, lambda y: cast(8 * y)), X, "to_keras")
    assert wrong.verdict == DIFFERENT


def test_place_of_the_largest_is_compared(nn, torch, keras):
    keras_one = in_keras(keras, lambda y: keras.ops.argmax(y, axis=-1))

    evidence = compare.check(
        in_pytorch(nn, lambda y: y.argmax(-1)), keras_one, X, "to_keras"
    )

    assert evidence.as_expected


@dataclass
class Held:
    """A result that is no tensor."""

    y: object


@pytest.mark.parametrize("side", ["torch", "keras"])
@pytest.mark.parametrize(
    ("behind", "said"),
    [
        (lambda y: np.ones(3), "got output of type ndarray"),
        (Held, "got output of type Held"),
        (lambda y: {"a": y, "b": (y, "text")}, r"got output\.b\.1 of type str"),
    ],
    ids=["ndarray", "dataclass", "str"],
)
def test_result_that_is_no_tensor_is_named(nn, keras, side, behind, said):
    each = {"torch": lambda y: y, "keras": lambda y: y, side: behind}
    who = {"torch": "PyTorch's InPyTorch", "keras": "Keras's InKeras"}[side]

    with pytest.raises(BadInput, match=f"^{who}: .*{said}"):
        compare.check(
            in_pytorch(nn, each["torch"]), in_keras(keras, each["keras"]), X, "to_keras"
        )


# Precisions


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
@pytest.mark.parametrize("kind", ["sequential", "subclassed"])
def test_keras_model_of_a_pure_policy_is_judged_as_any(nn, keras, dtype, kind):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        twin = sequential(keras) if kind == "sequential" else in_keras(keras)
    finally:
        keras.config.set_dtype_policy(policy)

    evidence = compare.check(in_pytorch(nn), twin, X, "to_keras")

    assert evidence.verdict == SAME
    assert f"Keras's model is in {dtype}; its weights are judged" in evidence.explain()


def test_mixed_policy_stays(nn, keras):
    evidence = compare.check(
        in_pytorch(nn), sequential(keras, dtype="mixed_float16"), X, "to_keras"
    )

    assert evidence.verdict != SAME


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_pytorch_model_of_another_precision_is_judged_and_named(
    nn, torch, keras, dtype
):
    model, twin = in_pytorch(nn).to(getattr(torch, dtype)), sequential(keras)

    evidence = compare.check(model, twin, X, "to_keras")

    assert evidence.verdict == SAME
    assert any(
        note.startswith(f"PyTorch's model is in {dtype}") for note in evidence.notes
    )
    assert model.dense.weight.dtype == getattr(torch, dtype)


def test_double_against_float64_is_the_same_as_it_is(nn, torch, keras):
    model = in_pytorch(nn).double()
    twin = sequential(keras, dtype="float64")
    weights = [model.dense.weight.detach().numpy().T, model.dense.bias.detach().numpy()]
    twin.set_weights(weights)

    assert compare.check(model, twin, X).verdict == SAME


# Modes


class Dropping:
    """What makes a model whose training mode matters, by a layer or by itself."""

    @staticmethod
    def layer(nn):
        return in_pytorch(nn, nn.Identity()), nn.Dropout(0.5)

    @staticmethod
    def stack(nn):
        return in_pytorch(nn), nn.LSTM(2, 2, num_layers=2, dropout=0.5)


TRAINING = "PyTorch's model is in training mode"


@pytest.mark.parametrize("kind", ["layer", "stack"])
def test_training_mode_is_said_where_it_matters(harness, nn, keras, kind):
    from compare.subjects.own import models as live

    model = nn.Sequential(*getattr(Dropping, kind)(nn))

    (note,) = live.notes(dict(torch=model, keras=sequential(keras)))

    assert note.startswith(TRAINING)
    assert live.notes(dict(torch=model.eval(), keras=sequential(keras))) == []


def test_training_mode_of_a_model_that_drops_nothing_is_not_said(harness, nn):
    from compare.subjects.own import models as live

    model = nn.Sequential(nn.LSTM(2, 2), nn.Linear(2, 2), nn.ReLU())

    assert model.training
    assert live.notes(dict(torch=model)) == []


def test_training_mode_is_in_the_report(nn, keras):
    model = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5))

    evidence = compare.check(model, sequential(keras), X, "to_keras")

    assert TRAINING in evidence.explain()
    assert model.training


# What is said of bad input


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("dense", "got a str"),
        ([("dense", "dense")], "got a list"),
        ({"dense": 3}, "got 3 of type int"),
        ({3: "dense"}, "got 3 of type int"),
        ({"dense": []}, r"got \[\] of type list"),
        ({"dense": ["a", None]}, "got None of type NoneType"),
        ({"a": "dense", "b": "dense"}, "got 'dense' twice"),
        ({"a": ["dense", "dense"]}, "got 'dense' twice"),
    ],
)
def test_table_that_is_none_is_refused(nn, keras, names, said):
    with pytest.raises(BadInput, match=f"^names: expected .*{said}") as error:
        compare.check(in_pytorch(nn), sequential(keras), X, names=names)

    assert "\n" not in str(error.value)


def test_table_of_layers_is_refused(nn, keras):
    model, twin = in_pytorch(nn), sequential(keras)

    with pytest.raises(BadInput, match="of type Dense"):
        compare.check(model, twin, X, names={"dense": twin.layers[0]})


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, "1", True, None])
def test_seed_that_is_none_is_refused(nn, keras, seed):
    with pytest.raises(BadInput, match="seed: expected a whole number from 0"):
        compare.check(in_pytorch(nn), sequential(keras), X, "to_keras", seed=seed)


def test_seed_of_numpys_is_one(nn, keras):
    seed = np.int64(3)

    evidence = compare.check(
        in_pytorch(nn), sequential(keras), X, "to_keras", seed=seed
    )

    assert evidence.verdict == SAME


def test_input_too_large_for_float32_is_refused_without_a_warning(nn, keras):
    x = X.astype(np.float64)
    x[1, 2] = 1e39

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BadInput, match=r"x\[1, 2\].*1e\+39"):
            compare.check(in_pytorch(nn), sequential(keras), x, "to_keras")


def test_inputs_of_several_batch_sizes_are_refused(nn, keras):
    with pytest.raises(BadInput, match=r"one batch size.*x\[1\] \(3, 4\)"):
        compare.check(in_pytorch(nn), sequential(keras), [X, X[:3]], "to_keras")


def test_input_on_the_meta_device_is_refused(nn, torch, keras):
    x = torch.ones(5, 4, device="meta")

    with pytest.raises(BadInput, match=r"^x: .*meta device"):
        compare.check(in_pytorch(nn), sequential(keras), x, "to_keras")


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_model_that_is_compiled_is_refused(nn, torch, keras):
    model = torch.jit.trace(nn.Linear(4, 3), torch.ones(1, 4))

    with pytest.raises(BadInput, match=r"give the nn\.Module that it was made from"):
        compare.check(model, sequential(keras), X, "to_keras")


def test_model_on_the_meta_device_is_refused(nn, keras):
    model = nn.Linear(4, 3, device="meta")

    with pytest.raises(BadInput, match="got weight on the meta device"):
        compare.check(model, sequential(keras), X, "to_keras")


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_model_without_shapes_yet_is_refused(nn, keras):
    model = nn.Sequential(nn.LazyLinear(3))

    with pytest.raises(BadInput, match=r"got 0\.weight without a shape yet"):
        compare.check(model, sequential(keras), X, "to_keras")


# Weights


def test_models_without_weights_are_compared(nn, keras):
    x = np.random.default_rng(0).normal(size=(5, 3, 4)).astype(np.float32)
    layers = keras.layers
    twin = keras.Sequential([keras.Input((3, 4)), layers.Softmax(), layers.Flatten()])

    same = compare.check(nn.Sequential(nn.Softmax(-1), nn.Flatten()), twin, x)
    wrong = compare.check(nn.Sequential(nn.Softmax(1), nn.Flatten()), twin, x)

    assert same.verdict == SAME
    assert wrong.verdict == DIFFERENT


def words():
    return np.random.default_rng(0).integers(0, 7, (5, 6))


def tied(nn, scale=1.0):
    """A head that has the weight of the embedding."""

    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(7, 4)
            self.rnn = nn.GRU(4, 4, batch_first=True)
            self.head = nn.Linear(4, 7, bias=False)
            self.head.weight = self.embedding.weight

        def forward(self, x):
            return self.head(self.rnn(self.embedding(x))[0]) * scale

    return Tied()


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_head_that_shares_the_weight_of_an_embedding(nn, keras, scale):
    class Tied(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding = keras.layers.Embedding(7, 4)
            self.rnn = keras.layers.GRU(4, return_sequences=True)

        def call(self, x):
            h = self.rnn(self.embedding(x))
            return keras.ops.matmul(h, keras.ops.transpose(self.embedding.embeddings))

    twin = Tied()
    twin(words())

    evidence = compare.check(tied(nn, scale), twin, words(), "to_keras")

    assert evidence.verdict == (SAME if scale == 1.0 else DIFFERENT)
    assert "head" not in evidence.notes[0]


def untied(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(7, 4),
            layers.GRU(4, return_sequences=True),
            layers.Dense(7, use_bias=False, name="dense"),
        ]
    )


def test_shared_weight_is_found_where_keras_has_two(nn, keras):
    evidence = compare.check(tied(nn), untied(keras), words(), "to_keras")

    assert evidence.verdict == SAME
    assert "head = dense" in evidence.notes[0]


def test_shared_weight_goes_into_both_of_keras_and_back_while_they_are_equal(nn, keras):
    model, twin = tied(nn), untied(keras)

    compare.transfer(model, twin)

    assert np.array_equal(twin.layers[0].embeddings, twin.layers[2].kernel.numpy().T)
    compare.transfer(twin, model)
    twin.layers[2].set_weights([2 * twin.layers[2].kernel.numpy()])
    with pytest.raises(BadInput, match="share memory in the target"):
        compare.transfer(twin, model)


def test_note_on_a_cast_is_the_same_each_time(nn, keras):
    narrow = in_keras(keras, lambda y: keras.ops.cast(y, "float32"))

    first, second = (
        compare.check(in_pytorch(nn), narrow, X, "to_keras") for _ in range(2)
    )

    assert any("Cast takes it to a lower precision" in note for note in first.notes)
    assert first.notes == second.notes
