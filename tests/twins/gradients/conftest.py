"""Fixtures that the tests in this folder share."""

from functools import cache

import pytest
from gradient_models import MASKED, Masked, makers


@pytest.fixture(scope="session")
def masked():
    """The twins of a name, built once."""

    @cache
    def made(name):
        return Masked(makers(name), MASKED[name][2])

    return made
