"""A saved Keras model, ported: source of PyTorch, its weights, and the proof."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as save_arrays

import compare
from compare.judging.evidence import Evidence
from compare.kinds.source import identifier
from compare.porting import folder, inputs, readme, running
from compare.porting.judges import Judge, judge_of
from compare.porting.moving import state_of
from compare.porting.proof import proved
from compare.porting.sizes import check_sizes
from compare.porting.wishes import (
    CHECK,
    EVIDENCE,
    EXAMPLE,
    MEANINGS,
    MODEL,
    README,
    TWIN,
    WEIGHTS,
    Wish,
)
from compare.porting.writing.keras_source import keras_source
from compare.porting.writing.pytorch_source import Facts, pytorch_source
from compare.progress import say

SAMPLES_OF_EXAMPLE = 4
LEAST_LIMIT = 1e-5  # of the example, which runs on other machines in float32


@dataclass(frozen=True)
class Port:
    """A port, as it was written.

    Args:
        folder: that holds it.
        files: their names.
        class_name: of the module in `model.py`.
        evidence: of the comparison with the original.
        judge: what it was compared with.
        notes: what was read or written otherwise than it stands in the file.
    """

    folder: Path
    files: tuple[str, ...]
    class_name: str
    evidence: Evidence
    judge: Judge
    notes: tuple[str, ...]

    @property
    def is_proved(self) -> bool:
        """Whether the port computes what the original computes."""
        return self.evidence.as_expected and self.judge.is_confirmed


def port(wish: Wish) -> Port:
    """Write a port, with its proof; loads both frameworks.

    Raises:
        BadInput: if PyTorch cannot have a layer, or Keras cannot make one.
    """
    # Here, since they load the frameworks.
    from compare.in_keras.rebuilding import rebuilt
    from compare.in_pytorch import ports

    saved, names = wish.saved, wish.files
    say("writing the source")
    name = class_name(wish.path.name)
    original = rebuilt(saved.plan, saved.weights)
    sizes = inputs.sizes_of(saved.plan, original.facts)
    check_sizes(saved.plan, original, sizes)
    facts = Facts(original.facts, original.models)
    source = pytorch_source(saved.plan, facts, saved.weights, name)
    module = getattr(running.module_of(source.text, MODEL), name)()
    ports.load(module, state_of(module, source.moves))
    runs = [inputs.drawn(saved.plan, original.facts, wish.seed, s) for s in sizes]
    judge = judge_of(wish.path, saved, original.model, runs)
    evidence = proved(wish.path.name, module, judge, runs, wish.seed)
    notes = tuple(dict.fromkeys((*saved.notes, *source.notes)))
    contents = {
        MODEL: source.text.encode(),
        WEIGHTS: save_arrays(ports.arrays_of(module)),
        **_example(name, module, judge, runs[0]),
    }
    if wish.twin:
        twin = keras_source(saved.plan, original.facts, original.models)
        contents[TWIN] = twin.encode()
    facts_of_readme = readme.Facts(
        source=wish.path.name,
        version=saved.version,
        sha256=hashlib.sha256(wish.path.read_bytes()).hexdigest(),
        class_name=name,
        judge=judge.reason,
        is_proved=evidence.as_expected and judge.is_confirmed,
        notes=notes,
        files={file: MEANINGS[file] for file in names},
        by=f"twinproof {compare.__version__}",
    )
    contents[README] = readme.text(facts_of_readme, evidence).encode()
    contents[EVIDENCE] = _document(facts_of_readme, judge, evidence).encode()
    folder.write(wish.folder, {file: contents[file] for file in names})
    return Port(wish.folder, names, name, evidence, judge, notes)


def class_name(file: str) -> str:
    """The name of a port's class, after the file: my-model.h5 becomes MyModel."""
    stem = file
    for ending in (".weights.h5", ".keras", ".hdf5", ".h5"):
        if stem.lower().endswith(ending):
            stem = stem[: -len(ending)]
            break
    words = identifier(stem).split("_")
    return "".join(word[:1].upper() + word[1:] for word in words if word)


def _example(
    name: str, module: Any, judge: Judge, arrays: Sequence[np.ndarray]
) -> dict[str, bytes]:
    """A few samples with what the original makes of them, and a script that runs it."""
    from compare.in_keras import saved
    from compare.in_pytorch import ports

    given = [_shortened(array) for array in arrays]
    right = saved.results(judge.model, given)
    results = ports.results(module, given)
    gap = 0.0
    for result, expected in zip(results, right, strict=True):
        scale = max(float(np.abs(expected).max()), 1e-30)
        gap = max(gap, float(np.abs(result - expected).max()) / scale)
    limit = max(LEAST_LIMIT, float(f"{10 * gap:.0e}"))
    held = {f"input{number:03}": array for number, array in enumerate(given)}
    held |= {f"result{number:03}": array for number, array in enumerate(right)}
    text = resources.files("compare.porting") / "data" / "check.py.txt"
    script = text.read_text("utf-8").replace("CLASS", name)
    script = script.replace("LIMIT_OF_FLOAT32", f"{limit:.0e}")
    return {CHECK: script.encode(), EXAMPLE: save_arrays(held)}


def _shortened(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array[:SAMPLES_OF_EXAMPLE])


def _document(facts: readme.Facts, judge: Judge, evidence: Evidence) -> str:
    """The evidence as JSON, with what it is of, and without a time: it repeats."""
    document = json.loads(evidence.to_json())
    del document["summary"]["seconds"]
    document["port"] = {
        "source": facts.source,
        "sha256": facts.sha256,
        "keras_version": facts.version,
        "class": facts.class_name,
        "judge": judge.name,
        "reason": judge.reason,
        "notes": list(facts.notes),
    }
    return json.dumps(document, indent=1) + "\n"
