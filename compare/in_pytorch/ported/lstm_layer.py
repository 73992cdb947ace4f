"""Long short-term memory with any activations."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from compare.in_pytorch.ported.recurrent_layer import RecurrentLayer


class LSTMLayer(RecurrentLayer):
    """`nn.LSTM` with other activations.

        i, f, o = gate(W x + b + U h),    g = activation(W x + b + U h)
        c = f * c + i * g
        h = o * activation(c)

    Args:
        input_size: features of x.
        hidden_size: size of h and of c.
        bias: whether there is a bias.
        activation: in the place of the tanh.
        gate: in the place of the sigmoid.

    Source: Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; forget gate,
        Gers et al. 2000, doi:10.1162/089976600300015015.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        activation=torch.tanh,
        gate=torch.sigmoid,
    ):
        super().__init__(input_size, hidden_size, 4, 2, bias)
        self.activation = activation
        self.gate = gate

    def step(self, from_x: torch.Tensor, *states: torch.Tensor):
        """The next h and c."""
        h, c = states
        from_h = F.linear(h, self.weight_hh_l0)
        i, f, g, o = (from_x + from_h).chunk(4, dim=-1)
        c = self.gate(f) * c + self.gate(i) * self.activation(g)
        return self.gate(o) * self.activation(c), c
