"""One run of the suite: pairs and prices in, evidence out, with progress on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.progress import Progress, TaskID

from compare import training_session
from compare.attempts import Attempts, names_of
from compare.judging.cleaning import cleaned
from compare.judging.evidence import Evidence
from compare.judging.optimizers import Recipe
from compare.judging.result import SIDES, Result
from compare.judging.training import TrainingEvidence
from compare.judging.words import Side
from compare.loading import in_a_log, load_harness, progress_bar, quiet, uncollected
from compare.one_line import printable
from compare.progress import Show, shown_by
from compare.subjects.cases import FIXED, Case, cases, left_out
from compare.subjects.own import pair_file
from compare.subjects.own.on_disk import existing
from compare.subjects.own.pair import OwnPair, described
from compare.subjects.own.surroundings import at_work
from compare.subjects.pairs import Pair
from compare.subjects.prices import Prices
from compare.twins.interrupting import Interruption

if TYPE_CHECKING:  # at run time these would load both frameworks
    from compare.subjects.claims import ClaimResult
    from compare.subjects.own.judged import Judged


def run(
    pairs: Sequence[Pair | OwnPair | str],
    prices: Prices,
    seed: int,
    started: float,
    gradients: bool = False,
    claimed: bool = False,
    pictured: bool = False,
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
        pictured: whether a page draws the twins at work.

    Returns:
        The evidence. Of several pairs those that were refused, or on which the suite
        failed, are in its `not_compared`.

    Raises:
        BadInput: if a framework is not installed; or if the only pair is refused.
    """
    return _run(pairs, prices, seed, started, gradients, claimed, pictured)[0]


def _run(
    pairs: Sequence[Pair | OwnPair | str],
    prices: Prices,
    seed: int,
    started: float,
    gradients: bool,
    claimed: bool,
    pictured: bool,
) -> tuple[Evidence, list[OwnPair]]:
    """The evidence of `run`, and a user's own pairs as they were judged."""
    attempts = Attempts(alone=len(pairs) == 1)
    built_in_pairs, own_pairs = _sorted(pairs, prices, attempts)
    if not built_in_pairs and not own_pairs:  # which needs no framework to be said
        return _without_results(attempts, seed, started), []
    names = names_of(pairs)
    inputs: dict[str, str | int] = {"seed": seed}
    if built_in_pairs:
        inputs = {"prices": prices.source, "days": len(prices.values), "seed": seed}
    results: list[Result] = []
    notes: list[str] = []
    claim_results: list[Mapping[str, object]] = []
    judged_pairs: list[OwnPair] = []
    with progress_bar() as bar:
        task = bar.add_task("loading PyTorch and Keras", total=None)
        with quiet(), uncollected():
            load_harness()
        from compare.subjects import built_in, subject

        log = in_a_log(bar)
        total = 2 * sum(len(its_cases) for _, its_cases in built_in_pairs)
        bar.update(task, total=total or None)
        for pair, its_cases in built_in_pairs:
            with attempts.at(pair.file), _shown(bar, task, log, pair.file):
                of_pair = []
                work = built_in.subject(
                    pair, its_cases, prices, seed, gradients, pictured
                )
                for result in subject.run(work):
                    of_pair.append(result)
                    bar.advance(task)
                results += of_pair
        for own_pair in own_pairs:
            path = own_pair.name if isinstance(own_pair, OwnPair) else own_pair
            name = names.get(path, path)
            with attempts.at(path), _shown(bar, task, log, path), _at_work(own_pair):
                loaded = replace(_loaded(own_pair, seed, name), pictured=pictured)
                judged = judge_own(loaded, gradients)
                inputs[name] = described(loaded)
                results += judged.results
                notes += _notes_of(name, judged.notes, len(pairs))
                judged_pairs.append(judged.pair)
        if claimed:
            bar.update(task, description="claims of the note")
            log("claims of the note")
            claim_results = [claim.as_dict() for claim in claims()]
    if built_in_pairs:
        notes += _notes_on_inputs([pair for pair, _ in built_in_pairs], prices)
    from compare.twins.versions import versions  # which loads both frameworks

    evidence = Evidence(
        versions=versions(),
        inputs=inputs,
        results=results,
        claims=claim_results,
        notes=notes,
        seconds=time.perf_counter() - started,
        not_compared=attempts.not_compared,
    )
    return evidence, judged_pairs


