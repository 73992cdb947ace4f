"""A recurrent layer written out, which may be given a mask and states."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class RecurrentLayer(nn.Module):
    """A layer that takes a sequence step by step; a subclass says what a step does.

    It names its parameters as `nn.LSTM` does, and has one bias, where that adds two.

    Args:
        input_size: features of x.
        hidden_size: size of each state.
        blocks: how many blocks of hidden_size rows a weight has, one for each gate.
        num_states: how many states there are.
        bias: whether there is a bias.

    Call:
        x: float, (batch, time, input_size).
        states: where to begin, (batch, hidden_size) each; zeros if None.
        mask: bool, (batch, time), the steps that count; all if None. Any other step
            leaves the states as they are and repeats the last output, at first zeros.
        returns: outputs, (batch, time, hidden_size), and a tuple of the states after
            the last step.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        blocks: int,
        num_states: int,
        bias: bool = True,
    ):
        super().__init__()
        self.hidden_size = hidden_size
        self.num_states = num_states
        rows, scale = blocks * hidden_size, hidden_size**-0.5
        self.weight_ih_l0 = nn.Parameter(scale * torch.randn(rows, input_size))
        self.weight_hh_l0 = nn.Parameter(scale * torch.randn(rows, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.zeros(rows)) if bias else None

    def step(self, from_x: torch.Tensor, *states: torch.Tensor):
        """The next states, the output first, given W x + b of a step and the states."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor, states=None, mask: torch.Tensor | None = None):
        """Return the outputs and the last states."""
        # W x + b of all steps at once, which need not wait for each other.
        from_x = F.linear(x, self.weight_ih_l0, self.bias_ih_l0)
        zeros = x.new_zeros(len(x), self.hidden_size)
        if states is None:
            states = (zeros,) * self.num_states
        output, outputs = zeros, []
        for number, from_x_now in enumerate(from_x.unbind(1)):
            after = self.step(from_x_now, *states)
            if mask is None:
                output, states = after[0], after
            else:
                counts = mask[:, number, None]
                output = torch.where(counts, after[0], output)
                pairs = zip(after, states, strict=True)
                states = tuple(torch.where(counts, *pair) for pair in pairs)
            outputs.append(output)
        return torch.stack(outputs, dim=1), states
