"""A pair file with room for code of a user's, for tests of what such code does."""

PAIR = """
import keras
import torch
from torch import nn
{top}

class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        {init}
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        {forward}
        return {result}


def in_keras():
    {in_keras}
    return keras.Sequential([keras.layers.Dense(2)])


torch_model = InPyTorch
keras_model = in_keras
input_shape = ("batch", 4)
{end}
"""
EMPTY = {"top": "", "end": "", "result": "self.head(x)"}
EMPTY |= dict.fromkeys(("init", "forward", "in_keras"), "pass")


def pair(**parts):
    return PAIR.format(**{**EMPTY, **parts})


def one_line(err):
    (line,) = err.splitlines()
    assert line.isprintable()
    return line
