"""Gated recurrent unit with any activations."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from compare.in_pytorch.ported.recurrent_layer import RecurrentLayer


class GRULayer(RecurrentLayer):
    """`nn.GRU` with other activations.

        r, z = gate(W x + b + U h + b')
        n = activation(W x + b + r * (U h + b'))
        h = (1 - z) * n + z * h

    Args:
        input_size: features of x.
        hidden_size: size of h.
        bias: whether there are biases, b and b'.
        activation: in the place of the tanh.
        gate: in the place of the sigmoid.

    Source: Cho et al. 2014, arXiv:1406.1078, with the reset gate after the product.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        activation=torch.tanh,
        gate=torch.sigmoid,
    ):
        super().__init__(input_size, hidden_size, 3, 1, bias)
        self.bias_hh_l0 = nn.Parameter(torch.zeros(3 * hidden_size)) if bias else None
        self.activation = activation
        self.gate = gate

    def step(self, from_x: torch.Tensor, *states: torch.Tensor):
        """The next h."""
        (h,) = states
        x_r, x_z, x_n = from_x.chunk(3, dim=-1)
        from_h = F.linear(h, self.weight_hh_l0, self.bias_hh_l0)
        h_r, h_z, h_n = from_h.chunk(3, dim=-1)
        r = self.gate(x_r + h_r)
        z = self.gate(x_z + h_z)
        n = self.activation(x_n + r * h_n)
        return ((1 - z) * n + z * h,)
