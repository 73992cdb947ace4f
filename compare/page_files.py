"""The page that a call writes, with the sources of what it compared."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from compare.attempts import distinct, names_of
from compare.errors import BadInput
from compare.judging.evidence import Evidence
from compare.judging.training import TrainingEvidence
from compare.one_line import printable
from compare.subjects import sources
from compare.subjects.own import sources as own_sources
from compare.subjects.pairs import PAIRS

Texts = Sequence[tuple[str, str]]


def content(found: Any, args: argparse.Namespace, again: str) -> str:
    """The page of what a verb found out.

    Args:
        found: evidence of a run, of a training run, a port, or claims.
        args: of the command line.
        again: the command that finds out the same.
    """
    # Here, since these need the extra `page`, and pages are seldom asked for.
    if isinstance(found, Evidence):
        from compare.reports.page.run_page import run_page

        with_results = {result.pair for result in found.results}
        return run_page(found, _sources(_names(args), with_results), again)
    if isinstance(found, TrainingEvidence):
        from compare.reports.page.training_page import training_page

        pair = found.settings["pair"]
        texts = _sources([args.name], {pair}).get(pair, ())
        return training_page(found, texts, again)
    if isinstance(found, list):
        from compare.reports.page.claims_page import claims_page
        from compare.twins.versions import versions

        return claims_page([claim.as_dict() for claim in found], versions(), again)
    from compare.reports.page.port_page import port_page

    return port_page(found, _original(args), printable(args.out), again)


def _names(args: argparse.Namespace) -> list[str]:
    """What pairs and pair files a verb was given, or runs by itself."""
    if hasattr(args, "name"):
        return [args.name]
    if args.names:
        return distinct(args.names)
    return [pair.file for pair in PAIRS if pair.default or args.all]


def _sources(names: Sequence[str], wanted: Collection[str]) -> dict[str, Texts]:
    """Title and text of the sources of pairs, by the name of each in its results.

    Args:
        names: of built-in pairs, and paths of pair files.
        wanted: the pairs that have results.
    """
    built_in = {pair.file: pair for pair in PAIRS}
    called = names_of([built_in.get(name, name) for name in names])
    texts: dict[str, Texts] = {}
    for name in names:
        if name in built_in and name in wanted:
            texts[name] = sources.of_twins(built_in[name])
        elif called.get(name) in wanted:
            with suppress(BadInput):  # the file is another one by now
                texts[called[name]] = own_sources.sources(name)
    return texts


def _original(args: argparse.Namespace) -> str | None:
    """The user's file that makes the original, where that is of PyTorch."""
    from compare.porting.user_file import split

    return None if args.module is None else split("--model", args.module)[0]
