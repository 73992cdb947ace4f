"""The gaps of layers and of the places between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from compare.judging.arrays import valid_steps
from compare.judging.distances import NEAR, distance
from compare.judging.explanation import listed
from compare.mistakes.anatomy import Anatomy


@dataclass(frozen=True)
class Gap:
    """How far a layer alone is from its twin.

    Args:
        size: as `distance` gives it; infinite where the shapes differ.
        timestep, unit: the first step that differs, if there are steps, and the unit
            that is farthest apart in it; counted from 1.
        refusal: what PyTorch's layer said of Keras's input.
    """

    size: float
    timestep: int | None = None
    unit: int | None = None
    refusal: str = ""

    @property
    def is_none(self) -> bool:
        """Whether the layers are the same, up to rounding in float64."""
        return self.size <= NEAR


@dataclass(frozen=True)
class Isolated:
    """Twins at work on one input in float64, as far as they can be looked into.

    Args:
        torch, keras: what each does.
        relayed: what PyTorch's does where its layers hand on what Keras's do.
        kinds: of all layers that hold arrays, as PyTorch names them.
        weights: of each side by layer, in PyTorch's layout; in the order of kinds.
        alone: by layer, in the order of computation.
        unlike: why, by layer, the arrays of one side cannot be those of the other.
        turned: recurrent layers of PyTorch that take batch and time for each other.
        trusted: by layer, how many steps can be judged, where not all can.
        called: by layer, what Keras's user calls it, where that is another name.
        from_the_end: recurrent layers that both sides let read so; Keras's is here as
            if it was given the steps in that order.
    """

    torch: Anatomy
    keras: Anatomy
    relayed: Anatomy
    kinds: Mapping[str, str]
    weights: Mapping[str, Mapping[str, Mapping[str, np.ndarray]]]
    alone: Mapping[str, Gap]
    unlike: Mapping[str, str]
    turned: Sequence[str] = ()
    trusted: Mapping[str, int] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)
    from_the_end: Sequence[str] = ()

    def name(self, layer: str, side: str) -> str:
        """What the user of a side calls a layer."""
        return self.called.get(layer, layer) if side == "keras" else layer

    @property
    def unseen(self) -> list[str]:
        """Layers that hold arrays and run in a way that cannot be looked into."""
        seen = self.torch.kinds.keys() & self.keras.kinds.keys()
        return [layer for layer in self.kinds if layer not in seen]

    def between(self, layer: str) -> float:
        """How far apart what a layer is given is, if those before hand on the same."""
        ours, theirs = self.relayed.given(layer), self.keras.given(layer)
        if ours is None or theirs is None:
            return 0
        call = self.relayed.calls.get(layer)
        if call and call.lengths is not None and len(ours) == len(theirs):
            theirs = theirs[:, : ours.shape[1]]  # what PyTorch has packed
            theirs = np.where(valid_steps(theirs, call.lengths), theirs, 0)
        return distance(ours, theirs)

    def narrowed(self) -> str:
        """What is the same alone and what is not, in words."""
        same = [name for name, gap in self.alone.items() if gap.is_none]
        said = []
        for name, gap in self.alone.items():
            if gap.refusal:
                said.append(f"layer {name} alone refuses Keras's input: {gap.refusal}")
            elif not gap.is_none:
                how = f"by {gap.size:.1e}" if np.isfinite(gap.size) else "in shape"
                what = f"layer {name} alone, fed with Keras's input, differs {how}"
                said.append(what)
        if same:
            fed = "" if said else ", fed with Keras's input,"
            verb = "are" if len(same) > 1 else "is"
            said.append(f"{listed(same)} alone{fed} {verb} the same")
        if self.unseen:
            said.append(f"{listed(self.unseen)} cannot be looked into")
        return "; ".join(said)


@dataclass(frozen=True)
class Place:
    """Where a difference begins; see `Explanation`."""

    layer: str
    timestep: int | None = None
    unit: int | None = None
    gates: tuple[str, ...] = ()
