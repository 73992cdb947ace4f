"""What is taken of the final states of a recurrent layer of several parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from compare.kinds.mistake import RecurrentOutput

ENDS = "the end of each direction"
BACKWARD_FIRST = "the end of each direction, backward first"
VIEWED = "the states with samples mixed by a view"
FORWARD_TWICE = "two copies of the forward direction's end"
BACKWARD_TWICE = "two copies of the backward direction's end"
OF_FIRST_LAYER = "the states of the first layer"
LAST_OF_DIRECTIONS_FIRST = (
    "the last of h_n viewed as (directions, layers, batch, size), where it is (layers, "
    "directions, ...)"
)
FIRST_OF_DIRECTIONS_FIRST = LAST_OF_DIRECTIONS_FIRST.replace("last", "first")


def _states_mixed(s: RecurrentOutput) -> np.ndarray | None:
    """The states one after another, cut into rows for the samples: (batch, ...)."""
    if s.states is None or len(s.states) < 2:
        return None
    return s.states.reshape(len(s.output), -1)


def _ends(s: RecurrentOutput) -> np.ndarray | None:
    """Where each direction ends, side by side: (batch, 2 * size)."""
    if s.h is None or s.output.shape[2] != 2 * s.h.shape[-1] or s.states is None:
        return None
    return np.concatenate(s.states[-2:], axis=1)


def _ends_backward_first(s: RecurrentOutput) -> np.ndarray | None:
    """The same in the other order."""
    if s.states is None or _ends(s) is None:
        return None
    return np.concatenate(s.states[-2:][::-1], axis=1)


def _forward_twice(s: RecurrentOutput) -> np.ndarray | None:
    """Where the forward direction ends, in the place of both."""
    if s.states is None or _ends(s) is None:
        return None
    return np.concatenate([s.states[-2]] * 2, axis=1)


def _backward_twice(s: RecurrentOutput) -> np.ndarray | None:
    """Where the backward direction ends, in the place of both."""
    if s.states is None or _ends(s) is None:
        return None
    return np.concatenate([s.states[-1]] * 2, axis=1)


def _first_states(s: RecurrentOutput) -> np.ndarray | None:
    """The final states of the first layer of a stack, of each direction."""
    if s.states is None or s.h is None:
        return None
    directions = s.output.shape[2] // s.h.shape[-1]
    if len(s.states) <= directions:
        return None
    return np.concatenate(s.states[:directions], axis=1)


def _directions_first(s: RecurrentOutput, layer: int) -> np.ndarray | None:
    """The states of a layer of a stack, (batch, 2 size), as a wrong view has them.

    Args:
        s: of a stack of layers of two directions.
        layer: its place, such as -1.
    """
    if s.states is None or s.h is None or len(s.states) < 4:
        return None
    if s.output.shape[2] != 2 * s.h.shape[-1]:
        return None
    directions = np.split(s.states, 2)  # of which each is taken for a direction
    return np.concatenate([states[layer] for states in directions], axis=1)


def _last_of_directions_first(s: RecurrentOutput) -> np.ndarray | None:
    """What is taken for the last layer's states."""
    return _directions_first(s, -1)


def _first_of_directions_first(s: RecurrentOutput) -> np.ndarray | None:
    """What is taken for the first layer's states."""
    return _directions_first(s, 0)


OF_STATES: Mapping[str, Callable[[RecurrentOutput], np.ndarray | None]] = {
    ENDS: _ends,
    BACKWARD_FIRST: _ends_backward_first,
    OF_FIRST_LAYER: _first_states,
    VIEWED: _states_mixed,
    FORWARD_TWICE: _forward_twice,
    BACKWARD_TWICE: _backward_twice,
    LAST_OF_DIRECTIONS_FIRST: _last_of_directions_first,
    FIRST_OF_DIRECTIONS_FIRST: _first_of_directions_first,
}
# How each is written in either framework.
STATES_WRITTEN = {
    ENDS: (
        "torch.cat([h_n[-2], h_n[-1]], dim=1)",
        "Bidirectional with return_sequences=False",
    ),
    BACKWARD_FIRST: (
        "torch.cat([h_n[-1], h_n[-2]], dim=1)",
        "ops.concatenate([backward, forward], axis=1)",
    ),
    OF_FIRST_LAYER: ("h_n[0]", "h of the first layer"),
    VIEWED: ("h_n.reshape(batch, -1)",) * 2,
    LAST_OF_DIRECTIONS_FIRST: (
        "h_n.view(2, num_layers, batch, size)[:, -1]",
        "the backward states of both layers",
    ),
    FIRST_OF_DIRECTIONS_FIRST: (
        "h_n.view(2, num_layers, batch, size)[:, 0]",
        "the forward states of both layers",
    ),
    FORWARD_TWICE: (
        "torch.cat([h_n[-2], h_n[-2]], dim=1)",
        "ops.concatenate([forward, forward], axis=1)",
    ),
    BACKWARD_TWICE: (
        "torch.cat([h_n[-1], h_n[-1]], dim=1)",
        "ops.concatenate([backward, backward], axis=1)",
    ),
}
