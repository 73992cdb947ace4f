"""Results of a user's models: their names, masks, and what they do not show."""

import keras
import numpy as np
import pytest
import torch
from own_cases import BATCH, FEATURES, TIME, X, check, in_pytorch, said, sequential

import compare


@pytest.fixture
def words():
    """A masked pair with its weights transferred, and words with padding behind."""
    nn, layers = torch.nn, keras.layers
    first = nn.Sequential(nn.Embedding(7, 4, padding_idx=0), nn.Linear(4, 3))
    embedding = layers.Embedding(7, 4, mask_zero=True)
    second = sequential(embedding, layers.Dense(3), shape=(None,))
    compare.transfer(first, second)
    x = np.random.default_rng(0).integers(1, 7, (BATCH, TIME))
    x[:, 4:] = 0
    return first, second, x


def test_masked_steps_are_counted(words):
    evidence = check(*words, transfer=None)

    assert evidence.verdict == "same"
    assert "masks 8 of 24 steps" in said(evidence)


def test_a_weight_that_the_inputs_do_not_show_is_told(words):
    first, second, x = words
    weights = second.get_weights()
    weights[0][6] += 5.0
    second.set_weights(weights)
    x = np.minimum(x, 5)  # no word has the last row
    evidence = check(first, second, x, transfer=None)

    assert "0.embeddings by 5.0e+00" in said(evidence)


def test_weights_that_are_the_same_are_not_told(words):
    assert "which these inputs do not show" not in said(check(*words, transfer=None))


def returning(first, second):
    """Two heads whose results are handed over as the two functions say."""
    model = in_pytorch(
        lambda m, x: first(m.mean(x), m.spread(x)),
        mean=torch.nn.Linear(FEATURES, 3),
        spread=torch.nn.Linear(FEATURES, 2),
    )
    x = keras.Input((None, FEATURES))
    made = keras.layers.Dense(3)(x), keras.layers.Dense(2)(x)
    return model, keras.Model(x, second(*made))


def keyed(mean, spread):
    return {"mean": mean, "spread": spread}


def nested(mean, spread):
    return (mean, (spread,))


def test_results_of_the_same_names_are_compared():
    evidence = check(*returning(keyed, keyed))

    assert evidence.verdict == "same"
    assert "output.spread" in {s.stage for s in evidence.results[0].stages}


def test_results_whose_names_are_swapped_are_different():
    layers, x = keras.layers, keras.Input((None, FEATURES))
    made = layers.Dense(3, name="mean")(x), layers.Dense(3, name="spread")(x)
    first = in_pytorch(
        lambda m, x: keyed(m.mean(x), m.spread(x)),
        mean=torch.nn.Linear(FEATURES, 3),
        spread=torch.nn.Linear(FEATURES, 3),
    )
    evidence = check(first, keras.Model(x, keyed(*made[::-1])))

    assert evidence.verdict == "different"
    assert evidence.results[0].explanation.explained


def test_inputs_go_to_pytorch_in_a_list_where_it_takes_one():
    first = in_pytorch(
        lambda m, x: m.head(x[0] + x[1]), head=torch.nn.Linear(FEATURES, 3)
    )
    inputs = [keras.Input((None, FEATURES)) for _ in "ab"]
    made = keras.layers.Dense(3)(keras.layers.Add()(inputs))

    assert check(first, keras.Model(inputs, made), [X, 2 * X]).verdict == "same"


def test_results_in_tuples_are_compared_by_their_places():
    evidence = check(*returning(nested, lambda mean, spread: [mean, spread]))

    assert evidence.verdict == "same"


def test_results_that_only_one_model_names_are_refused():
    """Sorted by name they could be taken for each other."""
    with pytest.raises(compare.BadInput, match="results: expected the same names"):
        check(*returning(nested, keyed))


def test_a_stage_of_another_shape_is_told_once():
    """The head gets every step in PyTorch, and the last one in Keras."""
    first = in_pytorch(lambda m, x: m.head(x)[:, -1], head=torch.nn.Linear(FEATURES, 3))
    x = keras.Input((None, FEATURES))
    second = keras.Model(x, keras.layers.Dense(3)(x[:, -1]))
    evidence = check(first, second)

    assert evidence.verdict == "same"
    assert evidence.results[0].unmatched == ("head",)
