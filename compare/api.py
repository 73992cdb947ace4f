"""Calls for two models of one's own; what they need is loaded when they are called."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from compare.errors import BadInput
from compare.one_line import class_name

if TYPE_CHECKING:
    import keras
    import torch

    from compare.judging.evidence import Evidence
    from compare.judging.training import TrainingEvidence
    from compare.judging.words import Side
    from compare.matching.moves import Move
    from compare.porting.contents import Port
    from compare.subjects.own.pair import OwnPair


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
    from compare.subjects.own.pair import check_transfer, described
    from compare.twins.versions import versions

    check_not_forked("check")
    check_eager("check")
    check_transfer("transfer", transfer)
    pair = _live_pair(torch_model, keras_model, x, names, ignore, seed)
    pair = replace(pair, transfer=transfer)
    judged = session.judge_own(pair)
    return Evidence(
        versions=versions(),
        inputs={"x": described(pair), "seed": seed},
        results=judged.results,
        claims=[],
        notes=judged.notes,
        seconds=time.perf_counter() - started,
    )


def _live_pair(
    torch_model: object,
    keras_model: object,
    x: object,
    names: object,
    ignore: object,
    seed: int,
) -> OwnPair:
    """Two live models and what they run on, checked; arguments as in `check`."""
    from compare.matching.names import checked_names
    from compare.subjects.own.arrays import named_arrays
    from compare.subjects.own.pair import OwnPair, check_seed, checked_ignore
    from compare.twins.settings import relied_on

    check_seed(seed)
    table = checked_names("names", names)
    _check_live("torch", torch_model, "torch.nn.Module")
    _check_live("keras", keras_model, "keras.Model")
    with relied_on():
        arrays, input_names = named_arrays(x)
    return OwnPair(
        name=class_name(torch_model),
        models={"torch": torch_model, "keras": keras_model},
        arrays=arrays,
        names=input_names,
        table=table,
        ignore=checked_ignore("ignore", ignore),
        seed=seed,
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


def train(
    torch_model: torch.nn.Module,
    keras_model: keras.Model,
    x: object,
    target: object = None,
    *,
    loss: str | None = None,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    mode: str = "aligned",
    align: Sequence[str] | None = None,
    follow: Side = "torch",
    names: Mapping[str, str | Sequence[str]] | None = None,
    ignore: Sequence[str] | None = None,
    seed: int = 0,
) -> TrainingEvidence:
    """Whether two live models learn the same, step by step.

    Copies of both begin with the weights of PyTorch's model, and learn from the same
    batches in the same order; the models stay as they are.

        evidence = compare.train(torch_model, keras_model, x, target, epochs=5)
        print(evidence.in_step)  # True
        print(evidence.explain())

    Args:
        torch_model: as in `check`; it may draw nothing at random as it learns, so its
            dropout has to be 0, and so that of its twin.
        keras_model: as in `check`.
        x: the examples, (examples, ...), as in `check`.
        target: what the loss compares the first result with, (examples, ...); labels
            are whole numbers. None to draw numbers at random.
        loss: "mean_squared_error", "cross_entropy" or "negative_sharpe_ratio"; None
            for the one that Keras's model was compiled with, or else the first.
        optimizer: "sgd", "momentum" (SGD with a momentum of 0.9), "rmsprop", "adam" or
            "adamw"; None for the one that Keras's model was compiled with, or else
            "adam".
        learning_rate: of both sides; None for each framework's default.
        epochs: how many times to go through the examples; None for 100.
        batch_size: examples of a step; a last batch that is not full is dropped. None
            for 20, or all examples where they are fewer.
        mode: "aligned" for the same algorithm on both sides; "native" for each
            framework's own, when the evidence says what makes them drift apart.
        align: in the place of `mode`, the causes of drift to remove and no others, such
            as `["biases", "epsilon"]`.
        follow: "torch" or "keras", the side whose algorithm both take where they are
            aligned.
        names: as in `check`.
        ignore: as in `check`.
        seed: of the order of the batches, and of a target that is drawn.

    Returns:
        The evidence: `in_step` tells whether the loss and every weight are the same
        after each step, `explain()` why not as text, `to_json()` all of it.

    Raises:
        BadInput: as `check`; or if the target, the loss or a setting cannot be used, a
            model draws random numbers or keeps states as it learns, or it has no copy
            in float64.
    """
    started = time.perf_counter()
    from compare import loading, training_session

    recipe = training_session.recipe(
        optimizer, learning_rate, epochs, batch_size, mode, align, follow, seed
    )
    loading.load_harness()
    from compare.in_keras.forked import check_eager, check_not_forked
    from compare.judging.losses import MEAN_SQUARED_ERROR
    from compare.subjects.own.arrays import numbers
    from compare.subjects.own.pair import check_loss
    from compare.twins.interrupting import Interruption
    from compare.twins.settings import relied_on

    check_not_forked("train")
    check_eager("train")
    if loss is not None:
        check_loss("loss", loss)
    pair = _live_pair(torch_model, keras_model, x, names, ignore, seed)
    if target is not None:
        with relied_on():
            target = numbers("target", target)
    pair = replace(
        pair,
        loss=loss or MEAN_SQUARED_ERROR,
        loss_given=loss is not None,
        target=target,
    )
    interruption = Interruption(())  # signals are the caller's
    return training_session.train(pair, recipe, started, _show_nothing, interruption)


def _show_nothing(*_: object) -> None:
    """Leave the progress of a training to its end."""


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
