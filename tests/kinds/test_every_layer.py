"""Every layer of both frameworks has an answer; a new one without is noticed here."""

from __future__ import annotations

import inspect
from types import ModuleType

import answers_keras
import answers_torch
import keras
import numpy as np
import pytest
import torch
from answers import Answer, Pair

import compare
from compare.kinds import BY_TORCH_NAME, IN_KERAS_ALONE, of_keras_class
from compare.one_line import class_name

# What an older Keras does otherwise than 3.15.
IN_OLD_KERAS = {"Discretization": "casts its input to whole numbers in float64 models"}


def classes(module: ModuleType, base: type) -> dict[str, type]:
    """The public classes of a module that are layers, by name."""
    found = {}
    for name, value in vars(module).items():
        is_class = inspect.isclass(value) and issubclass(value, base)
        if is_class and not name.startswith("_"):
            found[name] = value
    return found


def test_every_layer_of_keras_has_an_answer():
    """By its kind, or by what is said of it; names of a class are one."""
    alone = {name for kind in IN_KERAS_ALONE for name in kind.keras}
    known = {*answers_keras.ANSWERS, *answers_keras.NO_LAYERS, *alone}
    without = []
    for name, cls in classes(keras.layers, keras.Layer).items():
        names = {name, class_name(cls)}
        if not names & known and not any(map(of_keras_class, names)):
            without.append(name)

    assert not without


def test_every_module_of_pytorch_has_an_answer():
    known = {*answers_torch.ANSWERS, *answers_torch.NO_LAYERS}
    without = []
    for name, cls in classes(torch.nn, torch.nn.Module).items():
        is_lazy = issubclass(cls, torch.nn.modules.lazy.LazyModuleMixin)
        is_loss = cls.__module__ == "torch.nn.modules.loss"
        if is_lazy or is_loss or name in known:
            continue
        if name not in BY_TORCH_NAME:
            without.append(name)

    assert not without


ANSWERS = [
    *(("keras", name, a) for name, a in answers_keras.ANSWERS.items()),
    *(("torch", name, a) for name, a in answers_torch.ANSWERS.items()),
]


def in_keras(pair: Pair) -> keras.Model:
    inputs = []
    for array in pair.inputs:
        dtype = "int64" if array.dtype.kind == "i" else "float32"
        inputs.append(keras.Input(array.shape[1:], dtype=dtype))
    layer = pair.keras()
    if isinstance(layer, keras.Layer) and len(inputs) > 1:
        return keras.Model(inputs, layer(inputs))
    return keras.Model(inputs, layer(*inputs))


@pytest.mark.parametrize(
    ("side", "name", "answer"),
    ANSWERS,
    ids=[f"{side} {name}" for side, name, _ in ANSWERS],
)
def test_an_answer_is_what_is_said(side: str, name: str, answer: Answer):
    module = keras.layers if side == "keras" else torch.nn
    if not hasattr(module, name):
        pytest.skip(f"this {side} has no {name}")
    numbers = tuple(map(int, keras.__version__.split(".")[:2]))
    if name in IN_OLD_KERAS and numbers < (3, 15):
        pytest.skip(f"Keras {keras.__version__} {IN_OLD_KERAS[name]}")
    torch.manual_seed(0)
    model = answer.pair.torch()
    transfer = "to_keras" if list(model.parameters()) else None
    inputs = answer.pair.inputs
    x = inputs if len(inputs) > 1 else inputs[0]
    if answer.verdict == "refused":
        with pytest.raises(compare.BadInput, match=answer.words):
            compare.check(model, in_keras(answer.pair), x, transfer=transfer)
        return
    evidence = compare.check(model, in_keras(answer.pair), x, transfer=transfer)
    said = evidence.explain()

    assert evidence.verdict.removesuffix(" in float32") == answer.verdict, said
    assert answer.words in said


LAZY = {"LazyLinear": (3,), "LazyConv2d": (3, 3), "LazyBatchNorm2d": ()}


@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_module_that_has_not_run_is_refused(name):
    module = getattr(torch.nn, name)(*LAZY[name])
    x = np.zeros((2, 3, 6, 6), "float32")
    inputs = keras.Input(x.shape[1:])
    twin = keras.Model(inputs, keras.layers.Dense(3)(inputs))

    with pytest.raises(compare.BadInput, match="call the model once on an input"):
        compare.check(module, twin, x)
