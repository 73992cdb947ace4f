"""Calls for two models of one's own; what they need is loaded when they are called."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from compare.errors import BadInput
from compare.one_line import class_name

if TYPE_CHECKING:
    import keras
    import torch

    from compare.judging.evidence import Evidence
    from compare.judging.words import Side
    from compare.matching.moves import Move
    from compare.porting.contents import Port


def check(
    torch_model: torch.nn.Module,
    keras_model: keras.Model,
    x: object,
    transfer: str | None = None,
    *,
    names: Mapping[str, str | Sequence[str]] | None = None,
    ignore: Sequence[str] | None = None,
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
        x: what both models are called on, (batch, ...): an array or tensor; a list, or
            a dictionary by the inputs' names, where there are several. Floats, integers
            for embeddings, or booleans. Axis 1 is taken for time where there are three
            axes, or two of integers.
        transfer: None to compare the weights that they have; "to_keras" or "to_torch"
            to compare after a transfer; "random" for random weights alone, transferred
            in both directions. Random weights are compared after the others as well:
            they show what a bias of zero hides.
        names: {PyTorch layer: Keras layer}, several in a list for a stack, where order,
            kind and sizes leave it open: {"encoder.rnn": "lstm"}.
        ignore: layers and parameters for which no twin is looked for, such as
            ["crf.transitions"]. What has no part in the results is found without it.
        seed: of the random weights.

    Returns:
        The evidence: `verdict` is "same", "same in float32" where a model cannot be
        copied into float64, "ill-conditioned", "one refuses", "both refuse" or
        "different"; `explain()` says why as text, `to_json()` all of it.

    Raises:
        BadInput: if x, names or seed cannot be used, a layer has no twin, both models
            refuse x, or one has no weights yet or returns something that is not a
            tensor.
    """
    started = time.perf_counter()
    from compare import loading, session

    loading.load_harness()
    from compare.in_keras.forked import check_eager, check_not_forked
    from compare.judging.evidence import Evidence
    from compare.matching.names import checked_names
    from compare.subjects.own.arrays import named_arrays
    from compare.subjects.own.pair import (
        OwnPair,
        check_seed,
        check_transfer,
        checked_ignore,
        described,
    )
    from compare.twins.settings import relied_on
    from compare.twins.versions import versions

    check_not_forked("check")
    check_eager("check")
    check_transfer("transfer", transfer)
    check_seed(seed)
    table = checked_names("names", names)
    _check_live("torch", torch_model, "torch.nn.Module")
    _check_live("keras", keras_model, "keras.Model")
    with relied_on():
        arrays, input_names = named_arrays(x)
    pair = OwnPair(
        name=class_name(torch_model),
        models={"torch": torch_model, "keras": keras_model},
        arrays=arrays,
        names=input_names,
        transfer=transfer,
        table=table,
        ignore=checked_ignore("ignore", ignore),
        seed=seed,
    )
    judged = session.judge_own(pair)
    return Evidence(
        versions=versions(),
        inputs={"x": described(pair), "seed": seed},
        results=judged.results,
        claims=[],
        notes=judged.notes,
        seconds=time.perf_counter() - started,
    )


def _check_live(side: Side, model: object, expected: str) -> None:
    """Raise BadInput unless this is a usable model of the side's framework."""
    from compare.matching.legacy import check_not_legacy
    from compare.subjects.own.models import is_live
    from compare.twins.frameworks import MODELS

    if is_live(side, model):
        MODELS[side].check_usable(model)
        return
    check_not_legacy(f"{side}_model", model)
    raise BadInput(
        f"{side}_model: expected a live {expected}, got {class_name(model)}; give "
        "PyTorch's model first and Keras's model second, both made"
    )


def assert_same(
    torch_model: torch.nn.Module,
    keras_model: keras.Model,
    x: object,
    transfer: str | None = None,
    *,
    names: Mapping[str, str | Sequence[str]] | None = None,
    ignore: Sequence[str] | None = None,
    seed: int = 0,
) -> Evidence:
    """Raise AssertionError, with the report, unless two live models are the same.

    Arguments and what is returned are those of `check`.

    Raises:
        AssertionError: if the verdict is neither "same" nor "same in float32".
        BadInput: as `check`.
    """
    evidence = check(
        torch_model, keras_model, x, transfer, names=names, ignore=ignore, seed=seed
    )
    if not evidence.as_expected:
        raise AssertionError(evidence.explain())
    return evidence


def transfer(
    source: object,
    target: object,
    names: Mapping[str, str | Sequence[str]] | None = None,
    ignore: Sequence[str] | None = None,
) -> list[Move]:
    """Copy the weights of a live model into its twin of the other framework.

    The target takes them in its own precision: PyTorch's two LSTM biases are added in
    float64 and rounded once where the target is float32.

    Args:
        source: a `torch.nn.Module`, or a Keras model that has its weights (was built);
            of any nesting.
        target: its twin, of the other framework; changed in place.
        names: {PyTorch layer: Keras layer}, several in a list for a stack, where order
            of definition, kind and sizes do not tell, or tell wrongly.
        ignore: layers of either, or parameters of PyTorch's model, that stay as they
            are, such as ["crf.transitions"].

    Returns:
        What went where, one entry per row of the layer's table, in the source's order.

    Warns:
        UserWarning: of buffers of the user's own modules, and of what Keras's own
            layers hold and do not learn: they are constants of a model and stay.

    Raises:
        BadInput: if the two are not of one framework each, or if a layer, an array or a
            shape has no counterpart, when the message names what is left over on both
            sides; if `ignore` names what neither has; if only an order that need not be
            that of execution tells layers apart; or if the target cannot hold the
            numbers. The target is as it was.
    """
    from compare.subjects.own.pair import checked_ignore
    from compare.twins import transfer as transferring

    ignored = checked_ignore("transfer: ignore", ignore)
    return transferring.transfer(source, target, names, ignored)


def port(
    path: str,
    out: str,
    config: str | None = None,
    *,
    made_by: str | None = None,
    twin: bool = False,
    stub: bool = False,
    onnx: bool = False,
    force: bool = False,
    seed: int = 0,
) -> Port:
    """Write a saved Keras model as source of PyTorch, with its weights and the proof.

        port = compare.port("trained.h5", "ported")
        print(port.verdict)  # same

    Args:
        path: of a `.keras`, `.h5` or `.hdf5` that Keras 1, 2 or 3 saved. Nothing in it
            is run.
        out: the folder that gets `model.py`, `model.safetensors`, `check.py`, an
            example, `README.md` and `evidence.json`; made if it is not there.
        config: of the model, a JSON file as `model.to_json()` gives it, where `path`
            holds weights alone.
        made_by: a Python file with a function that makes the Keras model, which is run,
            such as "my_model.py:make"; in the place of `config`.
        twin: whether to write the model as source of Keras 3 as well.
        stub: whether to leave layers that cannot be ported for you to write: each is a
            class that says what it stands for and raises NotImplementedError. What is
            around them is compared, and `is_proved` is False.
        onnx: whether to write the port as ONNX as well, for any batch and any length;
            needs the extra onnx.
        force: whether files of an earlier port may be overwritten.
        seed: of the inputs that the port is judged on.

    Returns:
        Where the port is, the name of its class, its verdict, "same" where the port
        computes what the original computes, and the evidence of that.

    Raises:
        BadInput: if the file cannot be read, or holds what PyTorch cannot have; all of
            that at once, with the names of the layers. Nothing is written then.
    """
    from compare import port_session

    return port_session.port(path, out, config, made_by, twin, force, seed, stub, onnx)
