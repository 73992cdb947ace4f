"""A saved Keras model, ported: source of PyTorch, its weights, and the proof."""

from __future__ import annotations

from collections.abc import Mapping

from safetensors.numpy import save as save_arrays

from compare.errors import BadInput
from compare.porting import folder, inputs, kept_states, readme, short_numbers
from compare.porting.contents import (
    Port,
    class_name,
    example_of,
    sha256,
    shortened,
    texts,
    verdict_of_port,
)
from compare.porting.judges import Judge, judge_of
from compare.porting.known_twins import known_twins
from compare.porting.proof import proved
from compare.porting.rounding import limit_of
from compare.porting.sizes import fitting
from compare.porting.wishes import (
    CHECK,
    EVIDENCE,
    EXAMPLE,
    MEANINGS,
    MODEL,
    ONNX,
    README,
    TWIN,
    WEIGHTS,
    Wish,
)
from compare.porting.writing.keras_source import keras_source
from compare.progress import say

OF_STUBS = (
    "It was compared with the model rebuilt in Keras 3 from the configuration and the "
    "arrays, both opened at the stubs, where no file is run."
)
USAGE = """\
from model import {name}
from safetensors.torch import load_file

model = {name}()
model.load_state_dict(load_file("model.safetensors"))
model.eval()"""


def port(wish: Wish) -> Port:
    """Write a port, with its proof; loads both frameworks.

    Raises:
        BadInput: if PyTorch cannot have a layer, or Keras cannot make one.
    """
    # Here, since they load the frameworks.
    from compare.in_keras import saved as saved_models
    from compare.porting.onnx_port import onnx_of
    from compare.porting.written import written

    saved, names = wish.saved, wish.files
    say("writing the source")
    name = class_name(wish.path.name)
    try:
        work = written(saved, name, wish.stub)
        source, original, module = work.source, work.original, work.port
        plan = work.compared
        usual = inputs.sizes_of(plan, original.facts)
        sizes = fitting(plan, original, inputs.with_slices(plan, usual))
    except BadInput as error:
        raise BadInput(f"{wish.path}: {error}") from None
    runs = [inputs.drawn(plan, original.facts, wish.seed, size) for size in sizes]
    judge = Judge("rebuilt in Keras 3", OF_STUBS, original.model)
    compared: list[str] = []
    if work.stubs is None:
        judge = judge_of(wish.path, saved, original.model, runs)
    else:
        compared = [end.words() for end in work.stubs.outputs]
    packs = "pack_padded_sequence" in source.text
    names_of_inputs = tuple(plan.inputs) if isinstance(plan.inputs, Mapping) else None
    evidence = proved(
        wish.path.name,
        module,
        judge,
        runs,
        wish.seed,
        packs,
        names_of_inputs,
        pictured=wish.pictured,
        known=known_twins(plan, source.moves),
    )
    notes = tuple(dict.fromkeys((*saved.notes, *source.notes, *work.notes)))
    text = work.text(runs[0])
    if text != source.text:
        notes = (*notes, short_numbers.NOTE)
    keeps_states = kept_states.begin_anew(module, judge.model)
    given = list(runs[0]) if keeps_states else list(map(shortened, runs[0]))
    try:
        right = saved_models.results(judge.model, given)
    except BadInput as error:
        raise BadInput(f"{wish.path}: {error}") from None
    limit = limit_of(evidence, judge.model, given)
    verdict = verdict_of_port(evidence, judge)
    is_same = evidence.as_expected and judge.is_confirmed
    doubt = "" if is_same else verdict
    example = example_of(given, right, work.names, limit, doubt)
    extra: dict[str, bytes] = {}
    if wish.onnx:
        extra[ONNX], note = onnx_of(module, plan, original.facts, runs, example.limit)
        notes = (*notes, note)
    facts_of_readme = readme.Facts(
        source=wish.path.name,
        version=saved.version and f"Keras {saved.version}",
        sha256=sha256(wish.path),
        framework="PyTorch",
        name=name,
        usage=USAGE.format(name=name),
        judge=judge.reason,
        verdict=verdict,
        is_proved=is_same and not source.stubs,
        notes=notes,
        files={file: MEANINGS[file] for file in names},
        by=f"twinproof {evidence.versions['compare']}",
        stubs=work.stub_names,
        compared=compared,
    )
    readme_text, document = texts(facts_of_readme, judge, evidence)
    contents = {
        MODEL: text.encode(),
        WEIGHTS: save_arrays(dict(work.arrays)),
        CHECK: example.script(work.script, name, work.words),
        EXAMPLE: save_arrays(dict(example.arrays)),
        README: readme_text,
        EVIDENCE: document,
        **extra,
    }
    if wish.twin:
        plan, facts = short_numbers.with_short_numbers(work.plan), work.facts
        twin = keras_source(plan, facts.calls, facts.models, weights=saved.weights)
        contents[TWIN] = twin.encode()
    folder.write(wish.folder, {file: contents[file] for file in names})
    return Port(
        wish.folder, names, name, "PyTorch", evidence, judge, notes, work.stub_names
    )
