"""Models of other precisions than float32."""

import keras
import pytest
import torch
from odd_models import SAME, X, in_keras, in_pytorch, sequential

import compare


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
@pytest.mark.parametrize("kind", ["sequential", "subclassed"])
def test_keras_model_of_a_pure_policy_is_judged_as_any(dtype, kind):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        twin = sequential() if kind == "sequential" else in_keras()
    finally:
        keras.config.set_dtype_policy(policy)

    evidence = compare.check(in_pytorch(), twin, X, "to_keras")

    assert evidence.verdict == SAME
    assert f"Keras's model is in {dtype}; its weights are judged" in evidence.explain()


def test_mixed_policy_stays():
    evidence = compare.check(
        in_pytorch(), sequential(dtype="mixed_float16"), X, "to_keras"
    )

    assert evidence.verdict != SAME


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_pytorch_model_of_another_precision_is_judged_and_named(dtype):
    model, twin = in_pytorch().to(getattr(torch, dtype)), sequential()

    evidence = compare.check(model, twin, X, "to_keras")

    assert evidence.verdict == SAME
    assert any(
        note.startswith(f"PyTorch's model is in {dtype}") for note in evidence.notes
    )
    assert model.dense.weight.dtype == getattr(torch, dtype)


def test_double_against_float64_is_the_same_as_it_is():
    model = in_pytorch().double()
    twin = sequential(dtype="float64")
    weights = [model.dense.weight.detach().numpy().T, model.dense.bias.detach().numpy()]
    twin.set_weights(weights)

    assert compare.check(model, twin, X).verdict == SAME
