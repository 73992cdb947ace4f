"""Layers that rows alone do not settle: refusals, activations, counts."""

from dataclasses import replace

import numpy as np
import pytest

from compare import BadInput
from compare.kinds import BY_NAME
from compare.matching.rewriting import rewrite

DIRECTIONS = ["to_keras", "to_torch"]


@pytest.fixture(scope="session")
def twins_of(kind_layers):
    """Twins of an example, with other settings of Keras's layer."""

    def build(kind, name="", **in_keras):
        (example,) = (e for e in BY_NAME[kind].examples if e.name == name)
        example = replace(example, keras_settings=example.keras_settings | in_keras)
        return kind_layers.Twins(BY_NAME[kind], example)

    return build


def test_batch_norm_keeps_its_count_of_batches(twins_of):
    """Keras has none; PyTorch's stays as it was, whichever way the numbers go."""
    twins = twins_of("BatchNorm1d")
    twins.torch.part.num_batches_tracked.fill_(7)
    for direction in DIRECTIONS:
        written = twins.carry(direction)

        assert twins.torch.part.num_batches_tracked.item() == 7
        assert len(written) == 4


def test_slopes_that_differ_from_step_to_step_are_refused(twins_of):
    """Keras's PReLU without shared axes has as many more as there are steps."""
    twins = twins_of("PReLU", "with one slope a channel", shared_axes=None)

    for direction in DIRECTIONS:
        with pytest.raises(BadInput, match="expected shape"):
            twins.carry(direction)


OTHER = {
    "LSTM": dict(activation="relu"),
    "GRU": dict(recurrent_activation="hard_sigmoid"),
    "RNN": dict(activation="sigmoid"),
}


@pytest.mark.parametrize("options", ["activation", "go_backwards"])
@pytest.mark.parametrize("kind", OTHER)
def test_what_only_computes_otherwise_passes_where_that_is_allowed(
    twins_of, kind, options
):
    """The arrays mean the same; mistakes are undone on such layers."""
    settings = OTHER[kind] if options == "activation" else dict(go_backwards=True)
    plain, other = twins_of(kind), twins_of(kind, **settings)
    source, target = plain.layers("torch"), other.layers("keras")
    expected, _ = rewrite(source, plain.layers("keras"), "to_keras")

    written, _ = rewrite(source, target, "to_keras", strict=False)
    assert written["part"].keys() == expected["part"].keys()
    for name, array in expected["part"].items():
        assert np.array_equal(written["part"][name], array)
    if options == "go_backwards":  # which PyTorch's user does, with x.flip(1)
        strictly, _ = rewrite(source, target, "to_keras")
        assert strictly["part"].keys() == expected["part"].keys()
        return
    with pytest.raises(BadInput, match="expected a layer that PyTorch has too"):
        rewrite(source, target, "to_keras")


def test_gru_without_reset_after_is_not_moved(twins_of):
    """PyTorch's layer cannot compute that; a cell by hand can."""
    twins = twins_of("GRU", "without bias", reset_after=False)

    with pytest.raises(BadInput, match="reset_after=False"):
        rewrite(twins.layers("torch"), twins.layers("keras"), "to_keras")


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("activation", ["relu", "softmax"])
def test_activation_inside_a_dense_layer_is_not_a_weight(
    twins_of, torch, activation, direction
):
    """In PyTorch it is a layer of its own, after this one."""
    twins = twins_of("Linear", activation=activation)
    twins.carry(direction)
    before, found = twins.outputs()
    function = torch.relu if activation == "relu" else torch.nn.Softmax(dim=-1)

    assert np.abs(found - function(torch.from_numpy(before)).numpy()).max() < 1e-12
