"""Ratios of whole processes, measured in turn; no absolute time is written down."""

import statistics
import subprocess
import sys
import time

import pytest

from compare.judging.words import PRECISIONS
from compare.subjects.pairs import PAIRS

IMPORTS = "import torch, keras, tensorflow"
FULL = "import sys; from compare.cli import main; sys.exit(main([]))"
LIST = "import sys; from compare.cli import main; sys.exit(main(['list']))"
SHOW = (
    "import sys; from compare.cli import main;"
    "sys.exit(main(['show', 'portfolio_flatten']))"
)


def seconds(code, cwd):
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, check=True
    )
    return time.perf_counter() - start


@pytest.mark.slow
@pytest.mark.alone
def test_a_run_takes_at_most_twice_the_imports(tmp_path):
    """Median of five; `list` and `show` cost no more than a tenth of the imports."""
    times = {code: [] for code in (IMPORTS, FULL, LIST, SHOW)}
    for _ in range(5):
        for code, taken in times.items():
            taken.append(seconds(code, tmp_path))
    imports, full, listing, show = (
        statistics.median(taken) for taken in times.values()
    )
    print(
        f"\nimports {imports:.2f} s, run {full:.2f} s ({full / imports:.2f} times), "
        f"list {listing:.2f} s, show {show:.2f} s"
    )

    assert full <= 2 * imports
    assert listing <= imports / 10
    assert show <= imports / 10


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(("file", "epochs"), [("stock_price", 30), ("lstm_model", 30)])
def test_a_training_step_costs_little_more_than_the_frameworks_own(file, epochs):
    """At most 1.3 times what both frameworks' own steps take, in both precisions.

    The harness's step also compares the loss and every weight of all four models. The
    own ones are what a user writes, Keras's compiled by `tf.function`; each takes its
    turn after each of the harness's steps. Median over the steps.
    """
    import threading

    import keras
    import tensorflow as tf
    import torch

    from compare.in_keras.precision import settled as keras_settled
    from compare.in_pytorch.precision import one_thread
    from compare.subjects import built_in, prices
    from compare.twins.models import losses
    from compare.twins.training_run import CAUSES, Recipe, TrainingRun

    (pair,) = (pair for pair in PAIRS if pair.file == file)
    task = built_in.task(pair, prices.built_in(), seed=0)
    run = TrainingRun(task, Recipe(epochs=epochs), threading.Event())
    loss = losses(pair.loss)

    def pytorch_step(dtype):
        model = run.twins.model("torch", dtype)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

        def step(x, y):
            x, y = (torch.from_numpy(a).to(getattr(torch, dtype)) for a in (x, y))
            optimizer.zero_grad()
            value = loss["torch"](model(x), y)
            value.backward()
            optimizer.step()
            return value.item()

        return step

    def keras_step(dtype):
        model = run.twins.twin("keras", dtype).functional
        learnt = model.trainable_variables
        with keras_settled(dtype):
            optimizer = keras.optimizers.Adam(1e-3)
            optimizer.build(learnt)

        @tf.function
        def compiled(x, y):
            with tf.GradientTape() as tape:
                value = loss["keras"](model(x, training=True), y)
            optimizer.apply(tape.gradient(value, learnt), learnt)
            return value

        def step(x, y):
            with keras_settled(dtype):
                return compiled(tf.constant(x, dtype), tf.constant(y, dtype)).numpy()

        return step

    own = [make(dtype) for make in (pytorch_step, keras_step) for dtype in PRECISIONS]
    batches, times = list(run.batches()), {"harness": [], "own": []}
    for step in own:
        step(batches[0][0][0], batches[0][1])
    left, started = iter(batches), [0.0]

    def progress(*_):
        times["harness"].append(time.perf_counter() - started[0])
        (x,), y = next(left)
        start = time.perf_counter()
        for step in own:
            step(x, y)
        started[0] = time.perf_counter()
        times["own"].append(started[0] - start)

    with one_thread():
        started[0] = time.perf_counter()
        run.in_step(run.optimizers(CAUSES), progress)
    ours, theirs = (statistics.median(taken[10:]) for taken in times.values())
    print(f"\n{file}: {ours / theirs:.2f} times the frameworks' own steps")

    assert ours <= 1.3 * theirs
