"""Fixtures that the tests in this folder share."""

from functools import cache

import pytest


@pytest.fixture(scope="session")
def steps():
    """What a run makes of the start, step by step; each computed once."""
    from optimizer_steps import RUNS, gradients, settings, start

    @cache
    def of(run, name, defined_by, kind="usual", dtype="float64"):
        given = settings(name, kind), [start(dtype)], gradients(dtype)
        return RUNS[run](name, defined_by, *given)[0]

    return of
