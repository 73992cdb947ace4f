"""Attention as a function is the same in float64, whatever hides or adds to scores."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from traced_twins import assert_same_twin, drawn

from compare.in_pytorch.functions import RightInDouble
from compare.in_pytorch.runs import Input
from compare.porting.reading.modules import module_plan


class Attention(nn.Module):
    """Attention of two heads of 6, whose scale float32 rounds."""

    def __init__(self, mask=None, **settings):
        super().__init__()
        self.mask, self.settings = mask, settings
        self.qkv = nn.Linear(5, 36)
        self.out = nn.Linear(12, 3)

    def forward(self, x):
        batch, time, _ = x.shape
        parts = self.qkv(x).view(batch, time, 3, 2, 6).permute(2, 0, 3, 1, 4)
        mask = None if self.mask is None else self.mask(x)
        attended = functional.scaled_dot_product_attention(
            *parts.unbind(0), attn_mask=mask, **self.settings
        )
        return self.out(attended.transpose(1, 2).reshape(batch, time, 12))


def hidden_samples(x):
    """A mask of steps that hides all of them in some samples."""
    return ((x[..., 0] > 0) & (x[:, :1, 1] > 0))[:, None, None, :]


def distances(x):
    """Numbers that are added to scores, by how far apart two steps are."""
    steps = torch.arange(x.shape[1])
    return -(steps[None] - steps[:, None]).abs() * 0.25


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"is_causal": True},
        {"scale": 0.3},
        {"mask": hidden_samples},
        {"mask": distances},
        {"mask": lambda x: torch.tanh(x[..., 0])[:, None, None, :]},
    ],
    ids=["plain", "causal", "scale", "hidden samples", "distances", "added"],
)
def test_attention_is_the_same_in_float64(settings):
    assert_same_twin(Attention(**settings), Input(("batch", "time", 5)))


def test_dropout_that_acts_in_evaluation_is_refused():
    traced = module_plan(drawn(Attention(dropout_p=0.5)), [Input(("batch", "time", 5))])

    assert "drops when the module evaluates too" in traced.stubs[0].sentence


def test_attention_reads_added_numbers_of_float32_right_in_float64():
    q, k, v = torch.randn(3, 2, 2, 50, 6, dtype=torch.float64)
    added = torch.randn(50, 50)
    attention = functional.scaled_dot_product_attention
    right = attention(q, k, v, attn_mask=added.double())

    with RightInDouble():
        result = attention(q, k, v, attn_mask=added)

    torch.testing.assert_close(result, right, rtol=0, atol=0)
