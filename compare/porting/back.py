"""A PyTorch module, ported: source of Keras 3, its weights, and the proof."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from compare.errors import BadInput
from compare.in_pytorch import ports, saved_weights
from compare.in_pytorch.runs import Input
from compare.one_line import repr_of
from compare.porting import folder, readme, short_numbers
from compare.porting.back_wishes import EXAMPLE, FILES, MEANINGS, WEIGHTS, BackWish
from compare.porting.contents import Port, example_of, sha256, shortened, texts
from compare.porting.judges import Judge
from compare.porting.proof import proved
from compare.porting.reading.modules import module_plan, pruned
from compare.porting.rounding import limit_of
from compare.porting.user_file import UserModel, model_of
from compare.porting.wishes import CHECK, EVIDENCE, MODEL, README
from compare.porting.writing.activations_inside import with_activations_inside
from compare.porting.written_back import MAKER, written_back
from compare.progress import say

OF_MODULE = "It was compared with the module itself, run by PyTorch."
OF_STUBS = (
    "It was compared with the module itself, run by PyTorch, both opened at the stubs."
)
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
    traced = module_plan(module, _inputs(wish, user), wish.stub)
    if not wish.stub:
        traced.check()
    plan = pruned(with_activations_inside(traced.plan))
    traced = replace(traced, plan=plan)
    say("writing the source")
    work = written_back(traced, module, wish.seed)
    reason = OF_STUBS if work.stub_names else OF_MODULE
    judge = Judge("PyTorch", reason, work.twin)
    evidence = proved(
        wish.weights.name,
        work.module,
        judge,
        work.runs,
        wish.seed,
        free=work.is_cut,
        pictured=wish.pictured,
    )
    notes = traced.notes
    source = work.text()
    if source != work.source:
        notes = (*notes, short_numbers.NOTE)
    given = list(work.runs[0])
    if work.has_batch:
        given = list(map(shortened, given))
    right = ports.results(work.module, given)
    limit = limit_of(evidence, work.twin, given)
    doubt = "" if evidence.as_expected else evidence.verdict
    example = example_of(given, right, work.names, limit, doubt)
    facts = readme.Facts(
        source=wish.weights.name,
        version="PyTorch",
        sha256=sha256(wish.weights),
        framework="Keras",
        name=MAKER,
        usage=USAGE,
        judge=judge.reason,
        verdict=evidence.verdict,
        is_proved=evidence.as_expected and not work.stub_names,
        notes=notes,
        files=MEANINGS,
        by=f"twinproof {evidence.versions['compare']}",
        stubs=work.stub_names,
        compared=work.compared,
        in_the_place="what PyTorch computes",
    )
    readme_text, document = texts(facts, judge, evidence)
    contents = {
        MODEL: source.encode(),
        WEIGHTS: work.weights,
        CHECK: example.script(work.script, MAKER, work.words),
        EXAMPLE: _hdf5(example.arrays),
        README: readme_text,
        EVIDENCE: document,
    }
    folder.write(wish.folder, contents)
    return Port(
        wish.folder,
        FILES,
        MAKER,
        "Keras",
        evidence,
        judge,
        notes,
        work.stub_names,
    )


def _inputs(wish: BackWish, user: UserModel) -> list[Input]:
    """What the module takes, as the command line or the user's file says it.

    None where neither does, and its first layer has to tell.
    """
    if wish.shapes:
        return [Input(shape) for shape in wish.shapes]
    shape = user.defined.get("input_shape")
    if isinstance(shape, list | tuple) and shape:
        are_sizes = all(isinstance(n, int | str) for n in shape)
        if "batch" not in shape[:2] or not are_sizes:
            raise BadInput(
                "input_shape: expected sizes such as ('batch', 'time', 40), or "
                "('time', 'batch', 40) where the module takes time first, got "
                f"{repr_of(shape)}; write it so"
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


def _hdf5(arrays: Any) -> bytes:
    """Arrays by name, as HDF5; no time is in it, so that it repeats."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / EXAMPLE
        with h5py.File(path, "w", track_order=False) as file:
            for name, array in arrays.items():
                file.create_dataset(name, data=array, track_times=False)
        return path.read_bytes()
