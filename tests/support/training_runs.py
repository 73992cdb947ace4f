"""Training runs, watched step by step."""

import json
from collections import defaultdict

import numpy as np
import pytest
import torch

from compare.subjects.pairs import PAIRS
from compare.twins.training_run import TRAINING
from pytorch_models.stock_price import StockPricePredictor

BY_NAME = {pair.file: pair for pair in PAIRS}


PRECISIONS = ("torch32", "torch64", "keras32", "keras64")


NATIVE = frozenset()  # no cause of drift is removed


FEW_STEPS = dict(epochs=1, optimizer="sgd", learning_rate=0.1)


def silent(*_):
    pass


class Steps:
    """What every step was given and gave, by side and precision."""

    def __init__(self, patch):
        self.taken = defaultdict(list)
        for side, framework in TRAINING.items():
            patch.setattr(framework.Training, "__call__", self._noting(side, framework))

    def _noting(self, side, framework):
        right = framework.Training.__call__

        def noted(model, arrays, target):
            value, weights = right(model, arrays, target)
            self.taken[side, model.twin.dtype].append((arrays, target, weights))
            return value, weights

        return noted

    def weight(self, side, layer, name):
        """A weight in float64 after every step: (steps, ...)."""
        return np.stack([w[layer][name] for _, _, w in self.taken[side, "float64"]])


def group(name):
    """One worker makes the run that these tests look at."""
    return pytest.mark.xdist_group(name)


def strictly(text):
    """JSON without the NaN and Infinity that Python would accept."""

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def script(seed):
    """What a script has that begins with this seed, then makes the model."""
    torch.manual_seed(seed)
    return StockPricePredictor(5, 50)


def drawn_order():
    """Of the note's 93 windows, as the docstring of StockBatches says."""
    torch.empty((), dtype=torch.int64).random_()
    return list(torch.utils.data.RandomSampler(range(93)))
