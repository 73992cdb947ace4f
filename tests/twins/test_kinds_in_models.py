"""Kinds inside models: each of their mistakes is noticed by a run, and named.

A model is an example's layer with a dense layer after it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import attention_calls
import keras
import numpy as np
import pytest
import torch
from kind_layers import in_pytorch, inputs, torch_output
from mistaken import mistaken, suspected

from compare.diagnosing.diagnosis import diagnose
from compare.in_pytorch.anatomy import anatomy
from compare.judging.arrays import Input, sequences
from compare.kinds import ATTENTION, BY_NAME, EMBEDDINGS, RECURRENT, WITH_ARRAYS
from compare.kinds.mistake import ArraysOfLayer, Computation
from compare.mistakes import MISTAKES
from compare.mistakes.anatomy import applies
from compare.twins.sensitivity import sensitivity
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

LIBRARY = {mistake.name: mistake for mistake in MISTAKES}


def models():
    """The plain example of each class, those with the other side's epsilon, and calls.

    Those are of attention: with other keys and values, and with masks.
    """
    cases = []
    for kind in WITH_ARRAYS:
        if not kind.mistakes:
            continue
        for number, example in enumerate(kind.examples):
            classes = [earlier.torch for earlier in kind.examples[:number]]
            is_plain = example.torch not in classes and "Cell" not in example.torch
            if is_plain or "epsilon" in example.name or example.call:
                name = f"{kind.name} {example.name}".strip()
                slow = [pytest.mark.slow] if kind.name in RECURRENT else []
                cases.append(pytest.param(kind.name, number, id=name, marks=slow))
    return cases


def makers(kind, example):
    """What makes the model in either framework."""
    recurrent = kind.name in RECURRENT
    attends = kind.name in ATTENTION
    layer = in_pytorch(example)
    size = torch_output(kind, example, layer).shape[-1]
    of_call = attention_calls.options_of(example)

    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.part = getattr(torch.nn, example.torch)(**example.torch_settings)
            self.head = torch.nn.Linear(size, 3)

        def forward(self, x):
            if recurrent:
                return self.head(self.part(x)[0][:, -1])
            if kind.features_first:
                return self.head(self.part(x.movedim(-1, 1)).flatten(2)[..., -1])
            if attends:
                return self.head(attention_calls.in_torch(self.part, x, of_call)[:, -1])
            return self.head(self.part(x)[:, -1])

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            settings = dict(example.keras_settings)
            if recurrent:
                settings["return_sequences"] = False
            self.part = getattr(keras.layers, example.keras)(**settings)
            self.head = keras.layers.Dense(3)

        def call(self, x):
            if attends:
                made = attention_calls.in_keras(self.part, x, of_call)
                return self.head(made[:, -1])
            made = self.part(x)
            if recurrent:
                return self.head(made)
            while len(made.shape) > 2:  # the last step of each axis
                made = made[:, -1]
            return self.head(made)

    return {"torch": InPyTorch, "keras": InKeras}


def drawn(kind, example):
    """An input of the example in the precision of the suite's inputs."""
    x = inputs(example)[0]
    return x if kind.name in EMBEDDINGS else x.astype(np.float32)


def weights(layers):
    """Random weights, running statistics above zero."""
    made = fresh_weights(layers, [5])
    for arrays in made.values():
        for key in arrays:
            if key.startswith("running"):  # else a mean is no variance
                arrays[key] = np.abs(arrays[key]) + np.float32(0.25)
    return made


def twins_of(kind, example):
    """Twins of a model with random weights, and what they run on."""
    x = drawn(kind, example)
    given = sequences(None, x.shape[-1])
    if example.call:  # whose masks are for this many steps
        given = (Input("x", x.shape),)
    if x.ndim > 3:
        given = (Input("x", (None, *x.shape[1:])),)
    if kind.name in EMBEDDINGS:
        given = (Input("x", (None, None), "int64"),)
    twins = Twins(makers(kind, example), given, ["y"])
    twins.load("to_keras", lambda layers: weights(layers))
    twins.splits = {}
    return twins, (x,)


@pytest.fixture(scope="module")
def built():
    """Twins of a model, what they run on, and the anatomy of PyTorch's."""

    @cache
    def made(name, number):
        kind = BY_NAME[name]
        twins, arrays = twins_of(kind, kind.examples[number])
        return twins, arrays, anatomy(twins.twin("torch", "float64"), arrays)

    return made


def possible(name, found):
    """The kind's own mistakes that can be made in the layer."""
    return [
        LIBRARY[mistake.name]
        for mistake in BY_NAME[name].mistakes
        if isinstance(mistake.effect, ArraysOfLayer | Computation)
        and applies(LIBRARY[mistake.name], "part", found)
    ]


@pytest.mark.parametrize(("name", "number"), models())
def test_every_mistake_is_noticed(built, name, number):
    """A run of the right twins is the same, and would not be with the mistake.

    But for mistakes in states that the model does not hand on to its results.
    """
    twins, arrays, found = built(name, number)
    assert possible(name, found)
    worth = sensitivity(name, twins, arrays)

    survivors = [each for each in worth.survivors if each.layer == "part"]
    assert not [each.fault for each in survivors if not each.inside]


@pytest.mark.parametrize(("name", "number"), models())
def test_every_mistake_is_named(built, name, number):
    twins, arrays, found = built(name, number)
    assert not diagnose(twins, arrays).explained
    unnamed = []
    for mistake in possible(name, found):
        with mistaken(twins, found, (mistake, "part")):
            explanation = diagnose(twins, arrays)
        if not explanation.explained or mistake.name not in suspected(explanation):
            unnamed.append((mistake.name, explanation.sentence))

    assert not unnamed


def known_by_an_option():
    """Kinds with the mistakes that are known by that an option is another."""
    return [
        pytest.param(kind, mistake, id=f"{kind.name} {mistake.effect.option}")
        for kind in WITH_ARRAYS
        for mistake in kind.mistakes
        if isinstance(mistake.effect, Computation) and mistake.effect.option
    ]


@pytest.mark.parametrize(("kind", "mistake"), known_by_an_option())
def test_an_option_that_is_another_is_named(kind, mistake):
    option = kind.option(mistake.effect.option)
    example = kind.examples[0]
    settings = {**example.keras_settings, option.keras: option.sample[1]}
    twins, arrays = twins_of(kind, replace(example, keras_settings=settings))
    explanation = diagnose(twins, arrays)

    assert explanation.explained
    assert suspected(explanation) == {mistake.name}
