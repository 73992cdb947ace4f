"""Wrong ports of one line, in models as users write them: named, proved and placed."""

import numpy as np
import ported_attention as attention
import ported_images as images
import ported_sequences as sequences
import pytest
from ported_bases import IMAGES, SERIES, TOKENS, give_weights

from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import Input
from compare.twins.twins import Twins

PORTS = {**attention.PORTS, **images.PORTS, **sequences.PORTS}


def made(torch, keras, x):
    dtype = None if x.dtype.kind == "f" else "int32"
    inputs = [Input("x", (None, *x.shape[1:]), dtype)]
    twins = Twins(dict(torch=torch, keras=keras), inputs, None)
    twins.match((x,), complete=False)
    give_weights(twins)
    return twins


@pytest.mark.parametrize("port", PORTS)
def test_a_wrong_line_is_named_and_proved(port):
    torch, keras, x, words = PORTS[port]
    twins = made(torch, keras, x)

    assert twins.compare(x).verdict == "different"
    found = diagnose(twins, (x,))
    assert found.explained, found
    assert words in found.sentence
    assert found.gap_after <= found.limit
    assert found.torch_line.startswith("ported_") or found.keras_line


RIGHT = {
    "attention": (attention.attention, SERIES),
    "causal": (
        lambda: attention.attention(weigh=lambda s: attention.causal(s, 1)),
        None,
    ),
    "residual": (images.block, IMAGES),
    "squeeze": (images.squeeze_excite, IMAGES),
    "text": (sequences.text_cnn, TOKENS),
    "unet": (images.unet, IMAGES),
    "autoencoder": (sequences.repeated, SERIES),
    "norm": (lambda: sequences.normed(sequences.by_hand), SERIES),
    "gate": (sequences.gated, SERIES),
}
KERAS = {
    "attention": lambda: attention.attention_in_keras(attention.keras_scores),
    "causal": lambda: attention.attention_in_keras(
        attention.keras_scores, attention.causal_in_keras
    ),
    "residual": images.block_in_keras,
    "squeeze": images.squeeze_excite_in_keras,
    "text": sequences.text_cnn_in_keras,
    "unet": images.unet_in_keras,
    "autoencoder": sequences.repeated_in_keras,
    "norm": sequences.normed_in_keras,
    "gate": sequences.gated_in_keras,
}


@pytest.mark.parametrize("model", RIGHT)
def test_a_right_port_is_the_same_and_never_explained(model):
    torch, x = RIGHT[model]
    x = SERIES if x is None else x
    twins = made(torch, KERAS[model], np.asarray(x))

    assert twins.compare(x).verdict == "same"
    assert not diagnose(twins, (x,)).explained


def test_a_batch_that_is_the_same_sample_by_sample_is_told_to_be_mixed():
    torch, keras, x, _ = PORTS["autoencoder: a repeat that mixes the samples"]
    found = diagnose(made(torch, keras, x), (x,))

    assert "of one sample alone both return the same" in found.sentence


@pytest.mark.parametrize(
    "port", ["steps: running sum", "attention: sigmoid for softmax"]
)
def test_the_line_of_an_operation_of_pytorch_is_told(port):
    torch, keras, x, _ = PORTS[port]

    assert diagnose(made(torch, keras, x), (x,)).torch_line.startswith("ported_")


def test_each_step_of_a_loop_is_told_as_one_cause():
    torch, keras, x, _ = PORTS["loop: relu for tanh"]
    found = diagnose(made(torch, keras, x), (x,))

    assert found.faults == ("a relu for a tanh",)
