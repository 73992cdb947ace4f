"""What a Keras model does while it learns and not while it predicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np

from compare.in_keras.arrays import to_numpy
from compare.in_keras.internals import (
    Call,
    calls_replaced,
    every_layer,
    numbers_of,
    random_functions_replaced,
)
from compare.in_keras.layers import holders
from compare.in_keras.models import untouched
from compare.in_keras.names import Renamed, children, unnamed
from compare.in_keras.refusals import REFUSALS
from compare.in_keras.terms import watched as terms_watched
from compare.in_keras.twin import Twin
from compare.judging.training_facts import Draw, DrawKind, TrainingFacts

RATES = ("rate", "dropout")  # of dropouts, and of layers that drop out inside


def facts(twin: Twin, arrays: Sequence[np.ndarray]) -> TrainingFacts:
    """Read them from a model, which runs as it learns; it is as it was afterwards.

    Args:
        twin: in the precision in which it can run.
        arrays: one for each input.
    """
    named = _named(twin.model)
    draws, added = _running(twin, arrays, named)
    return TrainingFacts(
        draws=draws,
        statistics=_statistics(named),
        regularisers=dict(_regularisers(twin.model, named)),
        constraints=dict(_constraints(twin.model)),
        added=added,
        learnt=_learnt(twin.model),
        padding=_padding(named),
        states=_states(named),
    )


@dataclass(frozen=True)
class _Named:
    """A layer, by a name that its user knows."""

    name: str
    layer: keras.Layer


def _named(model: keras.Model | Renamed) -> list[_Named]:
    """Every layer of a model, itself included.

    A layer with a twin goes by the twin's name, and so does what it has inside.
    """
    names: dict[int, str] = {}
    for name, attribute in children(model).items():
        for layer in attribute if isinstance(attribute, list) else [attribute]:
            if isinstance(layer, keras.Layer):
                for inner in every_layer(layer):
                    names.setdefault(id(inner), name)
    return [
        _Named(names.get(id(layer), layer.name), layer)
        for layer in every_layer(unnamed(model))
    ]


# ------------------------------------------------------------------------ random draws


def _running(
    twin: Twin, arrays: Sequence[np.ndarray], named: Sequence[_Named]
) -> tuple[tuple[Draw, ...], tuple[str, ...]]:
    """What a run draws at random, in order, and the layers that add to the loss.

    Nothing of either where the model refuses to run.
    """
    draws: list[Draw] = []
    added: dict[str, None] = {}
    names = {id(entry.layer): entry.name for entry in named}
    cells = _cells_of_layers(named)
    watching = [
        (entry.layer, partial(_watched, entry, draws))
        for entry in named
        if id(entry.layer) not in cells  # the layer that has it draws for it
    ]

    def notice(layer: keras.Layer, by_itself: bool) -> bool:
        if by_itself:
            added.setdefault(names[id(layer)])
        return True

    noting = random_functions_replaced(partial(_note_function, draws))
    terms = terms_watched([entry.layer for entry in named], notice)
    results: list[list[np.ndarray]] = []
    with _left_as_it_was(twin.functional), suppress(*REFUSALS):
        with calls_replaced(watching), terms, noting:
            results.append(_results(twin, arrays))
        if not draws and not _are_of_keras(named):
            results.append(_results(twin, arrays))
    if len(results) == 2 and _differ(*results) and not _states(named):
        return (Draw("random numbers", None, ""),), tuple(added)
    return tuple(draws), tuple(added)


def _cells_of_layers(named: Sequence[_Named]) -> set[int]:
    """Identities of the cells inside recurrent layers of Keras."""
    cells: set[int] = set()
    for entry in named:
        if isinstance(entry.layer, keras.layers.RNN):
            cells |= {id(cell) for cell in _cells(entry.layer)}
    return cells


def _cells(layer: keras.layers.RNN) -> list[keras.Layer]:
    """The cells of a recurrent layer."""
    return list(getattr(layer.cell, "cells", [layer.cell]))


@contextmanager
def _left_as_it_was(model: keras.Model) -> Iterator[None]:
    """Leave all numbers of a model, and the random numbers, as they were."""
    # Not copied, unless the model writes to them.
    variables = [(variable, numbers_of(variable)) for variable in model.variables]
    try:
        with untouched():
            yield
    finally:
        for variable, value in variables:
            variable.assign(value)


def _results(twin: Twin, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What the model returns while it learns, as arrays."""
    returned = twin.functional(twin.tensors(arrays), training=True)
    return [to_numpy(result) for result in keras.tree.flatten(returned)]


def _differ(results: Sequence[np.ndarray], again: Sequence[np.ndarray]) -> bool:
    """Whether two runs on one input gave other numbers."""
    return any(
        not np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        for a, b in zip(results, again, strict=True)
    )


