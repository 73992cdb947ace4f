"""What models add to a loss and to a step is learnt by, and named where one has it."""

import time

import keras
import numpy as np
import pytest
import torch
from torch import nn

from compare import BadInput, transfer
from compare.judging.model_causes import ALL_CAUSES
from compare.judging.optimizers import CAUSES, Recipe
from compare.reports.training import conclusion
from compare.subjects.own import run as own
from compare.subjects.own import training as own_training
from compare.subjects.own.pair import OwnPair
from compare.twins import training

WORDS, SIZE, BATCH, TIME, CLASSES = 9, 3, 24, 5, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(BATCH, TIME, SIZE)).astype(np.float32)
TOKENS = RNG.integers(0, WORDS, (BATCH, TIME))
TARGET = RNG.normal(size=(BATCH, CLASSES)).astype(np.float32)
LABELS = RNG.integers(0, CLASSES, BATCH)


class InPyTorch(nn.Module):
    """A recurrent layer and a head on its last step."""

    def __init__(self, outputs=CLASSES, ending=None):
        super().__init__()
        self.rnn = nn.GRU(SIZE, 6, batch_first=True)
        self.head = nn.Linear(6, outputs)
        self.ending = ending or nn.Identity()

    def forward(self, x):
        return self.ending(self.head(self.rnn(x)[1][-1]))


def in_keras(*last, outputs=CLASSES, **head):
    layers = [keras.Input((None, SIZE)), keras.layers.GRU(6)]
    return keras.Sequential([*layers, keras.layers.Dense(outputs, **head), *last])


def train(of_torch, of_keras, x=X, target=TARGET, loss="mean_squared_error", **recipe):
    """The evidence of a run, by default aligned, of three steps."""
    models = dict(torch=of_torch, keras=of_keras)
    given = dict(loss=loss, loss_given=loss != "mean_squared_error")
    pair = OwnPair("mine", models, (x,), target=target, **given)
    recipe = dict(epochs=3, batch_size=BATCH) | recipe
    with own.settled(pair):
        task = own_training.task(pair)
        return training.train(
            task, Recipe(**recipe), time.perf_counter(), lambda *_: None
        )


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


# ---------------------------------------------------------------- statistics of batches


class Normed(nn.Module):
    """A convolution whose bias the batch norm takes away."""

    def __init__(self, momentum=0.01):
        super().__init__()
        self.conv = nn.Conv1d(SIZE, 4, 2)
        self.norm = nn.BatchNorm1d(4, eps=1e-3, momentum=momentum)
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x):
        return self.head(self.norm(self.conv(x.transpose(1, 2))).mean(2))


def normed():
    layers = keras.layers
    norm = layers.BatchNormalization(momentum=0.99)
    mean = layers.GlobalAveragePooling1D()
    conv = layers.Conv1D(4, 2)
    return keras.Sequential([conv, norm, mean, layers.Dense(CLASSES)])


@pytest.mark.parametrize("follow", ["torch", "keras"])
def test_batch_norms_are_in_step(follow):
    """The running variance divides as the other's, and the bias before is left alone.

    Adam would make a whole step of the rounding in its gradient.
    """
    evidence = train(Normed, normed, epochs=12, batch_size=8, follow=follow)

    assert evidence.in_step, evidence.deciding
    assert "conv.bias: the gradient is zero but for rounding" in evidence.notes[0]


def test_running_variances_part_by_themselves():
    """By n - 1 against n. With one rate SGD is the same in both."""
    evidence = train(
        Normed, normed, optimizer="sgd", learning_rate=0.1, removed=frozenset()
    )
    parted = [t.stage for t in evidence.tensors if t.verdict == "different"]

    assert list(evidence.drift) == ["running_variance"]
    assert parted == ["norm.moving_variance"]


@pytest.mark.parametrize("follow", ["torch", "keras"])
def test_a_copied_momentum_is_named(follow):
    copied = lambda: Normed(0.99)  # noqa: E731
    evidence = train(copied, normed, follow=follow)

    assert list(evidence.drift) == ["running_momentum"]
    assert "PyTorch's 0.99 is 0.01 in Keras's words" in evidence.notes[0]
    removed = frozenset([*CAUSES, "running_momentum"])
    assert train(copied, normed, follow=follow, removed=removed).in_step


def test_a_variance_of_ones_own_is_not_corrected():
    """A batch norm that divides by n in PyTorch, as Keras's does."""

    class Biased(nn.BatchNorm1d):
        def forward(self, x):
            if not self.training:
                return super().forward(x)
            with torch.no_grad():
                self.running_mean.lerp_(x.mean((0, 2)), self.momentum)
                self.running_var.lerp_(x.var((0, 2), correction=0), self.momentum)
            affine = self.weight, self.bias, True, 0.0, self.eps
            return nn.functional.batch_norm(x, None, None, *affine)

    class OwnNorm(Normed):
        def __init__(self):
            super().__init__()
            self.norm = Biased(4, eps=1e-3, momentum=0.01)

    evidence = train(OwnNorm, normed)

    assert "running_variance" not in evidence.drift
    assert evidence.in_step, evidence.deciding


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
