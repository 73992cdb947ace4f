"""Fixtures that the tests in this folder share."""

from functools import cache
from importlib import import_module
from types import SimpleNamespace

import pytest
from optimizer_steps import RUNS, gradients, settings, start


@pytest.fixture(scope="session")
def made(harness):
    """Both frameworks, and what is written in each as the other defines it."""
    return SimpleNamespace(
        torch=import_module("torch"),
        keras=import_module("keras"),
        tensorflow=import_module("tensorflow"),
        settled=harness.in_keras.settled,
        in_torch=import_module("pytorch_models.optimizers"),
        in_keras=import_module("keras_models.optimizers"),
    )


@pytest.fixture(scope="session")
def steps(made):
    """What a run makes of the start, step by step; each computed once."""

    @cache
    def of(run, name, defined_by, kind="usual", dtype="float64"):
        given = settings(name, kind), [start(dtype)], gradients(dtype)
        return RUNS[run](made, name, defined_by, *given)[0]

    return of
