"""A saved model of Keras as a plan and its weights."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from compare import apart, foreign
from compare.errors import BadInput
from compare.kinds.graph import ModelPlan, Weights
from compare.listing import bounded
from compare.one_line import printable
from compare.porting.reading import setting_values
from compare.porting.reading.findings import Config, Findings, data_format, generation
from compare.porting.reading.inputs import with_inputs
from compare.porting.reading.json_files import config_of
from compare.porting.reading.loadable import is_of_keras
from compare.porting.reading.models import model_plan
from compare.porting.reading.old_joins import (
    check_attention,
    check_masks_of_steps,
    with_old_joins,
)
from compare.porting.reading.weights import weights_of
from compare.twins.files import keras_config
from compare.twins.files.keras_store import LONGEST_WORD, KerasStore, whole_file

ZIP = b"PK"  # what every zip begins with

MOST_CALLS = 3000  # of layers; Keras goes through a chain of about 900 at most


@dataclass(frozen=True)
class Saved:
    """A model that was saved by Keras.

    Args:
        plan: its layers and calls, in the words of Keras 3.
        weights: arrays by the full name of their layer and by their own, in the order
            of `layer.weights` of Keras 3. The full name begins with those of the models
            that the layer is in, and with those of a wrapper around such a model.
        version: of Keras, as the file says it; "" where it does not.
        is_whole: whether the configuration is in the file too, and was read there.
        notes: what is read otherwise than it is written.
        is_loadable: whether a Keras may load the file: whether nothing in it is
            somebody's own, that would be imported or run.
        stubs: what no port can have, and is a stub in the plan: each with its name.
        built: the shapes that layers were built for, batch first, by their full names,
            where the file has them.
    """

    plan: ModelPlan
    weights: Weights
    version: str
    is_whole: bool = True
    notes: tuple[str, ...] = ()
    is_loadable: bool = True
    stubs: tuple[str, ...] = ()
    built: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)


def read(
    path: str | Path,
    config: str | Path | None = None,
    stub: bool = False,
    made_by: str = "",
) -> Saved:
    """Read a saved model; nothing in the file is run.

    Args:
        path: `.keras`, `.h5` or `.hdf5` of any Keras.
        config: a JSON file with the model's configuration, as `model.to_json` writes
            it, for a file that holds weights alone; it goes before one in the file.
        stub: whether what no port can have is read as a stub, and not refused.
        made_by: the user's file that made what `config` holds; "" where none did.

    Raises:
        BadInput: if the file is not what it says; or holds what cannot be ported, all
            of which is named.
    """
    path = Path(path)
    check_there(path)
    if config is not None:
        config = Path(config)
        foreign.check_file(config, "a JSON file")
    return apart.run(_read, path, config, stub, made_by)


def check_there(path: Path) -> None:
    """Raise BadInput unless there is a file of this name, with something in it."""
    foreign.check_file(path)
    if not os.path.getsize(path):
        raise BadInput(f"{path}: expected a file, got an empty one; save it again")


def _read(path: Path, config_path: Path | None, stub: bool, made_by: str) -> Saved:
    """A saved model, read in a process of its own; arguments as of `read`."""
    paths = [path]
    if config_path is not None:
        paths.append(config_path)
    apart.begin(str(path), apart.for_files(*paths))
    with whole_file(path):
        store = KerasStore(path, is_zip=_is_zip(path))
    config, config_source = store.config, path
    if config_path is not None:
        config, config_source = config_of(config_path), config_path
    if config is None:
        raise BadInput(
            f"{path}: expected a whole model, got weights alone, which do not say what "
            "computes with them; give --config FILE.json, as model.to_json() writes "
            "it, or --from my_model.py, which makes the model"
        )
    _check_layers(config_source, config)
    version = _version(config, store, config_path is not None)
    with whole_file(config_source):
        keras_config.check_names(config_source, config)
        words = generation(config, version)
        found = Findings(version, words, data_format(config, words))
        plan = model_plan(config, found)
        if len(plan.calls) > MOST_CALLS:
            found.problem(f"{len(plan.calls)} calls of layers, over {MOST_CALLS}")
        if not setting_values.are_right(plan, found):
            raise _refusal(path, found, made_by)
    with whole_file(path):
        saved_by = found.generation
        if store.saved_by:
            saved_by = generation({}, store.saved_by)
        weights = weights_of(store, plan, found, saved_by)
        plan = with_inputs(plan, weights, found)
    if found.generation < 3:
        check_attention(plan, found)
        check_masks_of_steps(plan, found)
        plan = with_old_joins(plan)
    if found.problems or (found.stubs and not stub):
        raise _refusal(path, found, made_by)
    return Saved(
        plan,
        weights,
        store.saved_by,
        config_path is None,
        _notes(found, store, plan),
        is_of_keras(store.config or {}),
        tuple(found.stubs),
        found.built,
    )


def _check_layers(path: Path, config: Config) -> None:
    """Raise BadInput for a model of the user's own class, whose layers nothing tells.

    Keras saves the arguments of its class, and not what it computes.
    """
    inside = config["config"]
    if isinstance(inside, dict) and "layers" not in inside:
        cls = printable(str(config["class_name"]), 60)
        raise BadInput(
            f"{path}: expected a model whose layers and calls are in the file, got one "
            f"of a class of its own, {cls}, whose code is not; give --from "
            "my_model.py, which makes it and has input_shape = ('batch', 'time', 8) or "
            "whatever it takes, or save a functional model"
        )


def _refusal(path: Path, found: Findings, made_by: str) -> BadInput:
    """The error of a file with problems."""
    advice = (
        "save the model again without them, or mend its configuration and give that "
        "with --config"
    )
    if made_by:
        advice = f"give the weights of the model that {made_by} makes, or mend that"
    return BadInput(
        f"{path}: expected a model of layers that Keras 3 has, with their weights, "
        f"got: {bounded([*found.problems, *found.stubs], '; ')}; {advice}"
    )


def _is_zip(path: Path) -> bool:
    """Whether a file is a zip, whatever its ending: old `.keras` are HDF5."""
    with open(path, "rb") as file:
        return file.read(len(ZIP)) == ZIP


def _version(config: Config, store: KerasStore, is_beside: bool) -> str:
    """The version of the Keras that wrote a configuration; "" where nothing says it.

    Args:
        config: of the model.
        store: the file with the weights.
        is_beside: whether the configuration is in a file of its own.
    """
    if not is_beside:
        return store.saved_by
    if config.get("keras_version"):
        return printable(str(config["keras_version"]), LONGEST_WORD)
    if generation(config, "") == 3:  # whose to_json does not say it
        return ""
    return store.saved_by


def _notes(found: Findings, store: KerasStore, plan: ModelPlan) -> tuple[str, ...]:
    """All that is to be said of a file that was read."""
    notes = list(found.notes)
    stateful = [*_stateful(plan)]
    if stateful:
        notes.append(
            "stateful, so that each call begins with the state of the call before it, "
            f"and the first with zeros: {bounded(stateful)}; a state that the file "
            "holds is not read"
        )
    if store.backend == "theano":
        notes.append("saved on Theano, which turns the windows of convolutions around")
    if found.in_training:
        names = bounded(dict.fromkeys(found.in_training))
        notes.append(f"regularizers and constraints act in training only: {names}")
    if found.frozen:
        names = bounded(dict.fromkeys(found.frozen))
        notes.append(f"not to be trained any further: {names}")
    return tuple(notes)


def _stateful(plan: ModelPlan, prefix: str = "") -> Iterator[str]:
    """The full names of the layers that keep their state from call to call."""
    for name, layer in plan.layers.items():
        inside = list(layer.inside)
        models = [part.model for part in (layer, *inside) if part.model is not None]
        if any(part.config.get("stateful") for part in (layer, *inside)):
            yield f"{prefix}{name}"
        for model in models:
            yield from _stateful(model, f"{prefix}{name}.")
