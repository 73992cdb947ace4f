"""A port is the same to the byte, wherever and whenever it is made."""

import os
import subprocess
import sys

import pytest

from tests.support.old_files import drawn, layer, saved

LAYERS = [
    layer("Embedding", "words", input_dim=11, output_dim=4, mask_zero=True,
          batch_input_shape=[None, None]),
    layer("GRU", "rnn", units=3, activation="tanh", recurrent_activation="hard_sigmoid",
          reset_after=False, return_sequences=True),
    layer("Dropout", "drop", rate=0.2),
    layer("Dense", "head", units=2, activation="softmax"),
]  # fmt: skip
ARRAYS = {
    "words": {"embeddings": drawn(11, 4)},
    "rnn": {
        "kernel": drawn(4, 9),
        "recurrent_kernel": drawn(3, 9),
        "bias": drawn(9),
    },
    "head": {"kernel": drawn(3, 2), "bias": drawn(2)},
}


def ported(path, folder, hash_seed):
    """What a port holds that is made in a folder, by the name of the file."""
    folder.mkdir()
    arguments = ["port", str(path), "--out", "out", "--twin"]
    subprocess.run(
        [sys.executable, "-m", "twinproof", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
    )
    out = folder / "out"
    return {file.name: file.read_bytes() for file in sorted(out.iterdir())}


@pytest.mark.slow
def test_two_ports_in_two_processes_are_the_same_to_the_byte(tmp_path):
    """With another order of sets, in another folder."""
    path = saved(tmp_path / "old.h5", LAYERS, ARRAYS)

    first = ported(path, tmp_path / "first", "1")
    second = ported(path, tmp_path / "a second one", "2")

    assert first.keys() == second.keys()
    assert "keras_model.py" in first
    different = [name for name in first if first[name] != second[name]]
    assert different == []
