"""What tests of models that write things out themselves run on, and ask of them."""

import numpy as np
import torch
from torch import nn

RNG = np.random.default_rng(7)
SERIES = RNG.standard_normal((3, 5, 4)).astype("float32")
IMAGES = RNG.standard_normal((3, 2, 6, 6)).astype("float32")


def numbers(parameter):
    return parameter.detach().numpy()


def explained(evidence):
    """The proved explanation of a difference."""
    assert evidence.verdict == "different"
    explanations = [
        result.explanation for result in evidence.results if result.explanation
    ]
    assert explanations[-1].explained, explanations[-1].sentence
    return explanations[-1]


def randomised(module):
    torch.manual_seed(3)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module.eval()
