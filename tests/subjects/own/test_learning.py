"""What models add to a loss and to a step is learnt by, and named where one has it."""

import keras
import numpy as np
import pytest
import torch
from learning import (
    BATCH,
    CLASSES,
    LABELS,
    RNG,
    SIZE,
    TARGET,
    TIME,
    TOKENS,
    WORDS,
    InPyTorch,
    X,
    in_keras,
    train,
)
from torch import nn

from compare import BadInput, transfer
from compare.judging.model_causes import ALL_CAUSES
from compare.judging.optimizers import CAUSES
from compare.reports.training import conclusion
from compare.subjects.own import run as own
from compare.subjects.own.pair import OwnPair


def gradients(of_torch, of_keras, target=TARGET, loss="mean_squared_error"):
    """The results on gradients of a run, and its notes."""
    models = dict(torch=of_torch, keras=of_keras)
    pair = OwnPair("mine", models, (X,), target=target, loss=loss, transfer="random")
    judged = own.run(pair, gradients=True)
    return [result for result in judged.results if result.loss], judged.notes


class Adds(keras.layers.Layer):
    """Adds to the loss while it is called."""

    def call(self, x):
        self.add_loss(0.1 * keras.ops.mean(keras.ops.square(x)))
        return x


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(WORDS, SIZE, padding_idx=0)
        self.head = nn.Linear(SIZE, CLASSES)

    def forward(self, x):
        return self.head(self.words(x).mean(1))


def words():
    layers = keras.layers
    embedding = layers.Embedding(WORDS, SIZE)
    mean = layers.GlobalAveragePooling1D()
    return keras.Sequential([embedding, mean, layers.Dense(CLASSES)])


def clipped():
    model = in_keras()
    model.compile(optimizer=keras.optimizers.SGD(0.5, clipnorm=0.01), loss="mse")
    return model


OWN = {
    "regularisers": (InPyTorch, lambda: in_keras(kernel_regularizer="l2"), X),
    "activity": (InPyTorch, lambda: in_keras(activity_regularizer="l2"), X),
    "add_loss": (InPyTorch, lambda: in_keras(Adds()), X),
    "constraints": (InPyTorch, lambda: in_keras(kernel_constraint="non_neg"), X),
    "padding_idx": (Words, words, TOKENS),
    "clipping": (InPyTorch, clipped, X),
}


@pytest.mark.parametrize("case", OWN)
def test_what_one_model_alone_has_is_kept_and_named(case):
    """Aligned twins part, and all of it is that; without it they are in step."""
    of_torch, of_keras, x = OWN[case]
    name = "regularisers" if case == "activity" else case
    evidence = train(of_torch, of_keras, x)

    assert not evidence.in_step
    assert list(evidence.drift) == [name]
    if evidence.causes:  # the losses have parted as well
        assert evidence.causes[0].share == pytest.approx(1, abs=1e-6)
        assert evidence.left == pytest.approx(0, abs=1e-6)
    aligned = train(of_torch, of_keras, x, removed=frozenset([*CAUSES, name]))
    assert aligned.in_step, aligned.deciding
    assert f"without {name}" in conclusion(aligned)


def test_the_loss_of_keras_is_that_of_fit():
    """Regularisers, activity and add_loss included, step by step."""

    def make():
        return in_keras(Adds(), kernel_regularizer="l2", activity_regularizer="l1")

    evidence = train(InPyTorch, make, optimizer="sgd", removed=frozenset(), epochs=1)
    torch.manual_seed(0)
    begun, model = InPyTorch(), make()
    transfer(begun, model)
    model.compile(optimizer="sgd", loss="mse")

    fitted = float(np.ravel(model.train_on_batch(X, TARGET))[0])
    assert evidence.losses["keras32"][0] == pytest.approx(fitted, rel=1e-6)


