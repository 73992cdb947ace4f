"""Simple recurrent network with any activation."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from compare.in_pytorch.ported.recurrent_layer import RecurrentLayer


class RNNLayer(RecurrentLayer):
    """`nn.RNN` with another activation: h = activation(W x + b + U h).

    Args:
        input_size: features of x.
        hidden_size: size of h.
        bias: whether there is a bias.
        activation: in the place of the tanh.

    Source: Elman 1990, doi:10.1207/s15516709cog1402_1.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        activation=torch.tanh,
    ):
        super().__init__(input_size, hidden_size, 1, 1, bias)
        self.activation = activation

    def step(self, from_x: torch.Tensor, *states: torch.Tensor):
        """The next h."""
        (h,) = states
        return (self.activation(from_x + F.linear(h, self.weight_hh_l0)),)
