"""Time steps that a user's models take or refuse."""

import numpy as np
from own_cases import FEATURES, TIME, X, check, in_pytorch, said, sequential


def test_time_distributed_is_judged_as_it_is_called(torch, keras):
    """Traced for any batch and length it gives another shape in Keras on TensorFlow."""
    layer = keras.layers.TimeDistributed(keras.layers.Dense(3))
    evidence = check(torch.nn.Linear(FEATURES, 3), sequential(keras, layer))

    assert evidence.verdict == "same"
    assert f"Judged for exactly {TIME} steps" in said(evidence)


def pooled(torch, **options):
    return in_pytorch(
        torch,
        lambda m, x: m.pool(m.conv(x.transpose(1, 2))).transpose(1, 2),
        conv=torch.nn.Conv1d(FEATURES, 3, 3, padding=1),
        pool=torch.nn.MaxPool1d(2, **options),
    )


def pooled_twin(keras):
    layers = keras.layers
    conv = layers.Conv1D(3, 3, padding="same")
    return sequential(keras, conv, layers.MaxPooling1D(2))


def test_too_few_steps_to_pool_are_refused_by_both(torch, keras):
    """PyTorch says so, Keras returns nothing."""
    evidence = check(pooled(torch), pooled_twin(keras))

    assert evidence.verdict == "same"
    assert "both refuse" in {result.verdict for result in evidence.results}


def test_a_refusal_of_steps_that_were_not_asked_for_is_a_note(torch, keras):
    """PyTorch has a result for one step, rounding up; Keras has none."""
    evidence = check(pooled(torch, ceil_mode=True), pooled_twin(keras))

    assert evidence.as_expected
    assert evidence.verdict == "same"
    assert "Of 1 step, which you did not ask for, Keras alone says" in said(evidence)


def test_a_refusal_of_the_whole_input_is_a_verdict(torch, keras):
    def forward(m, x):
        if x.shape[1] == TIME:
            raise ValueError("no six steps here")
        return m.head(x)

    first = in_pytorch(torch, forward, head=torch.nn.Linear(FEATURES, 3))
    evidence = check(first, sequential(keras, keras.layers.Dense(3)))

    assert evidence.verdict == "one refuses"
    assert "no six steps here" in evidence.explain()


def test_many_layers_of_one_size_take_no_time_to_pair(torch, keras):
    """Of twelve there are 479,001,600 pairings, of which a few are tried."""
    linear = [torch.nn.Linear(FEATURES, FEATURES) for _ in range(12)]
    first = torch.nn.Sequential(*linear, torch.nn.ReLU())
    second = [keras.layers.Dense(FEATURES) for _ in linear]

    assert check(first, sequential(keras, *second)).verdict == "different"


def test_a_layer_that_sees_one_step_at_a_time_is_no_stage(torch, keras):
    """In a loop of one turn it would be one, of another shape than Keras's."""
    first = in_pytorch(
        torch,
        lambda m, x: torch.stack([m.head(step) for step in x.unbind(1)], 1),
        head=torch.nn.Linear(FEATURES, 3),
    )
    evidence = check(first, sequential(keras, keras.layers.Dense(3)))

    assert evidence.verdict == "same"
    assert 1 in {result.timesteps for result in evidence.results}


def test_a_table_of_positions_is_cut_to_the_steps_of_the_call(torch, keras):
    table = np.random.default_rng(1).normal(size=(TIME, 3)).astype(np.float32)

    class Positions(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = keras.layers.Dense(3)

        def call(self, x):
            return self.head(x) + table[None, : x.shape[1]]

    first = in_pytorch(
        torch,
        lambda m, x: m.head(x) + torch.from_numpy(table)[None, : x.shape[1]],
        head=torch.nn.Linear(FEATURES, 3),
    )
    second = Positions()
    second(X)

    assert check(first, second).verdict == "same"
