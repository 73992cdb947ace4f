"""A recurrent layer written out, for cells that PyTorch has no layer for."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class RecurrentLayer(nn.Module):
    """A layer that takes a sequence step by step; a subclass says what a step does.

    It is called as `nn.LSTM` or `nn.GRU` with batch_first, and names its parameters as
    they do; there is one bias, where PyTorch adds two.

    Args:
        input_size: features of x.
        hidden_size: size of each state.
        blocks: how many blocks of hidden_size rows a weight has, one for each gate.
        num_states: how many states there are.
        bias: whether there is a bias.

    Call:
        x: float, (batch, time, input_size).
        states: where to begin, (1, batch, hidden_size) each; zeros if None.
        mask: bool, (batch, time), the steps that count; all if None. Any other step
            leaves the states as they are and repeats the last output, at first zeros.
        returns: outputs, (batch, time, hidden_size), and the states after the last
            step: a tuple of them, or the only one.
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
        rows = blocks * hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(rows)) if bias else None
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(hidden_size**-0.5), hidden_size**-0.5)

    def step(self, from_x: torch.Tensor, *states: torch.Tensor):
        """What follows the states, given W x + b of a step; the first is the output."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor, states=None, mask: torch.Tensor | None = None):
        """Return the outputs and the last states."""
        # W x + b of all steps at once, which need not wait for each other.
        from_x = F.linear(x, self.weight_ih_l0, self.bias_ih_l0)
        h = x.new_zeros(len(x), self.hidden_size)
        if states is None:
            states = (h,) * self.num_states
        elif self.num_states == 1:
            states = (states[0],)
        else:
            states = tuple(state[0] for state in states)
        outputs = []
        for number, from_x_now in enumerate(from_x.unbind(1)):
            following = self.step(from_x_now, *states)
            if mask is None:
                h, states = following[0], following
            else:
                counts = mask[:, number, None]
                h = torch.where(counts, following[0], h)
                pairs = zip(following, states, strict=True)
                states = tuple(torch.where(counts, *pair) for pair in pairs)
            outputs.append(h)
        states = tuple(state.unsqueeze(0) for state in states)
        return torch.stack(outputs, dim=1), states if len(states) > 1 else states[0]
