"""Run hostile and unlucky cases, and count by area which broke a rule.

    python tests/hostile/run_cases.py
    python tests/hostile/run_cases.py --area weights --every 10 --seed 1
    python tests/hostile/run_cases.py --only weights/empty-.pt-as-source

Exit status 1 where a case broke a rule of `rules.py`; each is named on stdout with what
it broke and with its command.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import commands
import folders
import rules
from areas import AREAS
from baselines import Baselines
from case import Case, Outcome
from warm import Warm


@dataclass(frozen=True)
class Ran:
    """A case that was run.

    Args:
        case: which.
        outcome: what it did.
        problems: the rules that it broke.
    """

    case: Case
    outcome: Outcome
    problems: list[str]


def main() -> int:
    """Run the cases that the command line chooses; return the exit status."""
    args = _arguments()
    cases = _chosen(args)
    started = time.monotonic()
    warm, baselines, ran = Warm(), Baselines(), []
    try:
        for number, case in enumerate(cases, 1):
            ran.append(run(case, warm, baselines, args.keep))
            _show(number, len(cases), ran[-1])
    finally:
        warm.close()
    _print_table(ran, time.monotonic() - started)
    if args.only and len(ran) == 1:
        print(ran[0].outcome.stdout + ran[0].outcome.stderr)
    return int(any(each.problems for each in ran))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--area", choices=AREAS, help="the cases of one area alone")
    parser.add_argument(
        "--only", metavar="NAME", help="one case, or a pattern; what it printed"
    )
    parser.add_argument("--every", type=int, default=1, help="one case of so many")
    parser.add_argument("--seed", type=int, default=0, help="which of them")
    parser.add_argument("--keep", action="store_true", help="the folders of cases")
    parser.add_argument("--list", action="store_true", help="names alone")
    return parser.parse_args()


def _chosen(args: argparse.Namespace) -> list[Case]:
    """The cases that options choose: one of so many, drawn in each area."""
    rng = random.Random(args.seed)
    chosen = []
    for area, cases_of in AREAS.items():
        if args.area and area != args.area:
            continue
        cases = cases_of()
        names = [case.name for case in cases]
        repeated = [name for name, count in Counter(names).items() if count > 1]
        assert not repeated, f"expected a name for each case, got {repeated} again"
        if args.only:
            chosen += [case for case in cases if fnmatch(case.name, args.only)]
            continue
        start = rng.randrange(args.every)
        chosen += cases[start :: args.every]
    if args.list:
        print("\n".join(case.name for case in chosen))
        return []
    if args.only and not chosen:
        raise SystemExit(f"expected the name of a case, got {args.only}; see --list")
    return chosen


def run(case: Case, warm: Warm, baselines: Baselines, keep: bool) -> Ran:
    """Run a case in a folder of its own, and hold the rules against it."""
    top = Path(tempfile.mkdtemp(prefix="hostile-"))
    folder, temporary, outputs = top / "case", top / "temporary", top / "outputs"
    for path in (folder, temporary, outputs):
        path.mkdir()
    folders.lay_out(folder, case.files)
    before = folders.snapshot(folder)
    baseline = baselines.of(case)
    run = warm.run if case.warm else commands.run
    ended = run(case, folder, temporary, outputs)
    after = before
    if folder.exists():  # a case may remove the folder that it runs in
        after = folders.snapshot(folder)
    outcome = Outcome(
        status=ended.status,
        stdout=_text(outputs / "stdout"),
        stderr=_text(outputs / "stderr"),
        seconds=ended.seconds,
        megabytes=ended.megabytes,
        before=before,
        after=after,
        litter=tuple(sorted(path.name for path in temporary.iterdir())),
        alive=ended.alive,
    )
    broken = rules.problems(case, outcome, baseline)
    if broken:
        warm.close()  # what went wrong may have left something behind
    if keep:
        print(f"{case.name}: {folder}", file=sys.stderr)
    else:
        folders.remove(top)
    return Ran(case, outcome, broken)


def _text(path: Path) -> str:
    if not path.exists():
        return ""
    return path.read_bytes().decode("utf-8", "backslashreplace")


# ------------------------------------------------------------------------------ output


def _show(number: int, total: int, ran: Ran) -> None:
    verdict = "; ".join(ran.problems) or "ok"
    figures = f"{ran.outcome.seconds:.1f} s, {ran.outcome.megabytes:.0f} MB"
    text = f"{number}/{total} {ran.case.name}: {verdict} ({figures})"
    print(text, file=sys.stderr, flush=True)


def _print_table(ran: list[Ran], seconds: float) -> None:
    for each in ran:
        if each.problems:
            print(f"{each.case.name}: {'; '.join(each.problems)}")
            print(f"    {commands.line(each.case)}")
    print(f"{'area':14}{'cases':>7}{'refused':>9}{'worked':>8}{'broke a rule':>14}")
    for area in AREAS:
        of_area = [each for each in ran if each.case.area == area]
        if of_area:
            _print_row(area, of_area)
    _print_row("all", ran)
    print(f"{seconds:.0f} s")


def _print_row(name: str, ran: list[Ran]) -> None:
    broken = sum(bool(each.problems) for each in ran)
    refused = sum(each.outcome.status == 2 for each in ran)
    worked = sum(each.outcome.status in (0, 1) for each in ran)
    print(f"{name:14}{len(ran):7}{refused:9}{worked:8}{broken:14}")


if __name__ == "__main__":
    sys.exit(main())
