"""The command line: `twinproof`, or `python -m compare`."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

from rich.console import Console

from compare import (
    arguments,
    files,
    outputs,
    port_arguments,
    report_files,
    train_arguments,
)
from compare.arguments import Verb
from compare.attempts import distinct
from compare.defects import defect, what_to_report
from compare.errors import BadInput, command
from compare.interrupts import KILLED
from compare.judging.not_compared import NotCompared, lines
from compare.one_line import printable
from compare.progress import hidden
from compare.reports.evidence import print_evidence, print_explanation, print_problems
from compare.reports.sources import print_pairs, print_sources
from compare.subjects import sources
from compare.subjects.docstrings import without_docstrings
from compare.subjects.own import pair_file
from compare.subjects.own import sources as own_sources
from compare.subjects.own.pair import is_pair_file
from compare.subjects.pairs import PAIRS, Pair

if TYPE_CHECKING:
    from compare.subjects.prices import Prices

# `list`, `show` and `--help` do without NumPy, the frameworks and a progress bar, and
# take 0.2 s; so what needs them is imported in the functions below.

STARTED = time.perf_counter()

# Exit statuses. Of several pairs the highest counts.
AS_EXPECTED, UNEXPECTED, BAD_INPUT, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130

Report = TypeVar("Report")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    Args:
        argv: the arguments after the command's name; those of the process if None.
    """
    if argv is None:
        argv = sys.argv[1:]
    try:
        status = _run_verb([*argv])
        sys.stdout.flush()
        return status
    except BadInput as error:
        _complain(str(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output, such as `head`, has left
        _discard(sys.stdout)
        return AS_EXPECTED
    except OSError as error:  # a full disk that stdout goes to
        _discard(sys.stdout)
        _complain(f"expected output to be written, got: {error}")
        return BAD_INPUT
    except MemoryError:
        _complain("expected work that fits into memory, got more; shrink it")
        return BAD_INPUT
    except Exception as error:
        return _print_defects([defect("", error)])


def _run_verb(argv: list[str]) -> int:
    try:
        args = arguments.parser(VERBS).parse_args(arguments.with_verb(argv, VERBS))
        args.words = argv
    except SystemExit:  # --help and --version end so, when their text is printed
        return AS_EXPECTED
    with hidden(getattr(args, "quiet", False)):
        return VERBS[args.verb].run(args)


def _list(args: argparse.Namespace) -> int:
    if args.kinds:
        from compare.reports.kinds import kinds_table

        print(kinds_table())
    else:
        print_pairs(_console(), PAIRS)
    return AS_EXPECTED


def _show(args: argparse.Namespace) -> int:
    if is_pair_file(args.name):
        sections = own_sources.sources(args.name)
    else:
        sections = sources.of_twins(_pair(args.name))
    if args.code:
        sections = [(title, without_docstrings(text)) for title, text in sections]
    print_sources(_console(), sections)
    return AS_EXPECTED


def _new(args: argparse.Namespace) -> int:
    target = files.target("new", args.file)
    problem = ""
    if target.exists() and target.stat().st_size > 0:
        problem = "one that is there already"
    elif target.suffix != ".py":
        problem = args.file
    if problem:
        raise BadInput(
            f"new {args.file}: expected the name of a new file that ends in .py, got "
            f"{problem}; name another"
        )
    files.write("new", target, pair_file.template(args.file).rstrip("\n"))
    name = printable(args.file)
    print(f"wrote {name}; next: {command()} run {name}")
    return AS_EXPECTED


def _claims(args: argparse.Namespace) -> int:
    from compare import session
    from compare.reports.claims import print_claims

    _targets(args, {}, [])
    shown, results = tee(session.claims())
    print_claims(_console(), shown)
    return _save_reports(args, [*results])


def _run(args: argparse.Namespace) -> int:
    from compare import session

    if args.names and args.all:
        raise BadInput("expected names of pairs or --all, got both; drop one")
    pairs = [_pair_or_file(name) for name in distinct(args.names)]
    if not pairs:
        pairs = [pair for pair in PAIRS if pair.default or args.all]
    (target,) = _targets(args, {"--json": args.json}, args.names)
    try:
        evidence = session.run(
            pairs,
            _prices(args.prices),
            args.seed,
            STARTED,
            args.gradients,
            claimed=target is not None,
            pictured=args.html is not None,
        )
    except BadInput as error:
        name = args.names[0] if args.names else "portfolio models"
        _save_reports(args, report_files.refused(name, error, STARTED))
        raise
    # Files first: a reader of the table who leaves early costs none.
    saved = _save_reports(args, evidence)
    if evidence.results:
        if target:
            saved = max(saved, _save("--json", target, evidence.to_json()))
        if not args.quiet:
            _report(print_evidence, evidence)
        elif not evidence.as_expected:
            _report(print_problems, evidence)
    unexpected = any(not result.as_expected for result in evidence.results)
    not_compared = _print_not_compared(evidence.not_compared)
    return max(_status(not unexpected), not_compared, saved)


def _print_not_compared(pairs: Sequence[NotCompared]) -> int:
    """Say on stderr why pairs got no verdict; return the exit status for them."""
    status = AS_EXPECTED
    defects = [pair for pair in pairs if pair.is_defect]
    refused = [pair for pair in pairs if not pair.is_defect]
    if refused:
        status = BAD_INPUT
    for line in lines(refused):
        _complain(line)
    if defects:
        status = _print_defects(defects)
    return status


def _print_defects(defects: Sequence[NotCompared]) -> int:
    """Say on stderr where the suite failed, and what to do; return the exit status."""
    texts = "; ".join(lines(defects))
    _complain(f"{texts}: {what_to_report(defects)}")
    return DEFECT


def _explain(args: argparse.Namespace) -> int:
    from compare import session

    pair = _pair_or_file(args.name)
    paths = {"--json": args.json, "--reproduce": args.reproduce}
    target, script = _targets(args, paths, [args.name])
    evidence, text = session.explain(
        pair,
        _prices(args.prices),
        args.seed,
        STARTED,
        reproduce=script is not None,
        pictured=args.html is not None,
    )
    statuses = [_status(evidence.as_expected)]
    if target:
        statuses.append(_save("--json", target, evidence.to_json()))
    if script and text:
        statuses.append(_save("--reproduce", script, text.rstrip("\n")))
    statuses.append(_save_reports(args, evidence))
    if not (args.quiet and evidence.as_expected):
        _report(print_explanation, evidence)
    return max(statuses)


def _transfer(args: argparse.Namespace) -> int:
    from compare.reports.moves import print_moves
    from compare.twins.files.transfer import transfer_files

    moves = transfer_files(args.source, args.target, args.out, args.names, args.force)
    print_moves(_console(), moves, args.out or args.target)
    return AS_EXPECTED


def _port(args: argparse.Namespace) -> int:
    from compare.reports.ports import print_port

    _targets(args, {}, port_arguments.python_files(args))
    ported = port_arguments.ported(args)
    saved = _save_reports(args, ported)
    if not (args.quiet and ported.is_proved):
        print_port(_console(), ported, args.out)
    return max(_status(ported.is_proved), saved)


def _train(args: argparse.Namespace) -> int:
    from compare import session
    from compare.reports.training import plot, print_training
    from compare.subjects.examples import check_trainable
    from compare.twins.interrupting import Interruption

    recipe = train_arguments.recipe(args)
    pair = _pair_or_file(args.name)
    if isinstance(pair, Pair):
        check_trainable(pair)
    paths = {"--json": args.json, "--plot": args.plot}
    target, picture = _targets(args, paths, [args.name])
    if picture:
        files.check_picture(args.plot)
    interruption = Interruption()
    prices = _prices(args.prices)
    evidence = session.train(pair, prices, recipe, STARTED, interruption)
    statuses = [_status(evidence.in_step)]
    if evidence.interrupted:
        statuses.append(KILLED + interruption.signal)
    if target:
        statuses.append(_save("--json", target, evidence.to_json()))
    if picture and evidence.done:
        statuses.append(_save("--plot", picture, plot(evidence)))
    statuses.append(_save_reports(args, evidence))
    is_good = evidence.in_step and not evidence.interrupted
    if not (args.quiet and is_good):
        _report(print_training, evidence)
    return max(statuses)


def _status(as_expected: bool) -> int:
    return AS_EXPECTED if as_expected else UNEXPECTED


# ----------------------------------------------------------------- what options name


def _pair_or_file(name: str) -> Pair | str:
    """A built-in pair, or the path of a pair file."""
    if is_pair_file(name):
        return name
    return _pair(name)


def _pair(name: str) -> Pair:
    names = [pair.file for pair in PAIRS]
    if name in names:
        return PAIRS[names.index(name)]
    near = difflib.get_close_matches(name, [*names, *VERBS], n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else "`list` names them"
    raise BadInput(
        f"expected the name of a pair, or of a pair file that ends in .py, got "
        f"{name!r}; {hint}"
    )


def _prices(path: str | None) -> Prices:
    """The prices in a CSV file, or those that come with the package."""
    from compare.subjects import prices

    if path:
        return prices.read(path)
    return prices.built_in()


def _targets(
    args: argparse.Namespace, paths: Mapping[str, str | None], names: Sequence[str]
) -> list[Path | None]:
    """Where the files of options go, checked before the work; None without one.

    Args:
        args: of the command line.
        paths: by option.
        names: of pairs and pair files.

    Raises:
        BadInput: as `outputs.targets`.
    """
    inputs = {name: name for name in names if is_pair_file(name)}
    for option in ("prices", "model", "config"):
        path = getattr(args, option, None)
        if path:
            inputs[path] = path if option == "model" else f"--{option} {path}"
    reports = report_files.paths(args)
    targets = outputs.targets({**paths, **reports}, inputs, args.force)
    args.report_targets = dict(zip(reports, targets[len(paths) :], strict=True))
    return targets[: len(paths)]


# ------------------------------------------------------------------------------ output


def _report(print_report: Callable[[Console, Report], None], evidence: Report) -> None:
    """Print a report, whether or not anybody reads it to its end."""
    try:
        print_report(_console(), evidence)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)


def _save(option: str, target: Path, content: str | bytes) -> int:
    """Write a file; return the exit status for it.

    A full disk is said, and costs nobody the report that is printed as well.
    """
    try:
        files.write(option, target, content)
    except BadInput as error:
        _complain(str(error))
        return BAD_INPUT
    return AS_EXPECTED


def _save_reports(args: argparse.Namespace, found: object) -> int:
    """Write the files of reports that were asked for; return the exit status for them.

    Args:
        args: of the command line, with the files that `_targets` checked.
        found: what the verb found out.
    """
    statuses = [AS_EXPECTED]
    for option, target in args.report_targets.items():
        text = report_files.content(option, found, args)
        if outputs.is_job_summary(target):
            text = outputs.appended(target, text)
        statuses.append(_save(option, target, text))
    return max(statuses)


def _complain(line: str) -> None:
    """Say what is wrong on stderr, whether or not anybody can read it."""
    program = command().removeprefix("python -m ")
    try:
        print(f"{program}: {line}", file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Let what is still in a stream's buffer go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # `main` sees to it; Rich would end with status 1


def _console() -> Console:
    return _Console(emoji=False)


VERBS = {
    "list": Verb(_list, arguments.LIST),
    "show": Verb(_show, arguments.SHOW),
    "run": Verb(_run, arguments.RUN),
    "explain": Verb(_explain, arguments.EXPLAIN),
    "train": Verb(_train, train_arguments.TRAIN),
    "claims": Verb(_claims, arguments.CLAIMS),
    "new": Verb(_new, arguments.NEW),
    "transfer": Verb(_transfer, arguments.TRANSFER),
    "port": Verb(_port, port_arguments.PORT),
}
