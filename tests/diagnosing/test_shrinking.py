"""The smallest case that still differs, and differs in the same way."""

from types import SimpleNamespace

import numpy as np

from compare.diagnosing.shrinking import Shrinkable, shrink
from compare.judging.result import Judgement


class Stub:
    """Twins whose values differ from three samples on, and whose shapes do below."""

    inputs = (SimpleNamespace(name="x"),)

    def compare(self, x):
        gap = 0.5 if len(x) >= 3 else np.nan
        return Judgement("different", (SimpleNamespace(verdict="different", gap=gap),))


def test_values_that_differ_do_not_become_shapes_that_do():
    def cut(batch, timesteps):
        return (np.zeros((batch, timesteps, 2), np.float32),)

    found = shrink(Shrinkable(lambda sizes, arrays: Stub(), cut, 8, 5, {}))

    assert found.arrays[0].shape == (3, 1, 2)
    assert found.gap == 0.5
