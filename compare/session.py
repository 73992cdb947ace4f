"""One run of the suite: pairs and prices in, evidence out, with progress on the way."""

import gc
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from compare.errors import BadInput
from compare.judging.evidence import SIDES, Evidence, Result
from compare.judging.optimizers import Recipe
from compare.judging.training import TrainingEvidence
from compare.subjects.cases import FIXED, cases, left_out
from compare.subjects.own import pair as own_pair
from compare.subjects.own import pair_file
from compare.subjects.pairs import Pair
from compare.subjects.prices import Prices
from compare.twins import versions as twins_versions


def run(
    pairs: Sequence[Pair | own_pair.OwnPair | str],
    prices: Prices,
    seed: int,
    started: float,
    gradients: bool = False,
    claimed: bool = False,
) -> Evidence:
    """Compare the twins of each pair, the built-in ones on windows of the prices.

    Args:
        pairs: built-in, whose sizes are changed to fit the number of assets; or the
            path of a pair file, or what it holds.
        prices: at least as many days as a window of the fixed length needs.
        seed: of the weights.
        started: `time.perf_counter()` when the run began, for the seconds it took.
        gradients: whether to compare those of each pair's loss as well.
        claimed: whether to check the claims of the note as well.

    Raises:
        BadInput: if the prices hold no window, a framework is not installed, or a pair
            compared nothing.
    """
    own = [pair for pair in pairs if not isinstance(pair, Pair)]
    work = [
        (pair.for_assets(len(prices.assets)), cases(pair, prices.longest))
        for pair in pairs
        if isinstance(pair, Pair)
    ]
    for pair in own:
        if isinstance(pair, str):
            pair_file.existing(pair)
    if work:
        prices.windows(FIXED, 1)  # too few days are said before all else
    results, notes, inputs = [], [], dict(seed=seed)
    if work:
        inputs = dict(prices=prices.source, days=len(prices.values), seed=seed)
    with _progress() as progress:
        task = progress.add_task("loading PyTorch and Keras", total=None)
        with _quiet():
            load_harness()
            from compare.subjects import built_in
            from compare.subjects.subject import run as run_subject
        progress.update(task, total=2 * sum(len(each) for _, each in work))
        for pair, each in work:
            progress.update(task, description=pair.file)
            subject = built_in.subject(pair, each, prices, seed, gradients)
            for result in run_subject(subject):
                results.append(result)
                progress.advance(task)
        for pair in own:
            if isinstance(pair, str):
                progress.update(task, description=pair)
                pair = pair_file.load(pair, seed)
            inputs[pair.name] = own_pair.described(pair)
            results += own_results(pair, notes, gradients)
        checked = []
        if claimed:
            progress.update(task, description="claims of the note")
            checked = [claim.as_dict() for claim in claims()]
    notes += [
        f"{prices.longest + 1} days hold no window of {steps} steps."
        for steps in left_out(prices.longest)
        if work
    ]
    others = [pair.file for pair, _ in work if not pair.prices]
    if others:
        notes.append(
            f"{', '.join(others)} read no prices, but random features in [0, 1)."
        )
    return Evidence(
        versions=twins_versions.versions(),
        inputs=inputs,
        results=results,
        claims=checked,
        notes=notes,
        seconds=time.perf_counter() - started,
    )


