"""States of a recurrent layer that outlast a call."""

from __future__ import annotations

import torch
from torch import nn


class KeptStates(nn.Module):
    """The states of a recurrent layer between calls, as a stateful layer of Keras.

    Each call begins where the last one ended, so batches must be of one size.
    `reset_states` begins anew.
    """

    def __init__(self):
        super().__init__()
        self.states = None

    def reset_states(self):
        """Begin the next call with zeros."""
        self.states = None

    def keep(self, states):
        """Keep the states for the next call; no gradient goes through them."""
        if isinstance(states, torch.Tensor):
            self.states = states.detach()
        else:
            self.states = tuple(state.detach() for state in states)
