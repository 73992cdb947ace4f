"""Fixtures that the tests in this folder share."""

from importlib.metadata import version
from inspect import signature

import pytest

from compare.kinds import BY_NAME
from compare.kinds.kind import Example, Kind
from compare.kinds.option import Option

# From this version on Keras has every layer and setting that the kinds name. What an
# older one lacks is skipped; a newer one must have all.
COMPLETE = (3, 15)
FUNCTIONS = {"Threshold": "threshold"}  # kinds whose twin is a function of keras.ops


@pytest.fixture(scope="session")
def kind_layers(frameworks):
    """The module of tests/support, which imports both frameworks."""
    import kind_layers

    return kind_layers


@pytest.fixture(autouse=True)
def _in_this_version(request):
    """Skip a test of what this version of Keras does not have."""
    numbers = tuple(int(part) for part in version("keras").split(".")[:2])
    callspec = getattr(request.node, "callspec", None)
    if numbers >= COMPLETE or callspec is None:
        return
    lacking = lacking_in(request.getfixturevalue("keras"), callspec.params)
    if lacking:
        pytest.skip(f"Keras {version('keras')} has no {lacking}")


def lacking_in(keras, params):
    """The name of the first thing that the parameters of a test name in vain."""
    kind, example = params.get("kind"), params.get("example")
    if not isinstance(kind, Kind):  # a test may name it
        kind = None
    if not isinstance(example, Example):
        example = None
    configuration, option = params.get("configuration"), params.get("option")
    entry = params.get("entry")
    if configuration is not None:
        example = configuration.example
        function = FUNCTIONS.get(configuration.kind)
        if function and not hasattr(keras.ops, function):
            return function
        scored = configuration.kind in ("Attention", "AdditiveAttention")
        if scored and example.call.get("mask") == "padding":
            return "mask of values alone that fits the scores"  # it ends in an error
    classes = [example.keras] if example is not None and example.keras else []
    if kind is not None and kind.keras and example is None:
        classes = [kind.examples[0].keras] if kind.examples else []
    for name in filter(None, classes):
        if not hasattr(keras.layers, name):
            return name
    arguments = []
    if isinstance(option, Option) and option.keras:
        arguments = [option.keras]
    if entry is not None and getattr(entry, "side", "") == "keras":
        name = getattr(entry, "layer", "") or BY_NAME[entry.kind].examples[0].keras
        classes, arguments = [name], list(entry.settings)
        if not hasattr(keras.layers, name):
            return name
    for name in classes:
        known = parameters_of(getattr(keras.layers, name))
        for argument in arguments:
            if argument not in known:
                return f"{argument} of {name}"
    return ""


def parameters_of(cls):
    """The names of the arguments of a class and of those that it is derived from."""
    names = set()
    for parent in cls.__mro__:
        names |= set(signature(parent.__init__).parameters)
    return names