def _sorted(
    pairs: Sequence[Pair | OwnPair | str], prices: Prices, attempts: Attempts
) -> tuple[list[tuple[Pair, list[Case]]], list[OwnPair | str]]:
    """Built-in pairs with their cases, and a user's own.

    A pair file that does not exist, and too few prices, are noted before all else.
    """
    built_in_pairs: list[tuple[Pair, list[Case]]] = []
    own_pairs: list[OwnPair | str] = []
    for pair in pairs:
        if isinstance(pair, Pair):
            with attempts.at(pair.file):
                prices.windows(FIXED, 1)
                sized = pair.for_assets(len(prices.assets))
                built_in_pairs.append((sized, cases(pair, prices.longest)))
        elif isinstance(pair, str):
            with attempts.at(pair):
                existing(pair)
                own_pairs.append(pair)
        else:
            own_pairs.append(pair)
    return built_in_pairs, own_pairs


def _without_results(attempts: Attempts, seed: int, started: float) -> Evidence:
    """The evidence of a call of which no pair could be run."""
    return Evidence(
        versions={},
        inputs={"seed": seed},
        results=[],
        claims=[],
        notes=[],
        seconds=time.perf_counter() - started,
        not_compared=attempts.not_compared,
    )


@contextmanager
def _shown(bar: Progress, task: TaskID, log: Show, name: str) -> Iterator[None]:
    """Show the name of a pair beside the progress bar, and what is done with it."""

    def show(text: str) -> None:
        step = printable(f"{name}: {text}")
        bar.update(task, description=step)
        log(step)

    bar.update(task, description=printable(name))
    with shown_by(show):
        yield


def _at_work(pair: Pair | OwnPair | str) -> AbstractContextManager[None]:
    """The surroundings of a pair file while its models are made and run."""
    if isinstance(pair, str):
        return at_work(pair)
    return nullcontext()


def _notes_of(name: str, notes: Sequence[str], pairs: int) -> list[str]:
    """The notes of a pair, with its name where there are several pairs."""
    if pairs == 1:
        return [*notes]
    return [f"{name}: {note}" for note in notes]


def _loaded(pair: OwnPair | str, seed: int, name: str) -> OwnPair:
    """What a pair file holds, under the name that it has in this run."""
    if isinstance(pair, OwnPair):
        return pair
    return replace(pair_file.load(pair, seed), name=name)


def _notes_on_inputs(pairs: Sequence[Pair], prices: Prices) -> list[str]:
    """What a reader must know of the inputs of built-in pairs, a sentence each."""
    notes = []
    for steps in left_out(prices.longest):
        notes.append(f"{prices.longest + 1} days hold no window of {steps} steps.")
    without_prices = [pair.file for pair in pairs if not pair.prices]
    if without_prices:
        notes.append(
            f"{', '.join(without_prices)} read no prices, but random features in "
            "[0, 1)."
        )
    return notes


def explain(
    pair: Pair | str,
    prices: Prices,
    seed: int,
    started: float,
    reproduce: bool,
    pictured: bool = False,
) -> tuple[Evidence, str]:
    """Run one pair, and look for the smallest case that differs, where one does.

    Args:
        pair: built-in, or the path of a pair file.
        prices: as in `run`.
        seed: as in `run`.
        started: as in `run`.
        reproduce: whether to write a script that shows the difference.
        pictured: as in `run`.

    Returns:
        The evidence, whose first result that differs has its `smallest`; and the text
        of the script, or "".

    Raises:
        BadInput: as in `run`; or if there is no such script.
    """
    if isinstance(pair, str):
        existing(pair)
    with quiet(), uncollected():
        load_harness()
    with _at_work(pair):
        return _explained(pair, prices, seed, started, reproduce, pictured)


