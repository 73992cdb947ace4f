"""Every side and mistake that fits is told, each with its own fix."""

import keras
import numpy as np
import pytest
import torch
from own_models import (
    FEATURES,
    OUTPUTS,
    PADDED,
    SIZE,
    X,
    in_keras,
    in_pytorch,
    last,
    masked,
    plain,
    twins,
    wrong_weights,
)

from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import sequences
from compare.judging.words import PRECISIONS
from compare.twins.frameworks import LAYERS
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights


def readings(found):
    """Side and names of every reading, the first one's side unknown to the data."""
    others = {(each.side, each.faults) for each in found.alternatives}
    return found.faults, others


def packed(model, x, which):
    """What `which` makes of all that a packed batch gives."""
    pack = torch.nn.utils.rnn.pack_padded_sequence
    lengths = (x != 0).any(2).sum(1)
    output, (h, c) = model.rnn(pack(x, lengths, True, False))
    return model.head(which(output, h, c))


def sequence_of(way):
    def call(model, x):
        return model.head(way(model.rnn(x)))

    return call


def of_output(way):
    def forward(model, x):
        return model.head(way(model.rnn(x)[0]))

    return forward


def mean_in_keras(x):
    return keras.ops.mean(x, axis=1)


def max_in_keras(x):
    return keras.ops.max(x, axis=1)


STEPS = dict(return_sequences=True)
BOTH_SIDES = {
    "c of a packed batch for the last valid step": (
        (lambda m, x: packed(m, x, lambda o, h, c: c[-1]), masked, {}, PADDED),
        "the final cell state for the last step",
        ("keras", ()),
        "c of return_state=True",
    ),
    "the mean over the padding as well": (
        (of_output(lambda o: o.mean(1)), plain, {}, X),
        "the mean of all steps for the last step",
        ("keras", ("the last step for the mean of all steps",)),
        "GlobalAveragePooling1D",
    ),
    "every step in Keras alone": (
        (last, plain, STEPS, X),
        "every step for the last step",
        ("torch", ("the last step for every step",)),
        "take every step, output",
    ),
    "the last step in Keras alone": (
        (of_output(lambda o: o), plain, {}, X),
        "every step for the last step",
        ("keras", ("the last step for every step",)),
        "return_sequences=True",
    ),
    "the mean in Keras, the largest in PyTorch": (
        (of_output(lambda o: o.amax(1)), sequence_of(mean_in_keras), STEPS, X),
        "the largest of all steps for the mean of all steps",
        ("keras", ("the mean of all steps for the largest of all steps",)),
        "GlobalMaxPooling1D",
    ),
    "backwards in Keras": (
        (last, plain, dict(go_backwards=True), X),
        "sequence reversed",
        ("torch", ()),
        "x.flip(1)",
    ),
}


@pytest.mark.parametrize("case", BOTH_SIDES)
def test_the_other_side_is_told_with_a_fix_of_its_own(case):
    (forward, call, options, x), name, other, fix = BOTH_SIDES[case]
    made = twins(in_pytorch(forward), in_keras(call, **options))
    found = diagnose(made, (x,))
    mistakes, others = readings(found)

    assert found.explained, found
    assert mistakes == (name,)
    assert others == {other}
    assert fix in found.alternatives[0].fix
    assert f"or else   {found.alternatives[0].sentence}; fix " in found.explain()[-1]


def test_what_no_mistake_of_the_library_joins_is_put_for_both_sides():
    def first(x):
        return keras.ops.flip(x, axis=1)[:, 0]

    torch = of_output(lambda o: o[:, 0])
    made = twins(in_pytorch(torch), in_keras(sequence_of(max_in_keras), **STEPS))
    found = diagnose(made, (X,))

    assert found.explained
    assert found.faults == found.indistinguishable_from == found.alternatives == ()
    said = "Keras takes the largest of all steps, PyTorch takes the first step"
    assert found.sentence == f"between rnn and head, {said}"
    assert found.fix.startswith("either PyTorch: take the largest of all steps")
    assert "or Keras: take the first step" in found.fix


def test_the_last_step_of_two_directions_takes_more_than_no_sequences_in_keras():
    """Without return_sequences Keras returns where each direction ends."""
    made = twins(in_pytorch(last, bidirectional=True), in_keras(plain, both_ways=True))
    (other,) = diagnose(made, (X,)).alternatives

    assert other.side == "keras"
    assert other.fix.endswith("return_sequences=True and output[:, -1]")


def test_what_nobody_means_is_not_asked_of_the_other_side():
    torch = of_output(lambda o: o[-1])
    x = np.random.default_rng(0).normal(0, 1, (7, 7, FEATURES)).astype(np.float32)
    found = diagnose(twins(in_pytorch(torch), in_keras(plain)), (x,))

    assert found.faults == ("the last sample for the last step",)
    assert found.alternatives == ()


