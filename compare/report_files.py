"""The reports that a call writes into files, beside what it prints."""

from __future__ import annotations

import argparse
import shlex
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from compare.errors import BadInput, command
from compare.outputs import JOB_SUMMARY

if TYPE_CHECKING:
    from compare.judging.evidence import Evidence

OPTIONS = ("--html", "--junit", "--markdown")

# The options that name files; what makes the files is no part of what was found out.
VALUED = ("--json", "--markdown", "--junit", "--html", "--plot", "--reproduce")
PLAIN = ("--force", "--quiet", "-q")


def add_html(verb: argparse.ArgumentParser) -> None:
    """Add the option for a page."""
    verb.add_argument(
        "--html",
        metavar="FILE",
        help="write a page to look at to FILE: sources side by side, what was "
        "measured, plots; it opens anywhere (needs the extra page)",
    )


def add_markdown(verb: argparse.ArgumentParser) -> None:
    """Add the option for a summary."""
    verb.add_argument(
        "--markdown",
        metavar="FILE",
        help="write a summary for a pull request to FILE, in Markdown; where FILE is "
        f"${JOB_SUMMARY}, it is appended",
    )


def add_junit(verb: argparse.ArgumentParser) -> None:
    """Add the option for what continuous integration reads."""
    verb.add_argument(
        "--junit",
        metavar="FILE",
        help="write a test case for each result to FILE, in JUnit's XML",
    )


def add_quiet(verb: argparse.ArgumentParser) -> None:
    """Add the option that leaves the exit status, and what is wrong."""
    verb.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="print what is wrong, and nothing where nothing is",
    )


def again(argv: Sequence[str]) -> str:
    """The command that finds out the same, without the files that it writes."""
    words = []
    rest = iter(argv)
    for word in rest:
        if word in VALUED:
            next(rest, None)
        elif word not in PLAIN and word.partition("=")[0] not in VALUED:
            words.append(word)
    return f"{command()} {shlex.join(words)}".strip()


def paths(args: argparse.Namespace) -> dict[str, str | None]:
    """The files that the options of these reports name, by option.

    Raises:
        BadInput: if what a page needs is not installed.
    """
    if getattr(args, "html", None) is not None:
        from compare.reports.page.rendering import check_installed

        check_installed()
    wanted: dict[str, str | None] = {}
    for option in OPTIONS:
        path = getattr(args, option.removeprefix("--"), None)
        if path is not None:
            wanted[option] = path
    return wanted


def refused(pair: str, error: BadInput, started: float) -> Evidence:
    """The evidence of a call whose only pair is refused; others have it as well."""
    from compare.judging.evidence import Evidence
    from compare.judging.not_compared import NotCompared

    seconds = time.perf_counter() - started
    not_compared = (NotCompared(pair, str(error)),)
    return Evidence({}, {}, [], [], [], seconds, not_compared)


def content(option: str, found: Any, args: argparse.Namespace) -> str:
    """What goes into the file of an option.

    Args:
        option: of OPTIONS.
        found: what a verb found out.
        args: of the call.
    """
    if option == "--html":
        from compare import page_files

        return page_files.content(found, args, again(args.words))
    if option == "--junit":
        from compare.reports import junit

        return junit.of(found)
    from compare.reports import markdown

    return markdown.of(found, again(args.words))