def test_gradients_show_what_a_loss_has_more():
    """The cause is named, and the proof is that they are the same without it."""
    (to_keras, to_torch), _ = gradients(
        InPyTorch, lambda: in_keras(kernel_regularizer=keras.regularizers.L2(0.1))
    )

    assert to_keras.verdict == to_torch.verdict == "different"
    assert to_keras.explanation.faults == ("regularisers",)
    assert to_keras.explanation.explained
    assert "L2(0.1) of head.kernel" in to_keras.explanation.sentence


def test_frozen_weights_are_not_learnt():
    """On both sides, of live models too."""
    torch_model, keras_model = InPyTorch(), in_keras()
    torch_model.rnn.requires_grad_(False)
    keras_model.layers[0].trainable = False
    evidence = train(torch_model, keras_model)

    assert evidence.in_step, evidence.deciding
    assert evidence.notes == ()


def test_weights_frozen_on_one_side_are_said():
    torch_model = InPyTorch()
    torch_model.rnn.bias_hh_l0.requires_grad_(False)
    torch_model.head.requires_grad_(False)
    evidence = train(torch_model, in_keras())

    assert not evidence.in_step
    assert "PyTorch alone: head.kernel, head.bias" in evidence.notes[0]


# --------------------------------------------------------------------- losses, targets

SOFTMAX = dict(loss="cross_entropy", target=LABELS)


def test_logits_and_their_softmax_learn_alike():
    """As the cross-entropies of the frameworks take them."""
    evidence = train(InPyTorch, lambda: in_keras(activation="softmax"), **SOFTMAX)

    assert evidence.in_step, evidence.deciding


def test_a_softmax_before_a_loss_of_logits_is_said():
    twice = lambda: InPyTorch(ending=nn.Softmax(-1))  # noqa: E731
    softmax = lambda: in_keras(activation="softmax")  # noqa: E731
    evidence = train(twice, softmax, **SOFTMAX)
    results, _ = gradients(twice, softmax, LABELS, "cross_entropy")

    assert list(evidence.drift) == ["softmax"]
    assert evidence.causes[0].share == pytest.approx(1)
    assert {result.verdict for result in results} == {"different"}
    assert results[0].explanation is None or "softmax" in results[0].explanation.faults


def test_logits_and_their_softmax_are_the_same_function():
    results, notes = gradients(
        InPyTorch, lambda: in_keras(activation="softmax"), LABELS, "cross_entropy"
    )

    assert {result.verdict for result in results} == {"same"}
    assert any("returns logits and Keras's their softmax" in note for note in notes)