ENDS = {
    "a softmax in Keras alone": (
        (last, "softmax"),
        "PyTorch ends without a softmax over the outputs",
        ("keras", ("a softmax over the outputs for nothing at the end",)),
    ),
    "a sigmoid in Keras, a softmax in PyTorch": (
        (lambda m, x: last(m, x).softmax(-1), "sigmoid"),
        "Keras ends with a sigmoid, not a softmax over the outputs",
        ("torch", ("a softmax over the outputs for a sigmoid at the end",)),
    ),
    "a tanh in Keras alone": (
        (last, "tanh"),
        "Keras ends with a tanh, PyTorch ends without an activation",
        ("torch", ("nothing for a tanh at the end",)),
    ),
    "a log-softmax in PyTorch": (
        (lambda m, x: last(m, x).log_softmax(-1), "softmax"),
        "PyTorch ends with a log-softmax, not a softmax over the outputs",
        ("keras", ("a softmax over the outputs for a log-softmax at the end",)),
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_the_end_is_told_for_either_side(case):
    (forward, head), sentence, other = ENDS[case]
    made = twins(in_pytorch(forward), in_keras(plain, head=head))
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.sentence == f"after head, {sentence}"
    assert readings(found)[1] == {other}


def set_weights(**changes):
    """What changes arrays of Keras's layer: each by name."""

    def change(arrays):
        return arrays | {name: each(arrays[name]) for name, each in changes.items()}

    return change


def torch_bias(made):
    """The bias_ih of PyTorch's, as Keras's whole bias."""
    layers = LAYERS["torch"].layers(made.model("torch", "float64"))
    return layers["rnn"].arrays["bias_ih_l0"].copy()


def test_a_reshape_in_keras_is_told_beside_that_in_pytorch():
    """PyTorch's weight was read by rows into the shape of the kernel."""
    made = twins(in_pytorch(last), in_keras(plain))
    wrong_weights(
        made,
        "head",
        set_weights(kernel=lambda k: np.ascontiguousarray(k.T).reshape(k.shape)),
    )
    found = diagnose(made, (X,))
    name = "dense kernel read without transposing"

    assert found.explained
    assert found.faults == (name,)
    assert readings(found)[1] == {("keras", (name,))}
    assert (
        found.alternatives[0].fix == "head of Keras: kernel = weight.T, not a reshape"
    )


def test_a_bias_hh_that_was_left_is_told_beside_a_bias_that_was_dropped():
    """Which of the two it is nobody can see; the fix of one destroys the other."""
    made = twins(in_pytorch(last), in_keras(plain))
    for dtype in PRECISIONS:
        rnn = made.model("torch", dtype).rnn
        rng = np.random.default_rng(4)
        bound = 1 / np.sqrt(SIZE)
        left = rng.uniform(-bound, bound, 4 * SIZE).astype(np.float32)
        LAYERS["torch"].load(made.model("torch", dtype), {"rnn": {"bias_hh_l0": left}})
        assert rnn.bias_hh_l0.abs().max() > 0
    bias = torch_bias(made)
    wrong_weights(made, "rnn", set_weights(bias=lambda b: bias))
    found = diagnose(made, (X,))

    assert found.explained
    assert found.faults == ("bias_hh left as it was made",)
    assert "rnn of PyTorch: bias_hh = 0" in found.fix
    assert readings(found)[1] == {("keras", ("only bias_ih",))}


def test_an_embedding_rolled_either_way_is_told_for_either_side():
    import normed

    made, arrays = normed.twins("words")
    for dtype in PRECISIONS:
        model = made.model("keras", dtype)
        held = dict(LAYERS["keras"].layers(model)["embedding"].arrays)
        rolled = {"embeddings": np.roll(held["embeddings"], -1, axis=0)}
        LAYERS["keras"].load(model, {"embedding": rolled})
    found = diagnose(made, arrays)

    assert found.explained
    assert found.faults == ("embedding off by one",)
    assert readings(found)[1] == {("keras", ("embedding off by one, upwards",))}


def test_two_mistakes_in_one_layer_are_told_as_pairs():
    """Gates and bias: a single name would not do, so none stands alone."""
    made = twins(in_pytorch(last), in_keras(plain))
    bias = torch_bias(made)

    def order(array):
        i, f, c, o = np.split(array, 4, axis=-1)
        return np.concatenate([i, f, o, c], axis=-1)

    wrong_weights(
        made,
        "rnn",
        set_weights(kernel=order, recurrent_kernel=order, bias=lambda b: order(bias)),
    )
    found = diagnose(made, (X,))

    assert found.explained
    assert set(found.faults) == {"LSTM gates i, f, o, g", "only bias_ih"}
    assert all(" and " in each for each in found.indistinguishable_from)
    assert all(len(each.faults) == 2 for each in found.alternatives)


def test_what_is_known_is_told_where_it_does_not_explain_all():
    """The gates are known, the noise in the head is not."""
    made = twins(in_pytorch(last), in_keras(plain, activation="relu"))
    noise = np.random.default_rng(0).normal(0, 0.1, (SIZE, OUTPUTS))
    wrong_weights(made, "head", set_weights(kernel=lambda k: k + noise))
    found = diagnose(made, (X,))
    lines = found.explain()

    assert not found.explained
    assert found.faults == ("relu for tanh",)
    assert (
        found.part == "in rnn of Keras, the layer's activation is relu in place of tanh"
    )
    assert f"in part   {found.part}" in lines
    assert 'fix       rnn of Keras: activation="tanh"' in lines
    assert "explains the rest; in head, the weights differ in no known way" in lines[-1]
    assert found.sentence.startswith(
        f"explains part: {found.part}; beyond that in head"
    )


def in_sequence(*layers):
    """A sequential model of Keras; its layers have names of its own."""

    def make():
        return keras.Sequential([make() for make in layers])

    return make


def test_a_layer_goes_by_the_name_that_keras_user_gave_it():
    made = Twins(
        {
            "torch": in_pytorch(last),
            "keras": in_sequence(
                lambda: keras.layers.LSTM(SIZE, activation="relu", name="reader"),
                lambda: keras.layers.Dense(OUTPUTS, name="out"),
            ),
        },
        sequences(None, FEATURES),
        None,
    )
    made.match((X,))
    made.load("to_keras", lambda layers: fresh_weights(layers, [2]))
    found = diagnose(made, (X,))

    assert found.sentence.startswith("in reader of Keras, ")
    assert found.fix == 'reader of Keras: activation="tanh"'
    assert "rnn of PyTorch: write the cell by hand" in found.alternatives[0].fix
    assert found.layer == "rnn"
