"""Tables, seeds, inputs and models that are refused."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow
import torch
from odd_models import DIFFERENT, SAME, X, in_pytorch, sequential
from torch import nn

import compare
from compare import BadInput


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
def test_table_that_is_none_is_refused(names, said):
    with pytest.raises(BadInput, match=f"^names: expected .*{said}") as error:
        compare.check(in_pytorch(), sequential(), X, names=names)

    assert "\n" not in str(error.value)


def test_table_of_layers_is_refused():
    model, twin = in_pytorch(), sequential()

    with pytest.raises(BadInput, match="of type Dense"):
        compare.check(model, twin, X, names={"dense": twin.layers[0]})


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, "1", True, None])
def test_seed_that_is_none_is_refused(seed):
    with pytest.raises(BadInput, match="seed: expected a whole number from 0"):
        compare.check(in_pytorch(), sequential(), X, "to_keras", seed=seed)


def test_seed_of_numpys_is_one():
    seed = np.int64(3)

    evidence = compare.check(in_pytorch(), sequential(), X, "to_keras", seed=seed)

    assert evidence.verdict == SAME


def test_input_too_large_for_float32_is_refused_without_a_warning():
    x = X.astype(np.float64)
    x[1, 2] = 1e39

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BadInput, match=r"x\[1, 2\].*1e\+39"):
            compare.check(in_pytorch(), sequential(), x, "to_keras")


def test_inputs_of_several_batch_sizes_are_refused():
    with pytest.raises(BadInput, match=r"one batch size.*x\[1\] \(3, 4\)"):
        compare.check(in_pytorch(), sequential(), [X, X[:3]], "to_keras")


def test_input_on_the_meta_device_is_refused():
    x = torch.ones(5, 4, device="meta")

    with pytest.raises(BadInput, match=r"^x: .*meta device"):
        compare.check(in_pytorch(), sequential(), x, "to_keras")


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_model_that_is_compiled_is_refused():
    model = torch.jit.trace(nn.Linear(4, 3), torch.ones(1, 4))

    with pytest.raises(BadInput, match=r"give the nn\.Module that it was made from"):
        compare.check(model, sequential(), X, "to_keras")


def test_model_on_the_meta_device_is_refused():
    model = nn.Linear(4, 3, device="meta")

    with pytest.raises(BadInput, match="got weight on the meta device"):
        compare.check(model, sequential(), X, "to_keras")


def test_model_that_leaves_out_the_init_of_its_base_is_refused():
    class Odd(nn.Module):
        def __init__(self):
            self.size = 3

    with pytest.raises(BadInput, match=r"__init__ calls super\(\)\.__init__\(\)"):
        compare.check(Odd(), sequential(), X, "to_keras")


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_model_without_shapes_yet_is_refused():
    model = nn.Sequential(nn.LazyLinear(3))

    with pytest.raises(BadInput, match=r"got 0\.weight without a shape yet"):
        compare.check(model, sequential(), X, "to_keras")


def test_models_without_weights_are_compared():
    x = np.random.default_rng(0).normal(size=(5, 3, 4)).astype(np.float32)
    layers = keras.layers
    twin = keras.Sequential([keras.Input((3, 4)), layers.Softmax(), layers.Flatten()])

    same = compare.check(nn.Sequential(nn.Softmax(-1), nn.Flatten()), twin, x)
    wrong = compare.check(nn.Sequential(nn.Softmax(1), nn.Flatten()), twin, x)

    assert same.verdict == SAME
    assert wrong.verdict == DIFFERENT


def test_a_check_inside_a_function_of_tensorflow_is_refused():
    model = sequential()

    @tensorflow.function(autograph=False)  # which would put it into other words
    def traced(x):
        compare.check(in_pytorch(), model, X, "to_keras")
        return x

    with pytest.raises(BadInput, match=r"^check: .* inside a tf\.function"):
        traced(tensorflow.constant(1.0))
