"""Fixtures that the tests in this folder share."""

from functools import cache

import pytest


@pytest.fixture(scope="session")
def masked():
    """The twins of a name, built once."""
    from gradient_models import MASKED, Masked, makers

    @cache
    def made(name):
        return Masked(makers(name), MASKED[name][2])

    return made
