"""The verdict on a port: judged against the original by what runs it faithfully."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from compare.judging.cleaning import cleaned
from compare.judging.evidence import Evidence
from compare.subjects.own import run
from compare.subjects.own.pair import OwnPair, described
from compare.twins.versions import versions

# What the port is compared with: the file's own model, loaded by a Keras that means by it
# what the one meant that wrote it; or that model, rebuilt from configuration and arrays.
JudgeName = Literal["Keras 3", "tf-keras", "rebuilt in Keras 3"]

STEPS = (1, 7)  # beside those of the inputs


@dataclass(frozen=True)
class Judge:
    """What a port is compared with.

    Args:
        name: one of JudgeName.
        reason: why this one.
        model: of Keras 3, alive.
    """

    name: JudgeName
    reason: str
    model: Any


def proved(
    name: str, port: Any, judge: Judge, arrays: Sequence[np.ndarray], seed: int
) -> Evidence:
    """Run the port and what it is compared with, as the suite runs any pair.

    Args:
        name: of the pair, for people.
        port: a module of PyTorch with its weights.
        judge: what it is compared with.
        arrays: inputs, one for each.
        seed: of random weights, which are tried as well.

    Raises:
        BadInput: if nothing could be compared.
    """
    started = time.perf_counter()
    pair = OwnPair(
        name=name,
        models={"torch": port, "keras": judge.model},
        arrays=tuple(arrays),
        steps=STEPS,
        seed=seed,
    )
    judged = run.run(pair)
    return Evidence(
        versions=versions(),
        inputs={"x": described(pair), "seed": seed},
        results=cleaned(list(judged.results)),
        claims=[],
        notes=cleaned(list(judged.notes)),
        seconds=time.perf_counter() - started,
    )