def explain(
    pair: Pair | str, prices: Prices, seed: int, started: float, reproduce: bool
) -> tuple[Evidence, str]:
    """As `run`, of one pair; with the smallest case that differs, where one does.

    Args:
        pair: built-in, or the path of a pair file.
        prices: as of `run`.
        seed: as of `run`.
        started: as of `run`.
        reproduce: whether to write a script that shows the difference.

    Returns:
        The evidence, whose first result that differs has its `smallest`; and the text
        of the script, or "".

    Raises:
        BadInput: as `run`; or if there is no such script.
    """
    if isinstance(pair, str):
        pair_file.existing(pair)
    with _quiet():
        load_harness()
    if isinstance(pair, str):
        pair = pair_file.load(pair, seed)
    from compare.reports import script as reproducing
    from compare.subjects.own import smallest as explaining

    if reproduce:
        reproducing.check_source(pair)
    evidence = run([pair], prices, seed, started)
    wrong = [r for r in evidence.results if not r.as_expected]
    found = max(wrong, key=lambda r: bool(r.explanation), default=None)
    if found is None:
        return _without_script(evidence, reproduce, "nothing differs"), ""
    if isinstance(pair, Pair):
        pair = pair.for_assets(len(prices.assets))
    with _progress() as progress:
        progress.add_task("looking for the smallest case", total=None)
        least = explaining.smallest(pair, found, prices, seed)
    if not least:
        why = "this is no difference that a script with one call of each can show"
        return _without_script(evidence, reproduce, why), ""
    told = replace(found, smallest=least.as_dict())
    results = [told if r is found else r for r in evidence.results]
    evidence = replace(evidence, results=results)
    if least.twins.only32:
        why = "a model cannot be run in float64, which the script would show it in"
        return _without_script(evidence, reproduce, why), ""
    return evidence, reproducing.script(pair, found, least) if reproduce else ""


def _without_script(evidence, asked, why):
    if not asked:
        return evidence
    return replace(evidence, notes=[*evidence.notes, f"No script was written: {why}."])


def own_results(
    pair: own_pair.OwnPair, notes: list[str], gradients: bool = False
) -> list[Result]:
    """The results of a pair of one's own, the frameworks loaded if need be.

    Args:
        pair: what to compare.
        notes: gets what a reader must know, a sentence each.
        gradients: whether to compare those of the pair's loss as well.
    """
    load_harness()
    from compare.subjects.own import run as own

    return own.run(pair, notes, gradients)


def train(
    pair: Pair | str, prices: Prices, recipe: Recipe, started: float
) -> TrainingEvidence:
    """Train the twins of a pair, with their losses beside the progress bar.

    Args:
        pair: built-in, whose sizes are changed to fit the number of assets; or the path
            of a pair file.
        prices: of the pairs that read them.
        recipe: how.
        started: as of `run`.

    Raises:
        BadInput: if a framework is not installed, or the pair cannot learn so.
    """
    if isinstance(pair, str):
        pair_file.existing(pair)
    else:
        pair = pair.for_assets(len(prices.assets))
        if pair.prices:
            prices.examples(
                FIXED
            )  # too few days are said before the frameworks are loaded
    with _progress() as progress:
        task = progress.add_task("loading PyTorch and Keras", total=None)
        with _quiet():
            load_harness()
            from compare.subjects import built_in
            from compare.twins import training

        def show(what, done, total, losses):
            both = "  ".join(
                f"{SIDES[side]} {loss:.4f}" for side, loss in losses.items()
            )
            progress.update(
                task, description=f"{what}: {both}", completed=done, total=total
            )

        if isinstance(pair, Pair):
            work = built_in.task(pair, prices, recipe.seed)
            return training.train(work, recipe, started, show)
        from compare.subjects.own import run as own
        from compare.subjects.own import training as own_training

        own_pair = pair_file.load(pair, recipe.seed)
        with own.settled(own_pair):
            return training.train(own_training.task(own_pair), recipe, started, show)


def claims() -> Iterator:
    """The claims of the note, each checked when it is asked for."""
    with _quiet():
        load_harness()
        from compare.subjects.claims import check_claims
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


def load_harness():
    """Import both frameworks, which takes most of a run's time.

    Raises:
        BadInput: if one of them is not installed.
    """
    gc.disable()  # a fifth of the import is spent looking for garbage there is none of
    try:
        import compare.subjects.subject  # noqa: F401
    except (ImportError, ValueError) as error:  # ValueError: an unknown KERAS_BACKEND
        raise BadInput(
            "expected PyTorch, Keras and TensorFlow to load, got: "
            f"{' '.join(str(error).split())}; run pip install -e . and leave "
            "KERAS_BACKEND unset"
        ) from error
    finally:
        gc.freeze()
        gc.enable()


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
