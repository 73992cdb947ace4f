"""Fixtures that the tests in this folder share."""

import pytest


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """One file of each kind, random weights in all."""
    from weight_files import (
        KERAS,
        TORCH,
        keras_model,
        named,
        save_keras,
        save_torch,
        torch_model,
    )

    folder = tmp_path_factory.mktemp("saved")
    models = torch_model(), keras_model()
    for ending in TORCH:
        save_torch(models[0], named(folder, ending))
    for ending in KERAS:
        save_keras(models[1], named(folder, ending))
    return folder, *models
