"""One call for two models of one's own; loads the frameworks when it is called."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from compare.errors import BadInput

if TYPE_CHECKING:
    import keras
    import torch

    from compare.judging.evidence import Evidence


def check(
    torch_model: torch.nn.Module,
    keras_model: keras.Model,
    x: object,
    transfer: str | None = None,
    *,
    names: Mapping[str, str | Sequence[str]] | None = None,
    seed: int = 0,
) -> Evidence:
    """Whether two live models compute the same function.

    Copies in float32 and in float64 are judged; the models stay as they are.

        evidence = compare.check(torch_model, keras_model, x)
        print(evidence.verdict)  # same
        print(evidence.explain())

    Args:
        torch_model: of any nesting.
        keras_model: Sequential, functional or subclassed; one of the last kind has to
            be called once before, so that it has its weights.
        x: what both are given, (batch, ...): an array or tensor; a list, or a
            dictionary by the inputs' names, where there are several. Floats, integers
            for embeddings, or booleans. Axis 1 is taken for time where there are three
            axes, or two of integers.
        transfer: None to compare the weights that they have; "to_keras" or "to_torch"
            to compare after a transfer; "random" for random weights alone, transferred
            in both directions. Random weights are compared behind the others as well:
            they show what a bias of zero hides.
        names: of PyTorch's layers, and of their twins in Keras, where order, kind and
            sizes leave it open: {"encoder.rnn": "lstm"}; of several for a stack.
        seed: of the random weights.

    Returns:
        The evidence: `verdict` is "same", "same in float32" where a model cannot be
        copied into float64, "ill-conditioned", "one refuses", "both refuse" or
        "different"; `explain()` says why as text, `to_json()` all of it.

    Raises:
        BadInput: if x, names or seed is none, a layer has no twin, both models refuse,
            one returns what is no tensor, or has no weights yet.
    """
    started = time.perf_counter()
    from compare import session as running

    running.load_harness()
    from compare.judging.evidence import Evidence
    from compare.matching.names import checked_names
    from compare.subjects.own import models as live
    from compare.subjects.own.arrays import named_arrays
    from compare.subjects.own.pair import OwnPair, check_seed, check_transfer, described
    from compare.twins.versions import versions

    check_transfer("transfer", transfer)
    check_seed(seed)
    table = checked_names("names", names)
    for side, model, kind in (
        ("torch", torch_model, "torch.nn.Module"),
        ("keras", keras_model, "keras.Model"),
    ):
        if not live.is_live(side, model):
            cls = model.__name__ if isinstance(model, type) else type(model).__name__
            raise BadInput(
                f"{side}_model: expected a live {kind}, got {cls}; give PyTorch's "
                "model first and Keras's second, both made"
            )
    arrays, input_names = named_arrays(x)
    pair = OwnPair(
        name=type(torch_model).__name__,
        models={"torch": torch_model, "keras": keras_model},
        arrays=arrays,
        names=input_names,
        transfer=transfer,
        table=table,
        seed=seed,
    )
    notes = []
    results = running.own_results(pair, notes)
    return Evidence(
        versions=versions(),
        inputs=dict(x=described(pair), seed=seed),
        results=results,
        claims=[],
        notes=notes,
        seconds=time.perf_counter() - started,
    )


def assert_same(
    torch_model: torch.nn.Module,
    keras_model: keras.Model,
    x: object,
    transfer: str | None = None,
    *,
    names: Mapping[str, str | Sequence[str]] | None = None,
    seed: int = 0,
) -> Evidence:
    """As `check`; raises AssertionError with the report where they are not the same.

    Arguments and what is returned are those of `check`.

    Raises:
        AssertionError: if the verdict is neither "same" nor "same in float32".
        BadInput: as `check`.
    """
    evidence = check(torch_model, keras_model, x, transfer, names=names, seed=seed)
    if not evidence.as_expected:
        raise AssertionError(evidence.explain())
    return evidence
