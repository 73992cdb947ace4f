"""Convolutional long short-term memory, which PyTorch has no layer for."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class ConvLSTMLayer(nn.Module):
    """An LSTM whose products are convolutions; states are images of the same size.

        i, f, o = gate(W * x + b + U * h),    g = activation(W * x + b + U * h)
        c = f c + i g
        h = o activation(c)

    Args:
        in_channels: of x.
        out_channels: of h and of c, which begin with zeros.
        kernel_size: of both windows, by axis.
        padding: "same" where the window over x goes on beyond its edges, over zeros, or
            "valid".
        bias: whether there is a bias.
        activation: tanh in the paper.
        gate: sigmoid in the paper.

    Call:
        x: float, (batch, time, *size, in_channels).
        returns: outputs, (batch, time, *size, out_channels), and the last h and c,
            (batch, *size, out_channels) each.

    Source: Shi et al. 2015, arXiv:1506.04214, equation 3, without peepholes.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        padding: str = "valid",
        bias: bool = True,
        activation=torch.tanh,
        gate=torch.sigmoid,
    ):
        super().__init__()
        rows = 4 * out_channels
        self.weight_ih = nn.Parameter(torch.empty(rows, in_channels, *kernel_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, out_channels, *kernel_size))
        self.bias_ih = nn.Parameter(torch.zeros(rows)) if bias else None
        for weight in (self.weight_ih, self.weight_hh):
            nn.init.xavier_uniform_(weight)
        self.convolve = (F.conv1d, F.conv2d, F.conv3d)[len(kernel_size) - 1]
        self.padding = padding
        self.activation = activation
        self.gate = gate

    def forward(self, x: torch.Tensor):
        """Return the outputs and the last h and c."""
        # W * x + b of all steps at once, which need not wait for each other.
        images = x.flatten(0, 1).movedim(-1, 1)
        from_x = self.convolve(
            images, self.weight_ih, self.bias_ih, padding=self.padding
        ).unflatten(0, x.shape[:2])
        h = c = torch.zeros_like(from_x[:, 0].chunk(4, dim=1)[0])
        outputs = []
        for from_x_now in from_x.unbind(1):
            from_h = self.convolve(h, self.weight_hh, padding="same")
            i, f, o, g = (from_x_now + from_h).chunk(4, dim=1)
            c = self.gate(f) * c + self.gate(i) * self.activation(g)
            h = self.gate(o) * self.activation(c)
            outputs.append(h.movedim(1, -1))
        return torch.stack(outputs, dim=1), (h.movedim(1, -1), c.movedim(1, -1))
