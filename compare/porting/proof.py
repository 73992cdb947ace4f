"""The verdict on a port: judged against the original by what runs it faithfully."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from compare.errors import BadInput
from compare.judging.cleaning import cleaned
from compare.judging.evidence import Evidence
from compare.judging.result import Result
from compare.porting import kept_states, reference
from compare.porting.judges import Judge
from compare.progress import say
from compare.subjects.own import run
from compare.subjects.own.notes import INSIDE
from compare.subjects.own.pair import OwnPair, described
from compare.twins.versions import versions

STEPS = (1, 7)  # beside those of the inputs


def proved(
    name: str,
    port: Any,
    judge: Judge,
    runs: Sequence[tuple[np.ndarray, ...]],
    seed: int,
    packs: bool = False,
    names: tuple[str, ...] | None = None,
    free: bool = True,
    *,
    pictured: bool = False,
    known: Mapping[str, str] | None = None,
) -> Evidence:
    """Run the port and what it is compared with, as the suite runs any pair.

    Args:
        name: of the pair, for people.
        port: a module of PyTorch with its weights.
        judge: what it is compared with.
        runs: inputs of each run, one array for each; of other sizes after the first.
        seed: of random weights, which are tried as well.
        packs: whether the port brings the steps that count to the front, so that its
            layers have them elsewhere than Keras has.
        names: of the inputs, where the original takes a dictionary.
        free: whether shorter sequences may be cut out of the inputs; not where what
            stubs return is one of them, which may have another length.
        pictured: whether a page draws the first run.
        known: the layer of Keras that is the twin of a layer of the port, by name.

    Raises:
        BadInput: if nothing could be compared.
    """
    started = time.perf_counter()
    pairs = [
        OwnPair(
            name=name,
            models={"torch": port, "keras": judge.model},
            arrays=arrays,
            names=names,
            steps=STEPS,
            free=free,
            seed=seed,
            known=known or {},
            probed=number == 0,  # what a pass is worth, the first run tells
            layout_given=True,
            pictured=pictured and number == 0,
        )
        for number, arrays in enumerate(runs)
    ]
    results: list[Result] = []
    notes: list[str] = []
    taken: list[Sequence[np.ndarray]] = []
    for number, pair in enumerate(pairs):
        say(f"comparing the port with the original on {described(pair)}")
        try:
            with kept_states.forgetting(port, judge.model):
                judged = run.run(pair)
        except BadInput as error:
            if number == 0:
                raise
            notes.append(f"not run on {described(pair)}: {error}")
            continue
        taken.append(pair.arrays)
        if number == 0:
            results += judged.results
            notes += [n for n in judged.notes if not (packs and n.startswith(INSIDE))]
            if not judged.twins.only32:  # the reference computes in float64
                held = reference.held(judged.twins, judged.pair.arrays)
                notes.append(held.sentence())
        else:  # nor what was not exercised: the first inputs are the largest
            results += [replace(result, unexercised=None) for result in judged.results]
    in_turn = kept_states.over_calls(name, port, judge.model, taken, results[0].length)
    if in_turn is not None:
        results += in_turn.results
        notes.append(in_turn.note)
    return Evidence(
        versions=versions(),
        inputs={"x": "; ".join(map(described, pairs)), "seed": seed},
        results=cleaned(results),
        claims=[],
        notes=cleaned([*dict.fromkeys(notes)]),
        seconds=time.perf_counter() - started,
    )
