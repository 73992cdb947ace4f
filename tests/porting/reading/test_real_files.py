"""Trained models in packages of others are read; pip fetches them into a cache."""

import pytest
from real_files import fetched

from compare.porting.reading import read

FILES = {
    "flavorfetcher": ("1.0.0", "flavorfetcher/data/*.h5", "2.3.1", 1_249_826),
    "dgaintel": ("2.3", "*/domain_classifier_model.h5", "2.2.4-tf", 103_745),
    "russtress": ("0.1.4", "russtress/*.hdf5", "2.0.4", 56_872),
    "sleepecg": (
        "0.6.0",
        "sleepecg/classifiers/wrn-gru-mesa.zip!classifier.keras",
        "3.3.3",
        7380,
    ),
}


@pytest.mark.slow  # it fetches 13 MB, once
@pytest.mark.parametrize("package", FILES)
def test_a_trained_model_is_read(package):
    """All of its numbers, and nothing of it is run."""
    version, inner, keras, numbers = FILES[package]

    result = read(fetched(package, version, inner))

    assert result.version == keras
    held = [array for arrays in result.weights.values() for array in arrays.values()]
    assert sum(array.size for array in held) == numbers
    assert result.is_whole


@pytest.mark.slow
def test_gates_of_a_trained_model_are_those_of_its_keras():
    """Russtress was trained with 0.2 x + 0.5; Keras 3 would compute x / 6 + 0.5."""
    version, inner, *_ = FILES["russtress"]

    plan = read(fetched("russtress", version, inner)).plan

    forward, backward = plan.layers["bidirectional_1"].inside
    for inside in (forward, backward):
        assert inside.config["recurrent_activation"] == "hard_sigmoid_fifth"
    assert backward.config["go_backwards"] is True
