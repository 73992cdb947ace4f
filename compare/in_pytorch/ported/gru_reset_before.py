"""Gated recurrent unit with the reset gate before the product, as in the paper."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from compare.in_pytorch.ported.recurrent_layer import RecurrentLayer


class GRUResetBefore(RecurrentLayer):
    """A GRU whose reset gate acts on h, where that of `nn.GRU` acts on U h.

        r, z = gate(W x + b + U h)
        n = activation(W x + b + U (r * h))
        h = (1 - z) * n + z * h

    Keras has it as `reset_after=False`, which was the only one before version 2.1.

    Args:
        input_size: features of x.
        hidden_size: size of h.
        bias: whether there is a bias.
        activation: tanh in the paper.
        gate: sigmoid in the paper.

    Source: Cho et al. 2014, arXiv:1406.1078.
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
        self.activation = activation
        self.gate = gate

    def step(self, from_x: torch.Tensor, *states: torch.Tensor):
        """The next h."""
        (h,) = states
        x_r, x_z, x_n = from_x.chunk(3, dim=-1)
        U_r, U_z, U_n = self.weight_hh_l0.chunk(3)
        r = self.gate(x_r + F.linear(h, U_r))
        z = self.gate(x_z + F.linear(h, U_z))
        n = self.activation(x_n + F.linear(r * h, U_n))
        return ((1 - z) * n + z * h,)
