"""What a check leaves in memory: nothing, and Python's collector as it was."""

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import keras
import numpy as np
import pytest
from torch import nn

import compare

X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)

# In processes of their own.
COLLECTOR = """
import gc, sys

def collector():
    return gc.isenabled(), gc.get_freeze_count(), gc.get_threshold()

if sys.argv[1] == "disabled":
    gc.disable()
enabled = gc.isenabled()
"""
PAIR = """
import numpy as np
import keras, torch
import compare

X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)

class InPyTorch(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.LSTM(3, 4, batch_first=True)
        self.head = torch.nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])

in_pytorch = InPyTorch()
layers = [keras.layers.LSTM(4), keras.layers.Dense(2)]
in_keras = keras.Sequential([keras.Input((None, 3)), *layers])

def check():
    assert compare.check(in_pytorch, in_keras, X, "to_keras").verdict == "same"
"""
FIRST_CHECK = """
before = collector()
check()
assert collector() == before, (before, collector())
"""
COMMAND_LINE = """
from compare.cli import main

main(["run", "gru_layer"])
first = collector()
main(["run", "gru_layer"])
assert first[0] == enabled, first
assert collector() == first, (first, collector())
"""
COMMAND_LINE_LATER = """
check()
before = collector()
main(["run", "gru_layer"])
assert collector() == before, (before, collector())
"""
GROWTH = """
import ctypes, os

def resident():
    # What malloc holds back of memory that was given back comes and goes by 30 MB.
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

for number in range(1, 211):
    check()
    if number % 50 == 10:
        print(resident())
"""
KINDS = """
import time

class Head(torch.nn.Module):
    def __init__(self, body, units):
        super().__init__()
        self.body, self.head = body, torch.nn.Linear(units, 2)

    def forward(self, x):
        body = self.body(x)
        body = body[0] if isinstance(body, tuple) else body
        return self.head(body[:, -1])

class Convolved(torch.nn.Module):
    def __init__(self, units):
        super().__init__()
        self.conv, self.head = torch.nn.Conv1d(3, units, 3), torch.nn.Linear(units, 2)

    def forward(self, x):
        return self.head(self.conv(x.transpose(1, 2)).mean(-1))

def models(number):
    units, layers = 3 + number % 7, keras.layers
    if number % 4 == 3:
        made = layers.Conv1D(units, 3), layers.GlobalAveragePooling1D()
        return Convolved(units), made
    if number % 4 == 2:
        last_step = layers.Lambda(lambda h: h[:, -1])
        return Head(torch.nn.Linear(3, units), units), (layers.Dense(units), last_step)
    cls = ("LSTM", "GRU")[number % 4]
    body = getattr(torch.nn, cls)(3, units, batch_first=True)
    return Head(body, units), (getattr(layers, cls)(units),)

def check():
    # Of each new name of a variable TensorFlow keeps 35 KB for good.
    keras.backend.clear_session()
    in_pytorch, made = models(len(seconds))
    dense = keras.layers.Dense(2)
    in_keras = keras.Sequential([keras.Input((None, 3)), *made, dense])
    began = time.process_time()
    assert compare.check(in_pytorch, in_keras, X, "to_keras").verdict == "same"
    seconds.append(time.process_time() - began)

seconds = []
"""


def run(code, *arguments):
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture
def make():
    """Makes a small pair, of new models each time."""

    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(3, 4, batch_first=True)
            self.head = nn.Linear(4, 2)

        def forward(self, x):
            return self.head(self.rnn(x)[0][:, -1])

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn, self.head = keras.layers.LSTM(4), keras.layers.Dense(2)

        def call(self, x):
            return self.head(self.rnn(x))

    def sequential():
        layers = [keras.layers.LSTM(4), keras.layers.Dense(2)]
        return InPyTorch(), keras.Sequential([keras.Input((None, 3)), *layers])

    def subclassed():
        in_keras = InKeras()
        in_keras(X)
        return InPyTorch(), in_keras

    return {"sequential": sequential, "subclassed": subclassed}


@pytest.mark.parametrize(
    ("kind", "transfer", "verdict"),
    [("sequential", "to_keras", "same"), ("subclassed", None, "different")],
)
def test_models_that_were_dropped_are_freed(make, kind, transfer, verdict):
    """Both frameworks' models, and without `clear_session`; evidence holds none."""
    alive, evidence = [], []

    def check():
        models = make[kind]()
        evidence.append(compare.check(*models, X, transfer))
        alive.extend(weakref.ref(model) for model in models)

    for _ in range(5):
        check()
    gc.collect()

    assert {each.verdict for each in evidence} == {verdict}
    assert len(alive) == 10
    assert sum(model() is not None for model in alive) == 0


@pytest.mark.parametrize("enabled", [True, False])
def test_the_fixture_leaves_the_collector_as_it_was(make, assert_same_model, enabled):
    def collector():
        return gc.isenabled(), gc.get_freeze_count(), gc.get_threshold()

    models = make["sequential"]()
    try:
        if not enabled:
            gc.disable()
        before = collector()
        assert_same_model(*models, X, "to_keras")
        after = collector()
    finally:
        gc.enable()

    assert after == before


@pytest.mark.parametrize("collector", ["enabled", "disabled"])
def test_the_first_check_of_a_process_leaves_the_collector_as_it_was(collector):
    run(COLLECTOR + PAIR + FIRST_CHECK, collector)


@pytest.mark.parametrize("collector", ["enabled", "disabled"])
def test_the_command_line_leaves_the_collector_on_or_off(collector):
    """A second run in one process freezes nothing more."""
    run(COLLECTOR + COMMAND_LINE, collector)


def test_the_command_line_freezes_nothing_of_a_process_that_checked_before():
    run(COLLECTOR + PAIR + "from compare.cli import main" + COMMAND_LINE_LATER, "on")


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux says the size")
def test_200_checks_grow_the_process_by_less_than_20_mb():
    """After the first ten; each size is taken after a collection, and trimmed."""
    first, *later = map(float, run(COLLECTOR + PAIR + GROWTH, "on").split())
    print(f"\nafter 10 checks {first:.0f} MB, then {[round(each) for each in later]}")

    assert len(later) == 4
    assert later[-1] - first < 20


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux says the size")
def test_200_checks_of_many_kinds_grow_neither_in_memory_nor_in_time():
    """New models each time; after the first ten, and the last 28 to the first."""
    times = "print(sum(seconds[10:38]), sum(seconds[-28:]))"
    *sizes, seconds = run(COLLECTOR + PAIR + KINDS + GROWTH + times, "on").splitlines()
    first, *later = map(float, sizes)
    early, late = map(float, seconds.split())
    print(f"\nafter 10 checks {first:.0f} MB, then {[round(each) for each in later]}")
    print(f"28 checks took {early:.1f} s, and the last 28 {late:.1f} s")

    assert later[-1] - first < 20
    assert late < 1.5 * early
