"""One run of the suite: pairs and prices in, evidence out, with progress on the way."""

import gc
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from compare.cases import FIXED, cases, left_out
from compare.errors import BadInput
from compare.evidence import SIDES, Evidence
from compare.optimizers import Recipe
from compare.pairs import Pair
from compare.prices import Prices
from compare.training_evidence import TrainingEvidence


def run(
    pairs: Sequence[Pair],
    prices: Prices,
    seed: int,
    started: float,
    gradients: bool = False,
    claimed: bool = False,
) -> Evidence:
    """Compare the twins of each pair on windows of the prices.

    Args:
        pairs: sizes are changed to fit the number of assets.
        prices: at least as many days as a window of the fixed length needs.
        seed: of the weights.
        started: `time.perf_counter()` when the run began, for the seconds it took.
        gradients: whether to compare those of each pair's loss as well.
        claimed: whether to check the claims of the note as well.

    Raises:
        BadInput: if the prices hold no window, a framework is not installed, or a pair
            compared nothing.
    """
    prices.windows(FIXED, 1)  # too few days are said before the frameworks are loaded
    work = [
        (pair.for_assets(len(prices.assets)), cases(pair, prices.longest))
        for pair in pairs
    ]
    results = []
    with _progress() as progress:
        task = progress.add_task("loading PyTorch and Keras", total=None)
        with _quiet():
            harness = _load_harness()
        progress.update(task, total=2 * sum(len(each) for _, each in work))
        for pair, each in work:
            progress.update(task, description=pair.file)
            subject = harness.subject(pair, each, prices, seed, gradients)
            for result in harness.run(subject):
                results.append(result)
                progress.advance(task)
        checked = []
        if claimed:
            progress.update(task, description="claims of the note")
            checked = [claim.as_dict() for claim in claims()]
    notes = [
        f"{prices.longest + 1} days hold no window of {steps} steps."
        for steps in left_out(prices.longest)
    ]
    others = [pair.file for pair, _ in work if not pair.prices]
    if others:
        notes.append(
            f"{', '.join(others)} read no prices, but random features in [0, 1)."
        )
    return Evidence(
        versions=harness.versions(),
        inputs=dict(prices=prices.source, days=len(prices.values), seed=seed),
        results=results,
        claims=checked,
        notes=notes,
        seconds=time.perf_counter() - started,
    )


def train(
    pair: Pair, prices: Prices, recipe: Recipe, started: float
) -> TrainingEvidence:
    """Train the twins of a pair, with their losses beside the progress bar.

    Args:
        pair: sizes are changed to fit the number of assets.
        prices: of the pairs that read them.
        recipe: how.
        started: as of `run`.

    Raises:
        BadInput: if a framework is not installed, or the pair cannot learn so.
    """
    pair = pair.for_assets(len(prices.assets))
    if pair.prices:
        prices.examples(FIXED)  # too few days are said before the frameworks are loaded
    with _progress() as progress:
        task = progress.add_task("loading PyTorch and Keras", total=None)
        with _quiet():
            _load_harness()
            from compare import training

        def show(what, done, total, losses):
            both = "  ".join(
                f"{SIDES[side]} {loss:.4f}" for side, loss in losses.items()
            )
            progress.update(
                task, description=f"{what}: {both}", completed=done, total=total
            )

        return training.train(pair, prices, recipe, started, show)


def claims() -> Iterator:
    """The claims of the note, each checked when it is asked for."""
    with _quiet():
        _load_harness()
        from compare.claims import check_claims
    return check_claims()


def _progress():
    """A progress bar on stderr where that is a terminal; silent elsewhere."""
    console = Console(file=os.fdopen(os.dup(2), "w"))
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _load_harness():
    """Both frameworks are imported here, which takes most of a run's time."""
    gc.disable()  # a fifth of the import is spent looking for garbage there is none of
    try:
        from compare import harness
    except (ImportError, ValueError) as error:  # ValueError: an unknown KERAS_BACKEND
        raise BadInput(
            "expected PyTorch, Keras and TensorFlow to load, got: "
            f"{' '.join(str(error).split())}; run pip install -e . and leave "
            "KERAS_BACKEND unset"
        ) from error
    finally:
        gc.freeze()
        gc.enable()
    return harness


@contextmanager
def _quiet():
    """Hold back what TensorFlow's loader says on stderr, unless loading fails."""
    with tempfile.TemporaryFile() as kept:
        stderr = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except Exception:
            kept.seek(0)
            os.write(stderr, kept.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
