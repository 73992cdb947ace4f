"""Fixtures that the tests in this folder share."""

import pytest
from weight_files import (
    KERAS,
    TORCH,
    keras_model,
    named,
    save_keras,
    save_torch,
    torch_model,
)


@pytest.fixture(scope="session")
def frameworks(harness):
    return harness.in_pytorch.torch, harness.in_keras.keras


@pytest.fixture(scope="session")
def saved(frameworks, tmp_path_factory):
    """One file of each kind, random weights in all."""
    torch, keras = frameworks
    folder = tmp_path_factory.mktemp("saved")
    models = torch_model(torch), keras_model(keras)
    for ending in TORCH:
        save_torch(torch, models[0], named(folder, ending))
    for ending in KERAS:
        save_keras(models[1], named(folder, ending))
    return folder, *models
