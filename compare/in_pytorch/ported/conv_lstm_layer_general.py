"""Convolutional long short-term memory with strides, a mask and states."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from compare.in_pytorch.ported.pad_same import pad_same


class ConvLSTMLayer(nn.Module):
    """An LSTM whose products are convolutions; states are images of the same size.

        i, f, o = gate(W * x + b + U * h),    g = activation(W * x + b + U * h)
        c = f c + i g
        h = o activation(c)

    Args:
        in_channels: of x.
        out_channels: of h and of c.
        kernel_size: of both windows, by axis.
        padding: "same" where the window over x goes on beyond its edges, over zeros, or
            "valid".
        bias: whether there is a bias.
        activation: tanh in the paper.
        gate: sigmoid in the paper.
        stride: of the window over x, by axis; 1 if None.
        dilation: of the window over x, by axis; 1 if None.
        channels_last: whether channels are the last axis of x, of h and of c.

    Call:
        x: float, (batch, time, *size, in_channels), or (batch, time, in_channels,
            *size).
        states: h and c to begin with, (batch, *size, out_channels) each, channels where
            x has them; zeros if None.
        mask: bool, (batch, time), the steps that count, or (batch, time, *size), those
            that count at each place; all if None. Any other step leaves the states as
            they are and repeats the last output, at first zeros.
        returns: outputs, (batch, time, *size, out_channels), and the last h and c.

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
        stride: tuple[int, ...] | None = None,
        dilation: tuple[int, ...] | None = None,
        channels_last: bool = True,
    ):
        super().__init__()
        rows = 4 * out_channels
        self.weight_ih = nn.Parameter(torch.empty(rows, in_channels, *kernel_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, out_channels, *kernel_size))
        self.bias_ih = nn.Parameter(torch.zeros(rows)) if bias else None
        for weight in (self.weight_ih, self.weight_hh):
            nn.init.xavier_uniform_(weight)
        self.convolve = (F.conv1d, F.conv2d, F.conv3d)[len(kernel_size) - 1]
        ones = (1,) * len(kernel_size)
        self.stride = ones if stride is None else stride
        self.dilation = ones if dilation is None else dilation
        pairs = zip(kernel_size, self.dilation, strict=True)
        self.reaches = tuple((size - 1) * step + 1 for size, step in pairs)
        self.padding = padding
        self.activation = activation
        self.gate = gate
        self.channels_last = channels_last

    def step(self, from_x: torch.Tensor, h: torch.Tensor, c: torch.Tensor):
        """The next h and c, given W * x + b of a step."""
        from_h = self.convolve(h, self.weight_hh, padding="same")
        i, f, o, g = (from_x + from_h).chunk(4, dim=1)
        c = self.gate(f) * c + self.gate(i) * self.activation(g)
        return self.gate(o) * self.activation(c), c

    def forward(self, x: torch.Tensor, states=None, mask: torch.Tensor | None = None):
        """Return the outputs and the last states."""
        batch, time = x.shape[:2]
        x = self._channels_first(x.flatten(0, 1))
        if self.padding == "same":
            x = pad_same(x, self.reaches, self.stride)
        # W * x + b of all steps at once, which need not wait for each other.
        from_x = self.convolve(
            x, self.weight_ih, self.bias_ih, self.stride, dilation=self.dilation
        ).unflatten(0, (batch, time))
        output = torch.zeros_like(from_x[:, 0].chunk(4, dim=1)[0])
        h = c = output
        if states is not None:
            h, c = (self._channels_first(state) for state in states)
        outputs = []
        for number, from_x_now in enumerate(from_x.unbind(1)):
            new_h, new_c = self.step(from_x_now, h, c)
            if mask is None:
                output, h, c = new_h, new_h, new_c
            else:
                counts = mask[:, number].unsqueeze(1)  # at all channels
                while counts.ndim < h.ndim:
                    counts = counts.unsqueeze(-1)
                output = torch.where(counts, new_h, output)
                h, c = torch.where(counts, new_h, h), torch.where(counts, new_c, c)
            outputs.append(output)
        if self.channels_last:
            h, c = h.movedim(1, -1), c.movedim(1, -1)
            outputs = [output.movedim(1, -1) for output in outputs]
        return torch.stack(outputs, dim=1), (h, c)

    def _channels_first(self, x: torch.Tensor) -> torch.Tensor:
        return x.movedim(-1, 1) if self.channels_last else x
