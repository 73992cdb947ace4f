"""Twins of the families of models whose source the table of edits changes."""

import importlib.util
from functools import partial
from pathlib import Path

import normed
import numpy as np

from compare.subjects.own.building import build
from compare.subjects.own.pair import OwnPair

MODELS = Path(__file__).parents[1] / "diagnosing" / "edits" / "models"
NAMES = ("cnn", "residual", "tcn", "seq2seq", "unet")


def twins(name):
    """Twins of a model with random weights, and what they run on.

    Args:
        name: of NAMES, a file of MODELS.
    """
    spec = importlib.util.spec_from_file_location(
        f"family_{name}", MODELS / f"{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    inputs = module.inputs(np.random.default_rng(3))
    arrays = tuple(inputs) if isinstance(inputs, list) else (inputs,)
    in_keras = module.in_keras()
    in_keras(inputs)  # so that it has its weights
    models = {"torch": module.in_torch().eval(), "keras": in_keras}
    pair = OwnPair(name, models, arrays, free=False, transfer="to_keras")
    made = build(pair, []).twins
    made.load("to_keras", partial(normed.weights, seed=5))
    return made, arrays
