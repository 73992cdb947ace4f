"""What cannot be ported is a stub, and the rest is written and compared around it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from old_files import drawn, layer, saved

from compare import BadInput
from compare.kinds.graph import ANY_AXES, STUB
from compare.port_session import port
from compare.porting.opening import opened
from compare.porting.reading import read
from compare.porting.stubs import inlined
from compare.porting.writing.writable import check_writable

SHAPE = {"batch_input_shape": [None, None, 3]}


def model(path: Path, *after: dict, **arrays: dict) -> Path:
    """A file with an LSTM, a layer of the user's own, and others after it."""
    layers = [
        layer("LSTM", "lstm", units=4, return_sequences=True, **SHAPE),
        layer("MyLayer", "own", size=3, note='"""\\'),
        *after,
    ]
    held = {
        "lstm": {
            "lstm/kernel": drawn(3, 16),
            "lstm/recurrent_kernel": drawn(4, 16),
            "lstm/bias": drawn(16),
        },
        "own": {"own/scores": drawn(4, 1)},
        **arrays,
    }
    return saved(path, layers, held)


def with_dense(path: Path) -> Path:
    arrays = {"dense/kernel": drawn(5, 2), "dense/bias": drawn(2)}
    return model(path, layer("Dense", "dense", units=2), dense=arrays)


def test_all_that_cannot_be_ported_is_refused_with_the_way_out(tmp_path):
    path = model(tmp_path / "m.h5", layer("Lambda", "code", function=["x"]))
    file = read(path, stub=True)

    with pytest.raises(BadInput) as error:
        check_writable(file.plan, file.weights, file.stubs)

    message = str(error.value)
    assert "own: a MyLayer" in message
    assert "code: a Lambda" in message
    assert message.endswith("--stub writes the rest")


def test_arrays_tell_the_last_axis_and_no_more(tmp_path):
    file = read(with_dense(tmp_path / "m.h5"), stub=True)
    opening = opened(inlined(file.plan), file.weights, file.built)

    (stub,) = opening.stubs
    assert stub == "own"
    assert [end.stub for end in opening.inputs] == ["", "own"]
    assert [end.stub for end in opening.outputs] == ["own", ""]
    assert opening.loose
    assert "how many axes its result has is not told" in opening.notes[0]


def test_a_layer_whose_input_nothing_tells_is_a_stub_too(tmp_path):
    path = model(tmp_path / "m.h5", layer("Flatten", "flat"))
    file = read(path, stub=True)
    opening = opened(inlined(file.plan), file.weights, file.built)

    assert opening.stubs == ("own", "flat")
    assert [end.words() for end in opening.outputs] == ["what own takes"]


def test_a_wrapper_of_a_stub_is_one(tmp_path):
    wrapped = layer("TimeDistributed", "steps", layer=layer("MyLayer", "inner"))
    plan = read(model(tmp_path / "m.h5", wrapped), stub=True).plan

    assert plan.layers["steps"].keras == STUB


@pytest.mark.parametrize("ending", [".h5"])
def test_the_rest_is_the_same_and_nothing_is_called_proved(tmp_path, ending):
    path = with_dense(tmp_path / f"model{ending}")
    out = tmp_path / "out"

    ported = port(str(path), str(out), stub=True)

    assert ported.verdict == "same up to own"
    assert ported.is_same
    assert not ported.is_proved
    text = (out / "model.py").read_text()
    assert "class OwnStub(nn.Module):" in text
    assert "self.scores = nn.Parameter(torch.empty(4, 1))" in text
    assert f"{ANY_AXES}" not in text.replace("h[:, -1]", "").replace("dim=-1", "")
    assert "(batch, ..., 2)" in text
    assert "**same up to own**" in (out / "README.md").read_text()
    run = subprocess.run(
        [sys.executable, "check.py"], cwd=out, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("the same as Keras, up to own\n")


def test_the_source_of_keras_has_the_stubs_too(tmp_path):
    out = tmp_path / "out"

    ported = port(
        str(with_dense(tmp_path / "model.h5")), str(out), twin=True, stub=True
    )

    assert ported.verdict == "same up to own"
    space: dict = {}
    exec((out / "keras_model.py").read_text(), space)
    made = space["make_model"]()
    assert made.get_layer("own").scores.shape == (4, 1)
    assert made.output_shape == (None, None, 2)
    with pytest.raises(NotImplementedError, match="own: a stub, not written yet"):
        made(np.zeros((2, 5, 3), "float32"))


def test_a_stub_raises_in_one_sentence_and_holds_its_arrays(tmp_path):
    import torch
    from safetensors.torch import load_file

    from compare.porting import running

    out = tmp_path / "out"
    port(str(with_dense(tmp_path / "model.h5")), str(out), stub=True)
    made = running.module_of((out / "model.py").read_text(), "model.py").Model()
    made.load_state_dict(load_file(out / "model.safetensors"))

    np.testing.assert_array_equal(made.own.scores.detach(), drawn(4, 1))
    with pytest.raises(NotImplementedError, match="own: a stub, not written yet"):
        made(torch.zeros(2, 5, 3))
