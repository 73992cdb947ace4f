"""What other threads of a process notice of a check: nothing in TensorFlow."""

import threading
from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow
from torch import nn

import compare
from compare.in_keras.precision import exact_constants

X = np.random.default_rng(0).normal(0, 2, (5, 4)).astype(np.float32)
SLOPE = 0.2  # what float32 rounds it to is 3e-9 off


@pytest.fixture
def pair():
    """A dense layer with what TensorFlow rounds: a slope, a gelu and a cast."""

    def scaled(y):
        return y * tensorflow.cast(0.1, y.dtype)

    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.dense = nn.Linear(4, 3)

        def forward(self, x):
            y = nn.functional.leaky_relu(self.dense(x), SLOPE)
            return 0.1 * nn.functional.gelu(y)

    in_keras = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3),
            keras.layers.LeakyReLU(negative_slope=SLOPE),
            keras.layers.Activation("gelu"),
            keras.layers.Lambda(scaled),
        ]
    )
    return InPyTorch(), in_keras


def functions():
    """Those that a check has exact in float64."""
    return tensorflow.cast, tensorflow.nn.leaky_relu, tensorflow.nn.gelu


def rounded():
    """What they make of numbers that float32 rounds."""
    x = tensorflow.constant([-1.0, 2.0], "float64")
    return (
        tensorflow.cast(0.1, "float64").numpy().tolist(),
        tensorflow.nn.leaky_relu(x, SLOPE).numpy().tolist(),
        tensorflow.nn.gelu(x).numpy().tolist(),
    )


class Watcher(threading.Thread):
    """Asks again and again until it is told to stop; `answers` has each once."""

    def __init__(self, ask):
        super().__init__(daemon=True)
        self.ask, self.answers = ask, []
        self.asked, self.stopped = 0, threading.Event()

    def run(self):
        while not self.stopped.is_set():
            answer = self.ask()
            self.asked += 1
            if answer not in self.answers:
                self.answers.append(answer)
            self.stopped.wait(1e-4)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.join()


def test_another_thread_sees_tensorflow_s_own_functions_during_a_check(pair):
    own = functions()

    with Watcher(functions) as watcher:
        evidence = compare.check(*pair, X, "to_keras")

    assert evidence.verdict == "same"  # in float64 nothing was rounded
    assert watcher.asked > 10
    assert watcher.answers == [own]


def test_another_thread_computes_what_it_does_without_a_check(pair):
    own = rounded()

    with Watcher(rounded) as watcher:
        compare.check(*pair, X, "to_keras")

    assert watcher.asked > 10
    assert watcher.answers == [own]


@pytest.mark.parametrize("first_to_end", ["this thread", "the other"])
def test_each_thread_is_exact_until_its_own_end(first_to_end):
    """Two blocks that overlap, whichever ends first."""
    entered, ended = threading.Event(), threading.Event()

    def other():
        with exact_constants("float64"):
            entered.set()
            ended.wait()

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait()
    with exact_constants("float64"):
        if first_to_end == "the other":
            ended.set()
            thread.join()
        inside = tensorflow.cast(0.1, "float64").numpy()
    outside = tensorflow.cast(0.1, "float64").numpy()
    ended.set()
    thread.join()

    assert inside == 0.1
    assert outside == np.float32(0.1)


def test_blocks_inside_each_other_are_exact_until_the_outer_ends():
    own = functions()

    with exact_constants("float64"):
        with exact_constants("float64"), exact_constants("float32"):
            inner = tensorflow.cast(0.1, "float64").numpy()
        outer = tensorflow.cast(0.1, "float64").numpy()

    assert (inner, outer) == (0.1, 0.1)
    assert functions() == own


def test_what_a_user_puts_in_its_place_is_found():
    """Who replaces `tensorflow.cast` during a check, in any thread, means it."""
    own, mine = tensorflow.cast, object()

    with exact_constants("float64"):
        with mock.patch.object(tensorflow, "cast", mine):
            found = tensorflow.cast
        again = tensorflow.cast(0.1, "float64").numpy()

    assert found is mine
    assert again == 0.1
    assert tensorflow.cast is own


def test_tensorflow_is_as_it_was_after_a_check(pair):
    """Its functions, and the classes of its modules."""
    before = functions(), type(tensorflow), type(tensorflow.nn)

    compare.check(*pair, X, "to_keras")

    after = functions(), type(tensorflow), type(tensorflow.nn)
    assert after == before