def _explained(
    pair: Pair | str,
    prices: Prices,
    seed: int,
    started: float,
    reproduce: bool,
    pictured: bool,
) -> tuple[Evidence, str]:
    """Do the work of `explain`, with the frameworks loaded."""
    from compare.reports import script
    from compare.subjects.own.smallest import smallest

    loaded: Pair | OwnPair
    if isinstance(pair, Pair):
        loaded = pair
    else:
        loaded = _loaded(pair, seed, names_of([pair])[pair])
    if reproduce:
        script.check_source(loaded)
    evidence, judged_pairs = _run(
        [loaded], prices, seed, started, False, False, pictured
    )
    result = _to_explain(evidence.results)
    if result is None:
        return _without_script(evidence, reproduce, "nothing differs"), ""
    if isinstance(loaded, Pair):
        loaded = loaded.for_assets(len(prices.assets))
    else:
        loaded = replace(loaded, exchanged=judged_pairs[0].exchanged)
    with progress_bar() as bar:
        bar.add_task("looking for the smallest case", total=None)
        least = smallest(loaded, result, prices, seed)
    if least is None:
        why = "this is no difference that a script with one call of each can show"
        return _without_script(evidence, reproduce, why), ""
    shown = replace(result, smallest=least.as_dict())
    results = [shown if r is result else r for r in evidence.results]
    evidence = replace(evidence, results=results)
    if least.twins.only32:
        why = "a model cannot be run in float64, which the script would show it in"
        return _without_script(evidence, reproduce, why), ""
    if not reproduce:
        return evidence, ""
    return evidence, script.script(loaded, result, least)


def _to_explain(results: Sequence[Result]) -> Result | None:
    """The first unexpected result that has an explanation, or else the first."""
    unexpected = [result for result in results if not result.as_expected]
    for result in unexpected:
        if result.explanation:
            return result
    return next(iter(unexpected), None)


def _without_script(evidence: Evidence, reproduce: bool, why: str) -> Evidence:
    """The evidence, with a note where a script was asked for and not written."""
    if not reproduce:
        return evidence
    return replace(evidence, notes=[*evidence.notes, f"No script was written: {why}."])


def judge_own(pair: OwnPair, gradients: bool = False) -> Judged:
    """Judge a pair of one's own; the frameworks are loaded if need be.

    Args:
        pair: what to compare.
        gradients: whether to compare those of the pair's loss as well.
    """
    load_harness()
    from compare.subjects.own.run import run as run_own

    judged = run_own(pair, gradients)
    results, notes = cleaned(list(judged.results)), cleaned(list(judged.notes))
    return replace(judged, results=results, notes=notes)


def train(
    pair: Pair | str,
    prices: Prices,
    recipe: Recipe,
    started: float,
    interruption: Interruption,
) -> TrainingEvidence:
    """Train the twins of a pair, with their losses beside the progress bar.

    Args:
        pair: built-in, whose sizes are changed to fit the number of assets; or the path
            of a pair file.
        prices: of the pairs that read them.
        recipe: how.
        started: as in `run`.
        interruption: tells which signal ended the training, if one did.

    Raises:
        BadInput: if a framework is not installed, or the pair cannot learn in this way.
    """
    if isinstance(pair, str):
        existing(pair)
    else:
        pair = pair.for_assets(len(prices.assets))
        if pair.prices:
            prices.examples(FIXED)  # too few days are said before the long loading
    with ExitStack() as stack:
        bar = stack.enter_context(progress_bar())
        task = bar.add_task("loading PyTorch and Keras", total=None)
        with quiet(), uncollected():
            load_harness()
            from compare.subjects import built_in
            from compare.twins.training import train as train_twins
        stack.enter_context(_at_work(pair))
        log = in_a_log(bar)

        def show(
            activity: str, done: int, total: int, losses: Mapping[Side, float]
        ) -> None:
            texts = [f"{SIDES[side]} {loss:.4f}" for side, loss in losses.items()]
            description = f"{activity}: {'  '.join(texts)}"
            log(f"{activity}, {done} of {total} steps: {'  '.join(texts)}")
            bar.update(task, description=description, completed=done, total=total)

        if isinstance(pair, Pair):
            work = built_in.task(pair, prices, recipe.seed)
            return train_twins(work, recipe, started, show, interruption)
        own_pair = _loaded(pair, recipe.seed, names_of([pair])[pair])
        return training_session.train(own_pair, recipe, started, show, interruption)


def claims() -> Iterator[ClaimResult]:
    """The claims of the note, each checked when it is asked for."""
    with quiet(), uncollected():
        load_harness()
        from compare.subjects.claims import check_claims
    return check_claims()
