"""Checks in several threads, on event loops, and in processes that were forked."""

import asyncio
import multiprocessing
import os
import warnings
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import torch

import compare
from compare.in_keras import internals

X = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
PATIENCE = 120  # seconds; a child that hangs would hang for ever
POSIX = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked")


def twins(wrong=False):
    """A dense layer on both sides, whose kernels are the same or are not."""
    pair = (
        torch.nn.Sequential(torch.nn.Linear(3, 2)),
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]),
    )
    compare.transfer(*pair)
    if wrong:
        kernel = pair[1].layers[0].kernel
        kernel.assign(kernel * 1.01)
    return pair


def verdict(pair):
    return compare.check(*pair, X).verdict


def test_four_threads_get_the_verdict_of_their_own_models():
    pairs = [twins(wrong) for wrong in (False, True, False, True)]

    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(verdict, pairs))

    assert verdicts == ["same", "different", "same", "different"]


def test_threads_that_check_the_same_models_get_one_verdict():
    pair = twins(wrong=True)

    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(verdict, [pair] * 4))

    assert verdicts == ["different"] * 4


def test_a_check_runs_in_a_coroutine_and_off_its_loop():
    pair = twins()

    async def in_turn_and_at_once():
        return verdict(pair), await asyncio.gather(
            asyncio.to_thread(verdict, pair), asyncio.to_thread(verdict, pair)
        )

    assert asyncio.run(in_turn_and_at_once()) == ("same", ["same", "same"])


def _refused(sender, pair):
    """Send what a check in this process raises, or its verdict."""
    try:
        sender.send(verdict(pair))
    except compare.BadInput as error:
        sender.send(str(error))


@POSIX
def test_a_process_forked_after_tensorflow_ran_is_told_and_does_not_hang():
    pair = twins()
    verdict(pair)
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_refused, args=(sender, pair), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, Python 3.12
        child.start()
    try:
        answered = receiver.poll(PATIENCE)
        said = receiver.recv() if answered else "nothing"
    finally:
        child.kill()
        child.join()

    assert said.startswith("check: expected a process in which TensorFlow can run, got")
    assert 'get_context("spawn")' in said


def test_keras_ran_here_and_that_is_seen():
    """What a forked process is told by is still there in this TensorFlow."""
    twins()

    assert internals.has_run()
