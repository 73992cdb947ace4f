"""A check sets what it relies on, and puts back what a user has set."""

import gc
import random
import sys
import threading
import warnings
from contextlib import contextmanager

import keras
import numpy as np
import pytest
import tensorflow
import torch

import compare
from compare import settings
from compare.in_keras import settings as in_keras
from compare.in_pytorch import settings as in_pytorch
from compare.twins.settings import kept, relied_on

X = np.random.default_rng(0).normal(size=(3, 5, 4)).astype(np.float32)


class InPyTorch(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.GRU(4, 3, batch_first=True)
        self.head = torch.nn.Linear(3, 2)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


@pytest.fixture(scope="module")
def pair():
    """Two live models, made before any setting is changed."""
    layers = [keras.layers.GRU(3), keras.layers.Dense(2)]
    return InPyTorch(), keras.Sequential([keras.Input((None, 4)), *layers])


def state():
    """What is set, and where random numbers go on."""
    values = {}
    every_setting = (*settings.of_python(), *in_pytorch.SETTINGS, *in_keras.SETTINGS)
    for number, setting in enumerate(every_setting):
        value = setting.read()
        values[number] = repr(value.tolist() if torch.is_tensor(value) else value)
    values["filters"] = repr(warnings.filters)
    values["collector"] = gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()
    values["inference"] = torch.is_inference_mode_enabled()
    return values


@contextmanager
def changed(set_it, put_back):
    set_it()
    try:
        yield
    finally:
        put_back()


@contextmanager
def warnings_raised():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def setting(function, value, before):
    """A block in which a setting has a value."""
    return lambda: changed(lambda: function(value), lambda: function(before))


SETTINGS = {
    "no grad": torch.no_grad,
    "inference mode": torch.inference_mode,
    "block on meta": lambda: torch.device("meta"),
    "default meta": setting(torch.set_default_device, "meta", None),
    "float64": setting(torch.set_default_dtype, torch.float64, torch.float32),
    "bfloat16": setting(torch.set_default_dtype, torch.bfloat16, torch.float32),
    "deterministic": setting(torch.use_deterministic_algorithms, True, False),
    "anomalies": lambda: torch.autograd.set_detect_anomaly(True),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "flush": setting(torch.set_flush_denormal, True, False),
    "matmul": setting(torch.set_float32_matmul_precision, "medium", "highest"),
    "NumPy raises": lambda: np.errstate(all="raise"),
    "NumPy prints all": lambda: np.printoptions(threshold=sys.maxsize),
    "floatx": setting(keras.config.set_floatx, "float64", "float32"),
    "mixed": setting(keras.config.set_dtype_policy, "mixed_float16", "float32"),
    "whole tracebacks": lambda: changed(
        keras.config.disable_traceback_filtering,
        keras.config.enable_traceback_filtering,
    ),
    "eager": setting(tensorflow.config.run_functions_eagerly, True, False),
    "numbers checked": lambda: changed(
        tensorflow.debugging.enable_check_numerics,
        tensorflow.debugging.disable_check_numerics,
    ),
    "warnings are errors": warnings_raised,
    "shallow": setting(sys.setrecursionlimit, 200, sys.getrecursionlimit()),
    "not collected": lambda: changed(gc.disable, gc.enable),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_check_works_under_a_setting_and_leaves_it(pair, name):
    compare.check(*pair, X)  # what is made once is made
    with SETTINGS[name]():
        random.seed(1)
        before = state()
        verdict = compare.check(*pair, X, "to_keras").verdict
        after = state()

    assert verdict == "same"
    assert after == before


@pytest.mark.parametrize("name", ["no grad", "block on meta", "warnings are errors"])
def test_a_transfer_works_under_a_setting_and_leaves_it(pair, name):
    with SETTINGS[name]():
        before = state()
        moves = compare.transfer(*pair)
        after = state()

    assert moves
    assert after == before


def test_a_warning_of_a_transfer_is_still_an_error_where_a_user_says_so():
    class Own(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(4, 2)
            self.register_buffer("scale", torch.ones(2))

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])

    with warnings_raised(), pytest.raises(UserWarning, match="scale of PyTorch"):
        compare.transfer(Own(), model)


@pytest.mark.parametrize("setting", ["autocast", "matmul"])
def test_what_a_verdict_does_not_speak_of_is_said(pair, setting):
    with SETTINGS[setting]():
        notes = compare.check(*pair, X, "to_keras").notes

    assert [note for note in notes if "judged with" in note]


def test_nothing_is_said_where_nothing_is_set(pair):
    notes = compare.check(*pair, X, "to_keras").notes

    assert not [note for note in notes if "judged with" in note]


def test_names_of_a_users_next_layers_do_not_depend_on_a_check(pair):
    keras.layers.Dense(1)
    counted = keras.layers.Dense(1).name

    compare.check(*pair, X, "to_keras")

    number = int(counted.rpartition("_")[2])
    assert keras.layers.Dense(1).name == f"dense_{number + 1}"


def test_random_numbers_go_on_as_if_there_had_been_no_check(pair):
    def draws():
        return [
            random.random(),
            float(np.random.random()),
            float(torch.rand(())),
            float(keras.random.uniform(())),
        ]

    keras.utils.set_random_seed(5)
    torch.manual_seed(5)
    draws()
    expected = draws()
    keras.utils.set_random_seed(5)
    torch.manual_seed(5)
    draws()
    compare.check(*pair, X, "to_keras")

    assert draws() == expected


def test_reading_the_policy_does_not_set_it():
    """Or `set_floatx` would decide nothing after a check."""
    from compare.in_keras.internals import default_policy, set_default_policy

    before = default_policy()
    set_default_policy(None)
    try:
        with relied_on():
            keras.layers.Dense(1)
        found = default_policy()
    finally:
        set_default_policy(before)

    assert found is None


def test_what_a_block_changes_is_put_back():
    """As a pair file may change it for its own models."""
    before = state()

    with kept():
        for set_it, value in (
            (torch.set_grad_enabled, False),
            (torch.set_default_device, "meta"),
            (keras.config.set_epsilon, 1e-3),
            (keras.config.set_image_data_format, "channels_first"),
            (keras.config.set_dtype_policy, "float64"),
            (np.random.seed, 3),
        ):
            set_it(value)
        keras.backend.clear_session(free_memory=False)
        within = state()

    assert within != before
    assert state() == before


def test_two_threads_do_not_mix_their_settings(pair):
    """Each check waits for the other, and the last one leaves all as it was."""
    before = state()
    verdicts = []

    def check():
        verdicts.append(compare.check(*pair, X).verdict)

    threads = [threading.Thread(target=check) for _ in range(2)]
    with warnings_raised():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(verdicts) == 2
    assert state()["filters"] == before["filters"]
