"""A port as ONNX, run once at other sizes than it was exported with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compare.errors import BadInput
from compare.in_pytorch import onnx_files, ports
from compare.kinds.graph import ModelPlan, TensorFacts, tensors_in
from compare.progress import say

BATCH_OF_CHECK = 3  # it is exported with another


def onnx_of(
    port: Any,
    plan: ModelPlan,
    facts: Sequence[tuple[TensorFacts, ...]],
    runs: Sequence[Sequence[np.ndarray]],
    limit: float,
) -> tuple[bytes, str]:
    """The file, and a sentence about what was checked.

    Args:
        port: with its weights.
        plan: of the model.
        facts: of what its calls return.
        runs: inputs of several sizes.
        limit: how far it may be from the port in float32.

    Raises:
        BadInput: if it cannot be exported, or computes something else.
    """
    say("writing model.onnx")
    shapes = [facts[t.call][t.output].shape for t in tensors_in(plan.inputs)]
    first = [array[:4] for array in runs[0]]
    arrays = [np.ascontiguousarray(a[:BATCH_OF_CHECK]) for a in runs[1 % len(runs)]]
    expected = ports.results(port, arrays, by_key=False)
    sizes = ", ".join(str(array.shape) for array in arrays)
    before = ", ".join(str(array.shape) for array in first)
    problem: BadInput | None = None
    for by_export in (True, False):
        try:
            content = onnx_files.exported(port, first, shapes, by_export)
            gap = onnx_files.gap(content, arrays, expected)
        except BadInput as error:
            problem = problem or error
            continue
        if gap <= limit:
            return content, (
                f"model.onnx was exported on {before} and run by onnxruntime on "
                f"{sizes}: it is within {limit:.0e} of the port in float32"
            )
        problem = problem or BadInput(
            f"--onnx: expected a file that computes what the port does on {sizes}, got "
            f"results {gap:.1e} apart; leave --onnx out"
        )
    assert problem is not None
    raise problem
