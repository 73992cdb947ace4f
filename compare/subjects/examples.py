"""What a pair learns from: the study note's prices, or portfolios of real ones."""

from importlib import import_module

import numpy as np

from compare.errors import BadInput
from compare.subjects.cases import FIXED
from compare.subjects.pairs import Pair
from compare.subjects.prices import Prices
from compare.twins.task import TrainingData

NOTE_DAYS, NOTE_STEPS = 100, 7  # of the study note: all days, and those of a window
EXAMPLES, ROWS = 80, 8  # that are drawn, and rows of each image or steps of each film
IN_SAMPLE = 0.75  # share of the days that the portfolio models learn from


def training_data(pair: Pair, prices: Prices, seed: int) -> TrainingData:
    """The examples of a pair.

    Args:
        pair: sizes as the prices have assets.
        prices: make the examples of the pairs that read them.
        seed: of the note's random prices.

    Raises:
        BadInput: if the prices are too few.
    """
    if pair.prices:
        return _portfolios(prices)
    if pair.of_the_note:
        return _note(pair, seed)
    return _drawn(pair, seed)


def check_trainable(pair: Pair) -> None:
    """Raise BadInput for a specimen that cannot learn from batches of windows."""
    if pair.time_major:
        raise BadInput(
            f"train: expected a pair whose model gives one result for each window, got "
            f"{pair.file}, a specimen that mixes up batch and time; train "
            f"{pair.file.removesuffix('_as_written').replace('view', 'flatten')}"
        )
    if pair.lengths and pair.outputs[0] == "output":
        raise BadInput(
            f"train: expected a result for each sequence, got one for each step of "
            f"{pair.file}, padded steps too, which PyTorch and Keras fill differently"
        )


def _portfolios(prices: Prices) -> TrainingData:
    """Windows of 50 days, and the returns of the day after, all in float32.

    Batches of 64 as in Zhang, Zohren & Roberts 2020, arXiv:2005.13665, section 4.
    """
    x, returns = prices.examples(FIXED)
    return TrainingData(
        f"{len(prices.values):,} days of {prices.source}",
        (x,),
        returns,
        learnt=int(IN_SAMPLE * len(x)),
        epochs=10,
        batch_size=64,
    )


def _note(pair: Pair, seed: int) -> TrainingData:
    """The note's 93 windows of seven days of random features, and the price after each.

    Where a pair takes lengths, they are random as well, and the padding is zero; where
    it returns a whole sequence, its target is a sequence too.
    """
    draw = np.random.RandomState(seed)  # what np.random.seed(seed) starts
    features = draw.rand(NOTE_DAYS, pair.sizes["num_features"]).astype(np.float32)
    prices = draw.rand(NOTE_DAYS, 1).astype(np.float32)
    data = import_module("pytorch_models.stock_data")
    windows = data.StockWindows(features, prices, NOTE_STEPS)
    items = [windows[number] for number in range(len(windows))]
    x = np.stack([window for window, _ in items])  # (examples, time, features)
    target = np.stack([price for _, price in items])  # (examples, 1)
    inputs: tuple[np.ndarray, ...] = (x,)
    if pair.lengths:
        lengths = draw.randint(1, NOTE_STEPS + 1, len(x))
        x[np.arange(NOTE_STEPS) >= lengths[:, None]] = 0
        inputs = (x, lengths)
    if pair.outputs[0] == "output":
        size = (*x.shape[:2], pair.sizes["hidden_size"])
        target = draw.uniform(-0.5, 0.5, size).astype(np.float32)
    return TrainingData(
        "the note's 100 days of random prices",
        inputs,
        target,
        learnt=len(x),
        epochs=100,
        batch_size=20,
    )


def _drawn(pair: Pair, seed: int) -> TrainingData:
    """Random numbers in [0, 1): of as many features, and of what the models return."""
    draw = np.random.default_rng(seed)
    shape = (EXAMPLES, ROWS, *pair.spatial, pair.sizes["num_features"])
    x = draw.uniform(0, 1, shape).astype(np.float32)
    target = x  # of a model that writes what it reads
    if "num_outputs" in pair.sizes:
        size = (EXAMPLES, pair.sizes["num_outputs"])
        target = draw.uniform(0, 1, size).astype(np.float32)
    return TrainingData(
        "random features in [0, 1)",
        (x,),
        target,
        learnt=EXAMPLES,
        epochs=20,
        batch_size=20,
    )
