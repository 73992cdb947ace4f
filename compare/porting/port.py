"""A saved Keras model, ported: source of PyTorch, its weights, and the proof."""

from __future__ import annotations

from safetensors.numpy import save as save_arrays

from compare.porting import folder, inputs, kept_states, readme, running
from compare.porting.contents import (
    Port,
    class_name,
    example_of,
    sha256,
    shortened,
    texts,
)
from compare.porting.judges import judge_of
from compare.porting.moving import state_of
from compare.porting.proof import proved
from compare.porting.sizes import fitting
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
    from compare.in_keras.rebuilding import rebuilt
    from compare.in_pytorch import ports

    saved, names = wish.saved, wish.files
    say("writing the source")
    name = class_name(wish.path.name)
    original = rebuilt(saved.plan, saved.weights)
    sizes = inputs.sizes_of(saved.plan, original.facts)
    sizes = fitting(saved.plan, original, sizes)
    facts = Facts(original.facts, original.models)
    source = pytorch_source(saved.plan, facts, saved.weights, name)
    module = getattr(running.module_of(source.text, MODEL), name)()
    ports.load(module, state_of(module, source.moves))
    runs = [inputs.drawn(saved.plan, original.facts, wish.seed, s) for s in sizes]
    judge = judge_of(wish.path, saved, original.model, runs)
    packs = "pack_padded_sequence" in source.text
    evidence = proved(wish.path.name, module, judge, runs, wish.seed, packs)
    notes = tuple(dict.fromkeys((*saved.notes, *source.notes)))
    keeps_states = kept_states.begin_anew(module, judge.model)
    given = list(runs[0]) if keeps_states else list(map(shortened, runs[0]))
    right = saved_models.results(judge.model, given)
    example = example_of(given, ports.results(module, given), right)
    facts_of_readme = readme.Facts(
        source=wish.path.name,
        version=saved.version and f"Keras {saved.version}",
        sha256=sha256(wish.path),
        framework="PyTorch",
        name=name,
        usage=USAGE.format(name=name),
        judge=judge.reason,
        is_proved=evidence.as_expected and judge.is_confirmed,
        notes=notes,
        files={file: MEANINGS[file] for file in names},
        by=f"twinproof {evidence.versions['compare']}",
    )
    readme_text, document = texts(facts_of_readme, judge, evidence)
    contents = {
        MODEL: source.text.encode(),
        WEIGHTS: save_arrays(ports.arrays_of(module)),
        CHECK: example.script("check.py.txt", name),
        EXAMPLE: save_arrays(dict(example.arrays)),
        README: readme_text,
        EVIDENCE: document,
    }
    if wish.twin:
        twin = keras_source(saved.plan, original.facts, original.models)
        contents[TWIN] = twin.encode()
    folder.write(wish.folder, {file: contents[file] for file in names})
    return Port(wish.folder, names, name, "PyTorch", evidence, judge, notes)
