"""Which stages and which steps of twins are compared; loads both frameworks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from compare.in_pytorch.padding import leaves_out_padding
from compare.judging.arrays import Input, sequence
from compare.judging.arrays import valid_steps as steps_within
from compare.judging.four import Four
from compare.judging.words import Precision, Side
from compare.twins import packing
from compare.twins.stages import (
    Stages,
    StagesOfAll,
    four_of,
    lengths_of,
    with_valid_steps,
)
from compare.twins.stages import has_time as stage_has_time

ALL_STEPS = np.ones(1, bool)


class Named(Protocol):
    """What is read of `Twins`: its inputs, its outputs and its time axis."""

    @property
    def inputs(self) -> Sequence[Input]:
        """What the models take."""
        ...

    @property
    def outputs(self) -> Sequence[str]:
        """Names of what they return."""
        ...

    @property
    def time_axis(self) -> int:
        """Axis of the first input that is time."""
        ...

    @property
    def alike(self) -> bool:
        """Whether stages inside the models are to have one shape."""
        ...


class CountedSteps:
    """Tells which stages and which steps of twins are compared.

    Args:
        twins: that run.
        of_side: each of them; what it packed or masked in its last run is read.
    """

    def __init__(
        self, twins: Named, of_side: Mapping[Side, Mapping[Precision, Any]]
    ) -> None:
        self._twins, self._of_side = twins, of_side
        self._leaves_out_padding: bool | None = None  # asked for where it matters

    def fours(
        self, stages: StagesOfAll, arrays: Sequence[np.ndarray]
    ) -> tuple[dict[str, Four], list[str]]:
        """The stages that are compared, and the names of those that have time.

        Args:
            stages: that the twins made of these arrays, of both sides and precisions.
            arrays: one for each of the inputs.
        """
        torch, keras = stages["torch", "float64"], stages["keras", "float64"]
        fours = {}
        for name in self.common_stages(torch, keras):
            is_result = name in self._twins.outputs
            has_one_shape = torch[name].shape == keras[name].shape
            if self._twins.alike or is_result or has_one_shape:
                fours[name] = four_of(name, stages)
        timed = self.with_time(fours, torch, arrays)
        valid = self.valid_steps(timed, arrays)
        for name in timed:
            if name in valid:
                fours[name] = with_valid_steps(fours[name], valid[name])
        return fours, timed

    def common_stages(self, torch: Stages, keras: Stages) -> list[str]:
        """The stages that both sides have and that can be compared."""
        packed = self._of_side["torch"]["float32"].packed
        masks = self._of_side["keras"]["float32"].masks
        return packing.common_stages(torch, keras, packed, masks)

    def has_time(
        self, stage: str, shape: tuple[int, ...], arrays: Sequence[np.ndarray]
    ) -> bool:
        """Whether a stage is (batch, time, units)."""
        return stage_has_time(
            stage, shape, arrays, self._twins.time_axis, self._twins.outputs
        )

    def with_time(
        self, names: Iterable[str], stages: Stages, arrays: Sequence[np.ndarray]
    ) -> list[str]:
        """Those of some stages that are (batch, time, units), in order."""
        return [
            name for name in names if self.has_time(name, stages[name].shape, arrays)
        ]

    def valid_steps(
        self, timed: Sequence[str], arrays: Sequence[np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Which steps count, (batch, time), of stages where not all do."""
        x, lengths = sequence(arrays), lengths_of(self._twins.inputs, arrays)
        if x is not None and lengths is not None:
            return dict.fromkeys(timed, steps_within(x, lengths)[..., 0])
        inside = [name for name in timed if name not in self._twins.outputs]
        packed = self._of_side["torch"]["float32"].packed
        masks = self._of_side["keras"]["float32"].masks
        valid = packing.valid_by_stage(inside, x, packed, masks)
        padded = [
            name for name in self._twins.outputs if not valid.get(name, ALL_STEPS).all()
        ]
        if padded and not self.leave_out_padding(arrays):
            for name in padded:
                del valid[name]
        return valid

    def leave_out_padding(self, arrays: Sequence[np.ndarray]) -> bool:
        """Whether PyTorch's model leaves padded steps out, as Keras's masks do.

        Where it does, nobody reads what the models return at padded steps. Where it
        does not, that is what Keras's mask was ported to.

        Args:
            arrays: one for each of the inputs.
        """
        if self._leaves_out_padding is None:
            twin = self._of_side["torch"]["float32"]
            self._leaves_out_padding = leaves_out_padding(twin, arrays)
        return self._leaves_out_padding

    def valid_steps_of_results(
        self, arrays: Sequence[np.ndarray], targets: Sequence[np.ndarray]
    ) -> list[np.ndarray | None]:
        """For each target, which steps count, (batch, time, 1); None where all do."""
        lengths = lengths_of(self._twins.inputs, arrays)
        valid: list[np.ndarray | None] = []
        for name, target in zip(self._twins.outputs, targets, strict=False):
            if lengths is not None and self.has_time(name, target.shape, arrays):
                valid.append(steps_within(arrays[0], lengths))
            else:
                valid.append(None)
        return valid
