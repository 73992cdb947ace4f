"""Every setting that a fix names exists in its framework, and takes the value told."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from itertools import product

import keras
import numpy as np
import pytest
import torch

from compare.diagnosing.in_layers.fixes import fix_of_option
from compare.judging.result import OTHER, SIDES
from compare.kinds import BY_TORCH_NAME, KINDS
from compare.kinds.mistake import Call
from compare.mistakes import MISTAKES

HOMES = {"torch": torch.nn, "keras": keras.layers}
SETTING = re.compile(r"\b([a-z_]+)=(\((?:[^()]|\([^()]*\))*\)|\"[^\"]*\"|[^\s,;)(]+)")
# Words of a fix that are arguments of a call, not settings of the layer.
OF_CALLS = {"training", "mode", "value", "constant_values", "axis", "attn_mask"}
SIZES = {"units", "filters", "groups", "use_bias"}


def examples_of(kind):
    """The kind's examples that have a twin in Keras, of plain layers and no cells."""
    for example in kind.examples:
        plain = example.stack == 1 and not example.wrapper and not example.as_cells
        if example.keras and plain and not example.torch.endswith("Cell"):
            yield example


def class_and_settings(example, side):
    if side == "torch":
        return getattr(torch.nn, example.torch), dict(example.torch_settings)
    return getattr(keras.layers, example.keras), dict(example.keras_settings)


def built(example, side):
    """A layer of the example, in Keras with its arrays."""
    cls, settings = class_and_settings(example, side)
    layer = cls(**settings)
    unbuilt = ("MultiHeadAttention", "Activation")
    if side == "keras" and example.keras not in unbuilt:
        shape = list(example.shape)
        if settings.get("axis") == 1:  # features first
            shape.insert(1, shape.pop())
        layer.build(tuple(shape))
    return layer


def values_of(option, side):
    """The default and the sample of a setting, as a side's layer is given them."""
    default = option.torch_default if side == "torch" else option.keras_default
    sample = option.sample[0 if side == "torch" else 1]
    return [value for value in (default, sample) if value not in (None, "required")]


def settings_of(example, kind, side):
    """The settings that a fix on this side can be about.

    Arrays that differ in size are no twins.
    """
    known = arguments_of(class_and_settings(example, side)[0])
    for option in kind.options:
        attribute = option.torch if side == "torch" else option.keras
        if attribute not in SIZES or attribute in known:
            yield option


def with_value(kind, example, option, side, value):
    """The layer at work on a side, with another value of a setting; None if refused."""
    attribute = option.torch if side == "torch" else option.keras
    _, settings = class_and_settings(example, side)
    if attribute:
        settings = {**settings, attribute: value}
    changed = replace(example, **{f"{side}_settings": settings})
    try:
        layer = built(changed, side)
    except (TypeError, ValueError, RuntimeError):
        return None  # it does not go with the others of the example
    wanted = at_work(kind, example, layer, side)
    extra = wanted.options.get("output padding")
    if extra and max(extra) >= max(wanted.options["stride"]):
        return None  # PyTorch refuses that once the layer runs
    return wanted


def at_work(kind, example, layer, side):
    x, options = np.zeros(example.shape), kind.options_of(side, layer)
    return Call(example.torch, kind.compute, {}, x, None, options)


def arguments_of(cls):
    """The arguments of a class, and of those that it is derived from."""
    known = {"nonlinearity"} if issubclass(cls, torch.nn.RNNBase) else set()
    for parent in cls.__mro__:
        known |= set(inspect.signature(parent.__init__).parameters)
    return known


def assert_can_be_told(fix, example, side):
    """The settings in a fix are the framework's, all together."""
    cls, settings = class_and_settings(example, side)
    told = {}
    for name, text in SETTING.findall(re.sub(r"[\w.]+\([^=()]*(=[^=()]*)+\)", "", fix)):
        if name not in OF_CALLS:
            assert name in arguments_of(cls), fix
            told[name] = text
    for name, text in told.items():
        settings[name] = eval(text)
    cls(**settings)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_layer_takes_what_the_fix_of_a_setting_says(kind):
    """Whatever value the other side has, each side's fix can be followed there."""
    for example, side in product(examples_of(kind), SIDES):
        own = at_work(kind, example, built(example, side), side)
        for option in settings_of(example, kind, side):
            for value in values_of(option, OTHER[side]):
                wanted = with_value(kind, example, option, OTHER[side], value)
                if wanted is None:
                    continue
                fix = fix_of_option(option, side, {side: own, OTHER[side]: wanted})

                assert fix, (example.name, option.name, value)
                assert_can_be_told(fix, example, side)


FUNCTIONS = {
    "torch": torch,
    "model": torch.nn.Module,
    "numpy": np,
    "nn": torch.nn,
    "F": torch.nn.functional,
    "keras": keras,
    "ops": keras.ops,
    "softmax": keras.ops.softmax,
    "gelu": keras.activations.gelu,
    "pad_sequence": torch.nn.utils.rnn.pad_sequence,
    "pad_sequences": keras.utils.pad_sequences,
}
# What a text may name that is no class of the kinds: of optimizers and losses.
ELSEWHERE = {"reduction", "eps", "epsilon", "correction", "lr", "mask_zero", "dim"}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_the_fix_of_a_mistake_names_what_is_there(mistake):
    for side in SIDES:
        texts = [mistake.torch if side == "torch" else mistake.keras]
        if mistake.meant is not None:
            texts.append(mistake.meant[side])
        known = known_to(mistake, side)
        for text in texts:
            for function in re.findall(r"\b([A-Za-z_]\w*(?:\.\w+)+|[A-Z]\w+)\(", text):
                assert is_there(function, side), text
            for name, _ in SETTING.findall(text):
                called = re.search(rf"\w\([^)]*\b{name}=", text)
                assert called or name in known or name in ELSEWHERE, (side, text)


def known_to(mistake, side):
    """The arguments of the classes that a mistake can happen to, and of their calls."""
    known = {"training"}
    for name in mistake.kinds:
        kind = BY_TORCH_NAME.get(name)
        if kind is None or not kind.examples or not kind.examples[0].keras:
            continue
        cls, _ = class_and_settings(kind.examples[0], side)
        known |= arguments_of(cls)
        call = cls.forward if side == "torch" else cls.call
        known |= set(inspect.signature(call).parameters)
    return known


def is_there(function, side):
    """Whether a dotted name, or a class of layers, can be found."""
    first, *others = function.split(".")
    found = FUNCTIONS.get(first, getattr(HOMES[side], first, None))
    if found is None:  # such as x.permute: a tensor's
        return bool(others) and hasattr(torch.Tensor, others[-1])
    for name in others:
        found = getattr(found, name, None)
    return found is not None
