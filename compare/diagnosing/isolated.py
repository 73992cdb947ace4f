"""Twins at work on one input, and how far their layers are from each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from compare.diagnosing.windows import Surroundings
from compare.judging.arrays import valid_steps
from compare.judging.distances import NEAR, distance
from compare.judging.explanation import listed
from compare.judging.words import Side
from compare.kinds import DENSE
from compare.kinds.by_hand import OWN_IN_KERAS
from compare.kinds.layer import Layer
from compare.kinds.option import Options
from compare.matching.unmatched import called
from compare.mistakes.anatomy import Anatomy
from compare.mistakes.runs import layer_of, without_runs

PART = re.compile(r"(?<![\w.])(\d+)\.(?=[a-z_])")  # an array of one of several layers


@dataclass(frozen=True)
class Gap:
    """How far PyTorch's layer alone is from its twin, both on Keras's input.

    Args:
        size: as `distance` gives it; infinite where the shapes differ.
        timestep: the first step that differs, counted from 1; None where there are no
            steps, or none differs.
        unit: the unit that is farthest apart in that step, counted from 1; None where
            none differs.
        refusal: message of PyTorch's layer, if it refuses Keras's input.
    """

    size: float
    timestep: int | None = None
    unit: int | None = None
    refusal: str = ""

    @property
    def is_rounding(self) -> bool:
        """Whether the layers are the same, up to rounding in float64."""
        return self.size <= NEAR


@dataclass(frozen=True)
class Isolated:
    """Twins at work on one input in float64, as far as they can be looked into.

    Args:
        torch: what PyTorch's twin does.
        keras: what Keras's twin does.
        relayed: what PyTorch's twin does where each layer hands on what Keras's layer
            does.
        kinds: by name, of all layers that hold arrays, as PyTorch names kinds; in the
            order in which they are computed, then those that were not seen.
        weights: arrays by side, by layer and by name, in PyTorch's layout.
        gaps: the gap of each layer alone, in the order in which they are computed.
        refusals: by layer, why the arrays of one side cannot be those of the other.
        time_major: recurrent layers of PyTorch that take batch and time for each other.
        judged_steps: by layer, how many steps can be judged, where not all can.
        keras_names: by layer, what Keras's user calls it, or each of its parts, where
            that is another name.
        from_the_end: recurrent layers that read from the end on both sides; here
            Keras's layer is given the steps in that order, as PyTorch's layer is.
        around: by convolution, what PyTorch's model does before and after it; here it
            is shown as the layer's own.
        by_hand: layers that are cells by hand in PyTorch and are read as PyTorch's.
        layers: those that hold arrays as each side has them, by side and by name.
        settings: of these, as each side's layer says them, in Keras's words.
        looped: layers of PyTorch that a loop gives one step in each run.
    """

    torch: Anatomy
    keras: Anatomy
    relayed: Anatomy
    kinds: Mapping[str, str]
    weights: Mapping[Side, Mapping[str, Mapping[str, np.ndarray]]]
    gaps: Mapping[str, Gap]
    refusals: Mapping[str, str]
    time_major: Sequence[str] = ()
    judged_steps: Mapping[str, int] = field(default_factory=dict)
    keras_names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    from_the_end: Sequence[str] = ()
    around: Mapping[str, Surroundings] = field(default_factory=dict)
    by_hand: Sequence[str] = ()
    layers: Mapping[Side, Mapping[str, Layer]] = field(default_factory=dict)
    settings: Mapping[Side, Mapping[str, Options]] = field(default_factory=dict)
    looped: Sequence[str] = ()

    def name(self, layer: str, side: Side) -> str:
        """What the user of a side, "torch" or "keras", calls a layer."""
        if side == "keras":
            keras_name = listed(
                self.keras_names.get(layer_of(layer), [layer_of(layer)])
            )
            return called(keras_name + layer.removeprefix(layer_of(layer)))
        return called(layer)

    def with_parts(self, layer: str, text: str) -> str:
        """Call the arrays of Keras's layers that are one layer here by these layers.

        Args:
            layer: of PyTorch.
            text: in which they go by number, "0.kernel, 1.kernel".
        """
        parts = self.keras_names.get(layer_of(layer), [])
        if len(parts) < 2:
            return text

        def named(number: re.Match[str]) -> str:
            place = int(number[1])
            return f"{parts[place]}." if place < len(parts) else number[0]

        return PART.sub(named, text)

    def is_by_hand(self, layer: str, side: Side) -> bool:
        """Whether a layer is a recurrent cell of the user's own on a side."""
        name = layer_of(layer)
        if side == "torch":
            return name in self.by_hand
        in_keras = self.layers.get("keras", {})
        return name in in_keras and in_keras[name].kind.endswith(OWN_IN_KERAS)

    @property
    def anatomies(self) -> dict[Side, Anatomy]:
        """What each side does, PyTorch's first."""
        return {"torch": self.torch, "keras": self.keras}

    def is_changed_by_run(self, layer: str) -> bool:
        """Whether a run itself changes what a layer holds, on either side."""
        changed = (*self.torch.changed_by_run, *self.keras.changed_by_run)
        return layer_of(layer) in map(layer_of, changed)

    @property
    def unseen(self) -> list[str]:
        """Layers that hold arrays and run in a way that cannot be looked into."""
        seen_on_both = self.torch.kinds.keys() & self.keras.kinds.keys()
        return [layer for layer in self.kinds if layer not in seen_on_both]

    def input_gap(self, layer: str) -> float:
        """How far apart a layer's inputs are, if the layers before hand on the same.

        In parts of the largest value, as `distance` gives it; 0 where the input was not
        seen on both sides.
        """
        torch_input, keras_input = (
            self.relayed.input_of(layer),
            self.keras.input_of(layer),
        )
        if torch_input is None or keras_input is None:
            return 0
        call = self.relayed.recurrent_calls.get(layer)
        lengths = None if call is None else call.lengths
        if lengths is not None and len(torch_input) == len(keras_input):
            keras_input = _packed(keras_input, torch_input.shape[1], lengths)
        masked = self._masked_by_keras(layer, torch_input)
        return _gap_of_valid(torch_input, keras_input, masked)

    def result_gap(self) -> float:
        """How far apart the results are, if all layers hand on the same.

        In parts of the largest value, as `distance` gives it; infinite where a twin
        refused. Steps that Keras masks are left out, as in `input_gap`.
        """
        torch_result, keras_result = self.relayed.result, self.keras.result
        if torch_result is None or keras_result is None:
            return np.inf
        masked = None
        if keras_result.ndim == 3:  # (batch, time, features)
            masked = self._masked_before_end(keras_result)
        return _gap_of_valid(torch_result, keras_result, masked)

    def _masked_by_keras(self, layer: str, x: np.ndarray) -> np.ndarray | None:
        """The steps of a layer's input that Keras masks, whatever there is in them.

        `Masking` puts zeros there, for one. What a layer makes of them is for those to
        judge that look at padding.

        Args:
            layer: recurrent, or one that takes each step by itself.
            x: its input, (batch, time, features).

        Returns:
            (batch, time), True where a step is masked; None where none is, or the layer
            reads several steps.
        """
        if x.ndim != 3:
            return None
        calls = self.keras.recurrent_calls
        if layer in calls:
            lengths = calls[layer].lengths
            if lengths is None:
                return None
            return np.arange(x.shape[1]) >= lengths[:, None]
        if self.kinds.get(layer) not in DENSE:
            return None
        return self._masked_before_end(x)

    def _masked_before_end(self, x: np.ndarray) -> np.ndarray | None:
        """The steps that Keras's recurrent layers mask in a sequence.

        Args:
            x: (batch, time, features).

        Returns:
            (batch, time), True where a step is masked; None where no layer masks any in
            a sequence of this size.
        """
        for name, call in self.keras.recurrent_calls.items():
            if call.lengths is None or call.x.shape[:2] != x.shape[:2]:
                continue
            masked = np.arange(x.shape[1]) >= call.lengths[:, None]
            if name in self.keras.orders:  # where each step was
                in_order = np.zeros_like(masked)
                np.put_along_axis(in_order, self.keras.orders[name], masked, axis=1)
                return in_order
            return masked
        return None

    def in_words(self) -> str:
        """Which layers are the same alone and which are not, in words."""
        sentences = []
        for layer, gap in self.gaps.items():
            name = f"layer {layer}" if layer else called(layer)
            if gap.refusal:
                sentences.append(f"{name} alone refuses Keras's input: {gap.refusal}")
            elif not gap.is_rounding:
                amount = "in shape" if np.isinf(gap.size) else f"by {gap.size:.1e}"
                sentences.append(
                    f"{name} alone, fed with Keras's input, differs {amount}"
                )
        same = [layer for layer, gap in self.gaps.items() if gap.is_rounding]
        same = [called(layer) for layer in without_runs(same, self.gaps)]
        if same:
            verb = "are" if len(same) > 1 else "is"
            # An earlier sentence has told what the layers are fed with.
            source = "" if sentences else ", fed with Keras's input,"
            sentences.append(f"{listed(same)} alone{source} {verb} the same")
        if self.unseen:
            unseen = listed([called(layer) for layer in self.unseen])
            sentences.append(f"{unseen} cannot be looked into")
        return "; ".join(sentences)


def _gap_of_valid(
    torch: np.ndarray, keras: np.ndarray, masked: np.ndarray | None
) -> float:
    """How far apart two arrays are at the steps that are not masked.

    Args:
        torch: (batch, time, features), or anything where nothing is masked.
        keras: as torch.
        masked: (batch, time), True where a step is masked; None where none is.
    """
    if masked is not None and torch.shape == keras.shape:
        torch = np.where(masked[..., None], 0, torch)
        keras = np.where(masked[..., None], 0, keras)
    return distance(torch, keras)


def _packed(x: np.ndarray, time: int, lengths: np.ndarray) -> np.ndarray:
    """A padded input as it is once PyTorch has packed it.

    Args:
        x: (batch, time, features).
        time: of the longest sequence; later steps are cut off.
        lengths: (batch,); steps beyond them become 0.
    """
    x = x[:, :time]  # (batch, longest, features)
    return np.where(valid_steps(x, lengths), x, 0)


@dataclass(frozen=True)
class Place:
    """Where a difference begins; see `Explanation` for the fields."""

    layer: str
    timestep: int | None = None
    unit: int | None = None
    gates: tuple[str, ...] = ()
