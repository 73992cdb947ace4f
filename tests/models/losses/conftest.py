"""Fixtures that the tests in this folder share."""

from importlib import import_module
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="session")
def frameworks():
    """The frameworks and both modules; torch before Keras, which brings TensorFlow."""
    return SimpleNamespace(
        torch=import_module("torch"),
        keras=import_module("keras"),
        tensorflow=import_module("tensorflow"),
        pytorch_losses=import_module("pytorch_models.losses"),
        keras_losses=import_module("keras_models.losses"),
    )
