"""Models of which one was trained on are told by their weights, as the whole cause."""

import keras
import numpy as np
import torch
from own_cases import FEATURES, X, in_pytorch, sequential

import compare


def pair():
    """Two models of two layers, with the same weights."""
    first = in_pytorch(
        lambda m, x: m.head(torch.tanh(m.hidden(x))),
        hidden=torch.nn.Linear(FEATURES, 4),
        head=torch.nn.Linear(4, 3),
    )
    draw(first)
    layers = keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(3)
    second = sequential(*layers)
    compare.transfer(first, second)
    return first, second, layers[1]


def change(layer, *, by):
    """Add noise to a layer's weights, in parts of their largest number."""
    rng = np.random.default_rng(0)
    arrays = []
    for array in layer.get_weights():
        noise = by * np.abs(array).max() * rng.normal(size=array.shape)
        arrays.append((array + noise).astype("float32"))
    layer.set_weights(arrays)


def draw(model):
    """Give every parameter other numbers than any that a framework makes."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))


def explanation(evidence):
    assert evidence.verdict == "different"
    found = [r.explanation for r in evidence.results if r.explanation]
    return found[0]


def test_a_layer_that_was_trained_on_one_side_alone_is_named():
    first, second, head = pair()
    change(head, by=1e-3)
    found = explanation(compare.check(first, second, X))

    assert found.explained
    assert found.gap_after <= found.limit
    assert found.sentence.startswith("in head, PyTorch and Keras have other weights")
    assert "hidden" not in found.sentence
    assert found.sentence.endswith("as where one side alone was trained on")


def test_a_layer_whose_weights_are_others_altogether_is_named():
    first, second, head = pair()
    change(head, by=2.0)
    found = explanation(compare.check(first, second, X))

    assert found.explained
    assert "in head, PyTorch and Keras have other weights" in found.sentence
    assert found.sentence.endswith("loaded from elsewhere, or not at all")


def test_what_is_near_the_right_weights_was_not_left_as_it_was_made():
    """PyTorch's own first weights, copied to Keras, where a little noise was added."""
    first = in_pytorch(lambda m, x: m.head(x), head=torch.nn.Linear(FEATURES, 2))
    head = keras.layers.Dense(2)
    second = sequential(head)
    compare.transfer(first, second)
    change(head, by=1e-3)
    found = explanation(compare.check(first, second, X))

    assert found.sentence.startswith("in head, PyTorch and Keras have other weights")


def test_other_weights_are_no_cause_where_more_than_weights_differs():
    first, second, head = pair()
    change(head, by=1e-3)
    wrong = in_pytorch(
        lambda m, x: m.head(torch.relu(m.hidden(x)) + 1),
        hidden=first.hidden,
        head=first.head,
    )
    evidence = compare.check(wrong, second, X)

    assert "other weights, in no known order" not in evidence.explain()


def test_a_layer_that_makes_about_a_multiple_was_trained_on():
    """Its operation makes 0.999 times the numbers, and is no cause for that."""
    first = in_pytorch(
        lambda m, x: m.head(m.steps(x)[0][:, -1]),
        steps=torch.nn.LSTM(FEATURES, 4, batch_first=True),
        head=torch.nn.Linear(4, 2),
    )
    draw(first)
    head = keras.layers.Dense(2)
    second = sequential(keras.layers.LSTM(4), head)
    compare.transfer(first, second)
    head.set_weights([array * 1.001 for array in head.get_weights()])
    found = explanation(compare.check(first, second, X))

    assert found.sentence.startswith("in head, PyTorch and Keras have other weights")
    assert "steps" not in found.sentence
