"""What a port does beside its proof costs a few times what Keras does with the file."""

import os
import statistics
from functools import partial

import keras
import numpy as np
import pytest

from compare.porting import port as porting
from compare.porting.wishes import wished

ROWS, FEATURES = 60_000, 128  # 31 MB
ALLOWED = 8  # times loading and saving by Keras; 4 to 5 where it was measured
ROUNDS = 3


def seconds_until_now():
    """Of the processor, with those of processes that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def seconds(work):
    """Of the processor, for work with no arguments."""
    start = seconds_until_now()
    work()
    return seconds_until_now() - start


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A file of an embedding, a recurrent layer and a dense one."""
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((None,), dtype="int32"),
            layers.Embedding(ROWS, FEATURES),
            layers.LSTM(32),
            layers.Dense(4),
        ]
    )
    rng = np.random.default_rng(0)
    for variable in model.weights:
        variable.assign(rng.normal(0, 0.1, variable.shape))
    file = tmp_path_factory.mktemp("large") / "large.keras"
    model.save(file)
    assert file.stat().st_size > 30_000_000
    return file


@pytest.mark.slow
@pytest.mark.alone
def test_a_port_costs_a_few_times_loading_and_saving_the_file(path, monkeypatch):
    """Reading, rebuilding, source, weights, example and files; not the comparison."""
    evidence = []
    prove = porting.proved

    def prove_once(*args, **settings):
        if not evidence:
            evidence.append(prove(*args, **settings))
        return evidence[0]

    def port(folder):
        return porting.port(wished(str(path), str(path.parent / folder)))

    def load_and_save():
        model = keras.saving.load_model(path, compile=False)
        model.save(path.parent / "again.keras")

    monkeypatch.setattr(porting, "proved", prove_once)
    assert port("first").is_proved
    load_and_save()

    ratios = []
    for number in range(ROUNDS):
        own = seconds(partial(port, f"port_{number}"))
        ratios.append(own / seconds(load_and_save))
    print(f"times loading and saving: {[round(ratio, 1) for ratio in ratios]}")

    assert statistics.median(ratios) < ALLOWED
