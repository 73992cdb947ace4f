"""What the tests of the diagnosis share."""

import pytest


@pytest.fixture
def layers_alone(monkeypatch):
    """A diagnosis that looks into layers and between them, and at no operation."""

    def as_before(twins, arrays, before, proofs, cures):
        return before

    path = "compare.diagnosing.diagnosis.explained_by_operations"
    monkeypatch.setattr(path, as_before)
