"""Settings of a convolution that are not the same on both sides are named."""

from functools import partial

import keras
import pytest
import torch
from convolved import X, each_step, in_keras, in_pytorch, steps_in_keras, twins

from compare.diagnosing.diagnosis import diagnose

CASES = {
    "same in strides": (
        in_pytorch(each_step, window=4, stride=2, padding=1),
        in_keras(steps_in_keras, window=4, strides=2, padding="same"),
        'in conv, padding is 1 before and 1 after in PyTorch, "same" (1 before, 2 '
        "after) in Keras",
    ),
    "symmetric for causal": (
        in_pytorch(each_step, padding=1),
        in_keras(steps_in_keras, padding="causal"),
        'in conv, padding is 1 before and 1 after in PyTorch, "causal" (2 before, 0 '
        "after) in Keras",
    ),
    "padded after for causal": (
        in_pytorch(partial(each_step, after=2)),
        in_keras(steps_in_keras, padding="causal"),
        'in conv, padding is 0 before and 2 after in PyTorch, "causal" (2 before, 0 '
        "after) in Keras",
    ),
    "dilation forgotten": (
        in_pytorch(partial(each_step, before=2)),
        in_keras(steps_in_keras, padding="causal", dilation_rate=2),
        "in conv, dilation is 1 in PyTorch, 2 in Keras",
    ),
    "dilation forgotten, and the end cut off": (
        in_pytorch(partial(each_step, cut=2), padding=2),
        in_keras(steps_in_keras, padding="causal", dilation_rate=2),
        "in conv, dilation is 1 in PyTorch, 2 in Keras",
    ),
    "another dilation inside": (
        in_pytorch(each_step, padding="same", dilation=2),
        in_keras(steps_in_keras, padding="same"),
        "in conv, dilation is 2 in PyTorch, 1 in Keras",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_setting_is_named(case):
    in_torch, of_keras, sentence = CASES[case]
    found = diagnose(twins(in_torch, of_keras), (X,))

    assert found.explained, found
    assert found.sentence == sentence
    assert found.layer == "conv"


def test_a_stride_is_named():
    def ends(model, x):
        return model.head(model.conv(x.transpose(1, 2)).mean(2))

    def ends_in_keras(model, x):
        return model.head(keras.ops.mean(model.conv(x), axis=1))

    made = twins(in_pytorch(ends, stride=2), in_keras(ends_in_keras))
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.sentence == "in conv, stride is 2 in PyTorch, 1 in Keras"
    assert found.fix == "either conv of PyTorch: stride=1 or conv of Keras: strides=2"


def test_a_fix_says_how_much_to_pad_where_windows_reach_farther():
    in_torch, of_keras, _ = CASES["dilation forgotten"]
    found = diagnose(twins(in_torch, of_keras), (X,))

    assert "conv of PyTorch: dilation=2, and F.pad(x, (4, 0))" in found.fix


@pytest.mark.parametrize(
    ("in_torch", "of_keras"),
    [
        (
            in_pytorch(partial(each_step, before=2)),
            in_keras(steps_in_keras, padding="causal"),
        ),
        (
            in_pytorch(partial(each_step, cut=2), padding=2),
            in_keras(steps_in_keras, padding="causal"),
        ),
        (
            in_pytorch(each_step, padding=1),
            in_keras(
                lambda m, x: m.head(
                    keras.ops.relu(m.conv(keras.ops.pad(x, ((0, 0), (1, 1), (0, 0)))))
                )
            ),
        ),
    ],
    ids=["padded before", "cut after", "padded by Keras's model"],
)
def test_padding_written_in_another_way_is_no_cause(in_torch, of_keras):
    """The models are the same but for a head whose weights one side lacks."""
    made = twins(in_torch, of_keras)
    for twin in made.of_side("torch").values():
        with torch.no_grad():
            twin.model.head.bias.zero_()
    found = diagnose(made, (X,))

    assert found.explained, found
    assert "conv" not in found.sentence
    assert found.faults == ("dense bias dropped",)


def test_a_function_that_is_missing_after_a_padded_convolution_is_found():
    """What is handed on is cured with the zeros that the next layer is given."""

    class InTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv1d(4, 5, 3)
            self.conv2 = torch.nn.Conv1d(5, 3, 3)

        def forward(self, x):
            pad = torch.nn.functional.pad
            x = self.conv(pad(x.transpose(1, 2), (2, 0)))
            return self.conv2(pad(x, (2, 0))).transpose(1, 2)

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = keras.layers.Conv1D(5, 3, padding="causal", activation="relu")
            self.conv2 = keras.layers.Conv1D(3, 3, padding="causal")

        def call(self, x):
            return self.conv2(self.conv(x))

    found = diagnose(twins(InTorch, InKeras), (X,))

    assert found.explained, found
    assert found.faults == ("no activation for a relu between layers",)
