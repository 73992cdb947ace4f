"""A recurrent layer of PyTorch over sequences with padding, from any states."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def run_masked(layer: nn.RNNBase, x: torch.Tensor, mask: torch.Tensor, states=None):
    """Run a recurrent layer over the steps that count alone.

    Any other step leaves the states as they are and repeats the last output, at first
    zeros. The steps that count are brought to the front and packed.

    Args:
        layer: with batch_first.
        x: float, (batch, time, features).
        mask: bool, (batch, time), the steps that count.
        states: where to begin, as the layer takes them.

    Returns:
        What the layer does: outputs, (batch, time, ...), and the last states.
    """
    order = mask.logical_not().long().argsort(dim=1, stable=True)
    x = x.gather(1, order.unsqueeze(-1).expand_as(x))
    lengths = mask.sum(dim=1)
    # A sequence without a step that counts has one here; what comes of it is put right.
    packed = pack_padded_sequence(
        x, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False
    )
    h, ended = layer(packed, states)
    h, _ = pad_packed_sequence(h, batch_first=True)
    place = mask.cumsum(dim=1).unsqueeze(-1) - 1  # of the last step that counted
    h = h.gather(1, place.clamp(min=0).expand(-1, -1, h.shape[-1]))
    h = h.masked_fill(place < 0, 0)
    if isinstance(ended, torch.Tensor):
        return h, _unless_empty(lengths, ended, states)
    begun = states or (None, None)
    pairs = zip(ended, begun, strict=True)
    return h, tuple(_unless_empty(lengths, *pair) for pair in pairs)


def _unless_empty(
    lengths: torch.Tensor, ended: torch.Tensor, begun: torch.Tensor | None
) -> torch.Tensor:
    """The last states, or where a sequence has no step that counts, the first."""
    if begun is None:
        begun = torch.zeros_like(ended)
    return torch.where(lengths[:, None] > 0, ended, begun)
