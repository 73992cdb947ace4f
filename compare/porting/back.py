"""A PyTorch module, ported: source of Keras 3, its weights, and the proof."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from compare.errors import BadInput
from compare.in_keras import saved as saved_models
from compare.in_keras.rebuilding import rebuilt
from compare.in_pytorch import ports, saved_weights
from compare.in_pytorch.runs import Input
from compare.one_line import repr_of
from compare.porting import folder, inputs, readme, running, short_numbers
from compare.porting.back_wishes import EXAMPLE, FILES, MEANINGS, WEIGHTS, BackWish
from compare.porting.contents import Port, example_of, sha256, shortened, texts
from compare.porting.judges import Judge
from compare.porting.open_sizes import with_words
from compare.porting.proof import proved
from compare.porting.reading.modules import Traced, module_plan, pruned
from compare.porting.user_file import UserModel, model_of
from compare.porting.wishes import CHECK, EVIDENCE, MODEL, README
from compare.porting.writing.activations_inside import with_activations_inside
from compare.porting.writing.keras_source import keras_source
from compare.progress import say

MAKER = "make_model"
USAGE = f"""\
from model import {MAKER}

model = {MAKER}()
model.load_weights("model.weights.h5")"""


def port_back(wish: BackWish) -> Port:
    """Write the Keras twin of a module, with its proof.

    It stays in the surroundings that `subjects.own.surroundings.at_work` makes.

    Raises:
        BadInput: if the module cannot be made or followed, the weights are not its, or
            Keras cannot have what it does; nothing is written then.
    """
    say("making the module")
    user = model_of("--model", wish.made_by, "torch")
    module = user.model
    saved_weights.load(module, wish.weights)
    module.eval()
    say("following the module")
    traced = module_plan(module, _inputs(wish, user))
    traced.check()
    plan = pruned(with_activations_inside(traced.plan))
    traced = replace(traced, plan=plan)
    say("writing the source")
    original = rebuilt(traced.plan, traced.weights)
    facts, models = with_words(original)
    source = keras_source(traced.plan, facts, models, MAKER)
    twin = getattr(running.module_of(source, MODEL), MAKER)()
    weights = _saved(original.model)
    plan = short_numbers.with_short_numbers(traced.plan)
    shown = keras_source(plan, facts, models, MAKER)
    _load(twin, weights)
    runs = _runs(traced, original.facts, user, wish.seed)
    judge = Judge(
        "PyTorch",
        "It was compared with the module itself, run by PyTorch.",
        twin,
    )
    evidence = proved(wish.weights.name, module, judge, runs, wish.seed)
    notes = traced.notes
    if shown != source and _computes_the_same(shown, twin, weights, runs[0]):
        source, notes = shown, (*notes, short_numbers.NOTE)
    given = list(map(shortened, runs[0]))
    right = ports.results(module, given)
    example = example_of(given, saved_models.results(twin, given), right)
    facts_of_readme = readme.Facts(
        source=wish.weights.name,
        version="PyTorch",
        sha256=sha256(wish.weights),
        framework="Keras",
        name=MAKER,
        usage=USAGE,
        judge=judge.reason,
        is_proved=evidence.as_expected,
        notes=notes,
        files=MEANINGS,
        by=f"twinproof {evidence.versions['compare']}",
    )
    readme_text, document = texts(facts_of_readme, judge, evidence)
    contents = {
        MODEL: source.encode(),
        WEIGHTS: weights,
        CHECK: example.script("check_keras.py.txt", MAKER),
        EXAMPLE: _hdf5(example.arrays),
        README: readme_text,
        EVIDENCE: document,
    }
    folder.write(wish.folder, contents)
    return Port(wish.folder, FILES, MAKER, "Keras", evidence, judge, notes)


def _inputs(wish: BackWish, user: UserModel) -> list[Input]:
    """What the module takes, as the command line or the user's file says it.

    None where neither does, and its first layer has to tell.
    """
    if wish.shapes:
        return [Input(shape) for shape in wish.shapes]
    shape = user.defined.get("input_shape")
    if isinstance(shape, list | tuple) and shape:
        if shape[0] != "batch" or not all(isinstance(n, int | str) for n in shape):
            raise BadInput(
                "input_shape: expected sizes such as ('batch', 'time', 40), batch "
                f"first, got {repr_of(shape)}; write it so"
            )
        return [Input(tuple(shape))]
    x = user.defined.get("x")
    if x is None:
        return []
    values = list(x) if isinstance(x, list | tuple) else [x]
    examples = []
    for value in values:
        array = np.asarray(value)
        examples.append(Input(("batch", *array.shape[1:]), example=array))
    return examples


def _runs(
    traced: Traced, facts: Any, user: UserModel, seed: int
) -> list[tuple[np.ndarray, ...]]:
    """Inputs of each run, as for a port of a saved model."""
    sizes = inputs.sizes_of(traced.plan, facts)
    return [inputs.drawn(traced.plan, facts, seed, size) for size in sizes]


def _saved(model: Any) -> bytes:
    """The weights of a Keras model, as a `.weights.h5` holds them."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / WEIGHTS
        model.save_weights(path)
        return path.read_bytes()


def _load(model: Any, weights: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / WEIGHTS
        path.write_bytes(weights)
        model.load_weights(path)


def _computes_the_same(
    source: str, twin: Any, weights: bytes, given: Sequence[np.ndarray]
) -> bool:
    """Whether a source makes a model that gives the bits of another one in float32."""
    other = getattr(running.module_of(source, MODEL), MAKER)()
    _load(other, weights)
    return short_numbers.same_bits(
        saved_models.results(twin, given), saved_models.results(other, given)
    )


def _hdf5(arrays: Any) -> bytes:
    """Arrays by name, as HDF5; no time is in it, so that it repeats."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / EXAMPLE
        with h5py.File(path, "w", track_order=False) as file:
            for name, array in arrays.items():
                file.create_dataset(name, data=array, track_times=False)
        return path.read_bytes()