def _watched(entry: _Named, draws: list[Draw], call: Call) -> Call:
    """The `call` of a layer, that notes what the layer draws each time."""

    def watched(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("training") is not False:
            draws.extend(_of_layer(entry.name, entry.layer))
        return call(*args, **kwargs)

    return watched


def _of_layer(name: str, layer: keras.Layer) -> Iterator[Draw]:
    """What one of Keras's own layers draws in one call, layers inside aside."""
    if isinstance(layer, keras.layers.RNN):
        for cell in _cells(layer):
            yield from _of_cell(name, cell)
        return
    if hasattr(layer, "recurrent_dropout"):  # a cell in a cell of a user's own
        yield from _of_cell(name, layer)
        return
    if isinstance(layer, keras.layers.GaussianNoise | keras.layers.GaussianDropout):
        if getattr(layer, "stddev", 0) or getattr(layer, "rate", 0):
            yield Draw("noise", None, name)
        return
    if not hasattr(layer, "seed_generator") or not _is_of_keras(layer):
        return
    if isinstance(layer, keras.layers.MultiHeadAttention):
        return  # its dropout is a layer
    for option in RATES:
        rate = getattr(layer, option, 0)
        if isinstance(rate, int | float) and rate > 0:
            yield Draw(_kind(layer), float(rate), name)


def _are_of_keras(named: Sequence[_Named]) -> bool:
    """Whether layers run no code of a user's, which may draw where nobody watches."""
    for entry in named:
        layer = entry.layer
        if not _is_of_keras(layer) or isinstance(layer, keras.layers.Lambda):
            return False
        activation = getattr(layer, "activation", None)
        if not getattr(activation, "__module__", "keras.").startswith("keras."):
            return False
    return True


def _is_of_keras(layer: keras.Layer) -> bool:
    """Whether the class of a layer is Keras's, not one that is derived from it."""
    return type(layer).__module__.startswith("keras.")


def _of_cell(name: str, cell: keras.Layer) -> Iterator[Draw]:
    """What a recurrent layer draws for one of its cells: one mask for all steps."""
    kinds: Mapping[str, DrawKind] = {
        "dropout": "dropout of whole channels",
        "recurrent_dropout": "dropout of states",
    }
    for option, kind in kinds.items():
        rate = getattr(cell, option, 0)
        if isinstance(rate, int | float) and rate > 0:
            yield Draw(kind, float(rate), name)


def _kind(layer: keras.Layer) -> DrawKind:
    """What a dropout drops."""
    if isinstance(layer, keras.layers.AlphaDropout):
        return "alpha dropout"
    if type(layer).__name__.startswith("SpatialDropout"):
        return "dropout of whole channels"
    if 1 in (getattr(layer, "noise_shape", None) or ()):
        return "dropout of whole channels"
    return "dropout"


def _note_function(draws: list[Draw], name: str, arguments: Mapping[str, Any]) -> None:
    """Note a call of a function of `keras.random` in a user's own code."""
    if name == "dropout":
        shared = 1 in (arguments.get("noise_shape") or ())
        kind: DrawKind = "dropout of whole channels" if shared else "dropout"
        if arguments["rate"] > 0:
            draws.append(Draw(kind, float(arguments["rate"]), ""))
    elif "normal" in name:
        draws.append(Draw("noise", None, ""))
    else:
        draws.append(Draw("random numbers", None, ""))


# ------------------------------------------------------------------------------ layers


def _statistics(named: Sequence[_Named]) -> dict[str, float | None]:
    """The momentum of every batch norm; a frozen one predicts while others learn."""
    momenta: dict[str, float | None] = {}
    for entry in named:
        layer = entry.layer
        if isinstance(layer, keras.layers.BatchNormalization):
            momenta[entry.name] = layer.momentum if layer.trainable else None
    return momenta


def _regularisers(
    model: keras.Model | Renamed, named: Sequence[_Named]
) -> Iterator[tuple[str, str]]:
    """Those of weights that are learnt, and of what layers return."""
    for array, variable in _variables(model):
        if variable.regularizer is not None and variable.trainable:
            yield array, _in_words(variable.regularizer)
    for entry in named:
        regulariser = entry.layer.activity_regularizer
        if regulariser is not None:
            yield f"what {entry.name} returns", _in_words(regulariser)


def _constraints(model: keras.Model | Renamed) -> Iterator[tuple[str, str]]:
    """Those of weights that are learnt."""
    for array, variable in _variables(model):
        if variable.constraint is not None and variable.trainable:
            yield array, _in_words(variable.constraint)


def _variables(model: keras.Model | Renamed) -> Iterator[tuple[str, keras.Variable]]:
    for name, variables in holders(model).items():
        for key, variable in variables.items():
            yield f"{name}.{key}", variable


def _in_words(instance: Any) -> str:
    """The class of a regulariser or a constraint, with its numbers."""
    name = getattr(type(instance), "__name__", "")
    if name == "function":
        return instance.__name__
    try:
        config: Mapping[str, Any] = instance.get_config()
    except (AttributeError, NotImplementedError):
        return name
    numbers = []
    for value in config.values():
        if isinstance(value, int | float) and not isinstance(value, bool):
            numbers.append(f"{value:g}")
    return f"{name}({', '.join(numbers)})"


def _learnt(
    model: keras.Model | Renamed,
) -> Mapping[str, Mapping[str, np.ndarray]]:
    """1 for each number of a weight that is learnt, else 0, by layer and array."""
    trainable = {id(variable) for variable in model.trainable_variables}
    learnt: dict[str, dict[str, np.ndarray]] = {}
    for name, variables in holders(model).items():
        learnt[name] = {}
        for key, variable in variables.items():
            is_learnt = np.float32(id(variable) in trainable)
            learnt[name][key] = np.broadcast_to(is_learnt, tuple(variable.shape))
    return learnt


def _padding(named: Sequence[_Named]) -> dict[str, int]:
    """Embeddings whose row 0 is masked: layers that mask learn nothing of it."""
    rows = {}
    for entry in named:
        if isinstance(entry.layer, keras.layers.Embedding) and entry.layer.mask_zero:
            rows[entry.name] = 0
    return rows


def _states(named: Sequence[_Named]) -> tuple[str, ...]:
    """Layers that begin with the states of the call before."""
    stateful = [entry for entry in named if getattr(entry.layer, "stateful", False)]
    return tuple(dict.fromkeys(entry.name for entry in stateful))