def test_a_label_for_each_step_is_learnt():
    class Tags(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(SIZE, CLASSES)

        def forward(self, x):
            return self.head(x)

    def tags():
        return keras.Sequential(
            [keras.Input((None, SIZE)), keras.layers.Dense(CLASSES)]
        )

    labels = RNG.integers(0, CLASSES, (BATCH, TIME))
    evidence = train(Tags, tags, loss="cross_entropy", target=labels)

    assert evidence.in_step, evidence.deciding


def test_a_target_that_would_be_broadcast_is_one_line():
    one = lambda: InPyTorch(1)  # noqa: E731
    match = r"broadcast the two to \(24, 24\).*Give target = target\[:, None\]$"

    for judge in (train, gradients):
        with pytest.raises(BadInput, match=match):
            judge(one, lambda: in_keras(outputs=1), target=TARGET[:, 0])


def test_a_target_with_an_axis_too_many_is_one_line():
    match = r"got \(24, 2, 1\)\. Give target = target\[\.\.\., 0\]$"

    with pytest.raises(BadInput, match=match):
        train(
            lambda: InPyTorch(2),
            lambda: in_keras(outputs=2),
            target=np.ones((24, 2, 1)),
        )


def test_labels_with_an_axis_more_are_one_line():
    """Keras's sparse cross-entropy takes them, PyTorch's does not."""
    labels = np.zeros((24, 1), "int64")
    match = r"expected labels of shape \(24,\).*Give target = target\[:, 0\]$"

    with pytest.raises(BadInput, match=match):
        train(
            lambda: InPyTorch(3),
            lambda: in_keras(outputs=3),
            loss="cross_entropy",
            target=labels,
        )


def test_a_flat_result_learns_from_a_flat_target():
    """Keras gives its own the axis of the result, as fit does."""
    flat = lambda: InPyTorch(1, nn.Flatten(0))  # noqa: E731
    evidence = train(flat, lambda: in_keras(outputs=1), target=TARGET[:, 0])

    assert evidence.in_step, evidence.deciding


def test_gradients_are_those_of_the_users_target():
    """Their loss on the first samples is NumPy's."""
    torch_model = InPyTorch()
    results, _ = gradients(torch_model, lambda: in_keras(), TARGET)
    far, _ = gradients(torch_model, lambda: in_keras(), TARGET + 1000)

    assert {result.verdict for result in [*results, *far]} == {"same"}
    first, second = results[0].stages[0], far[0].stages[0]
    assert first.stage == second.stage == "loss"
    assert first.worst.torch < 10 < 10_000 < second.worst.torch


def test_a_target_of_other_inputs_than_are_drawn_is_not_used():
    """A file may give an input shape in the place of x, and keep its target."""
    pair = OwnPair(
        "mine",
        dict(torch=InPyTorch, keras=in_keras),
        (X,),
        steps=[TIME],
        transfer="random",
        target=TARGET[:7],
    )
    verdicts = {result.verdict for result in own.run(pair, gradients=True).results}

    assert verdicts == {"same"}


# ------------------------------------------------------------------- compiled, stateful


def test_the_optimizer_of_a_compiled_model_is_used():
    model = in_keras()
    model.compile(optimizer=keras.optimizers.SGD(0.25, momentum=0.5), loss="mse")
    evidence = train(InPyTorch(), model)

    assert evidence.settings["optimizer"] == "momentum"
    values = dict(learning_rate=0.25, momentum=0.5)
    assert evidence.settings["torch"]["values"] == values
    assert evidence.settings["keras"]["values"] == values
    assert evidence.in_step, evidence.deciding
    asked = train(InPyTorch(), model, optimizer="adam")
    assert asked.settings["keras"]["values"]["learning_rate"] == 0.001


def test_what_cannot_be_used_of_a_compiled_model_is_said():
    model = in_keras()
    model.compile(optimizer="adamax", loss="mae")
    evidence = train(InPyTorch(), model)
    optimizer, loss = evidence.notes

    assert "compiled with Adamax(learning_rate=0.001" in optimizer
    assert "the loss mae, which is not learnt by here" in loss
    assert "as far as it was run: see the notes" in conclusion(evidence)


def test_two_models_that_keep_states_are_refused():
    class Keeps(InPyTorch):
        state = None

        def forward(self, x):
            _, state = self.rnn(x, self.state)
            self.state = state.detach()
            return self.head(state[-1])

    def keeps():
        layers = keras.layers
        x = keras.Input((TIME, SIZE), batch_size=BATCH)
        return keras.Sequential(
            [x, layers.GRU(6, stateful=True), layers.Dense(CLASSES)]
        )

    for judge in (train, gradients):
        with pytest.raises(BadInput, match=r"the states of the .* before"):
            judge(Keeps, keeps)


@pytest.mark.parametrize("samples", [2, BATCH])
def test_a_model_called_once_takes_batches_of_any_size(samples):
    model = keras.Sequential([keras.layers.GRU(6), keras.layers.Dense(CLASSES)])
    model(X[:samples])
    evidence = train(InPyTorch(), model, batch_size=10)

    assert evidence.in_step, evidence.deciding


def test_every_cause_has_a_name_of_its_own():
    assert len(set(ALL_CAUSES)) == len(ALL_CAUSES)
