"""`--onnx` writes the port as ONNX, and runs it at sizes it was not exported with."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from compare import BadInput
from compare.port_session import port
from compare.porting import wishes

needs_onnx = pytest.mark.skipif(
    not all(map(find_spec, wishes.NEEDED_FOR_ONNX)),
    reason="the extra onnx is not installed",
)


def convolutions(path: Path) -> str:
    """A file with two convolutions over a sequence of any length."""
    model = keras.Sequential(
        [
            keras.Input((None, 6)),
            layers.Conv1D(8, 3, padding="causal", activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2),
        ]
    )
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    model.save(path)
    return str(path)


@needs_onnx
def test_any_batch_and_length_and_the_same_bytes_in_two_folders(tmp_path):
    import onnx

    path = convolutions(tmp_path / "tcn.keras")
    first = port(path, str(tmp_path / "one"), onnx=True)
    port(path, str(tmp_path / "two"), onnx=True)

    content = (tmp_path / "one" / "model.onnx").read_bytes()
    assert content == (tmp_path / "two" / "model.onnx").read_bytes()
    assert str(tmp_path).encode() not in content
    (value,) = onnx.load_from_string(content).graph.input
    axes = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
    assert axes == ["batch", "x_axis_1", 6]
    assert "run by onnxruntime on (3, 7, 6)" in first.notes[-1]


def test_without_the_extra_one_line_says_so_before_anything_is_written(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(wishes, "NEEDED_FOR_ONNX", ("no_such_package",))

    with pytest.raises(BadInput, match=r'pip install "twinproof\[onnx\]"'):
        wishes.wished(
            convolutions(tmp_path / "tcn.keras"), str(tmp_path / "out"), onnx=True
        )

    assert not (tmp_path / "out").exists()


def test_stubs_and_onnx_are_not_had_together(tmp_path):
    path = convolutions(tmp_path / "tcn.keras")

    with pytest.raises(BadInput, match="got both"):
        wishes.wished(path, str(tmp_path / "out"), stub=True, onnx=True)
