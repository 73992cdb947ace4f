"""Fixtures that the tests in this folder share."""

import pytest


@pytest.fixture(scope="session")
def kind_layers(frameworks):
    """The module of tests/support, which imports both frameworks."""
    import kind_layers

    return kind_layers
