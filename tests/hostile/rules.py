"""What no case may do, whatever it is given."""

from __future__ import annotations

from case import REFUSED, Baseline, Case, Outcome
from folders import CANARY

LONGEST_LINE = 1_200  # letters: a sentence with two paths of 500 in it
FRAMEWORKS_OWN = ("torchinductor_",)  # folders of PyTorch's that it leaves there


def problems(case: Case, outcome: Outcome, baseline: Baseline) -> list[str]:
    """The rules that a case broke, a sentence each.

    Args:
        case: that was run.
        outcome: what it did.
        baseline: what its imports alone cost, measured beside it.
    """
    if outcome.status is None:
        return [f"hung, and was ended after {outcome.seconds:.0f} s of the processor"]
    return [
        *_wrong_end(case, outcome),
        *_wrong_text(case, outcome),
        *_wrong_files(case, outcome),
        *_too_much(case, outcome, baseline),
    ]


def _wrong_end(case: Case, outcome: Outcome) -> list[str]:
    wrong = []
    if outcome.status not in case.statuses:
        expected = " or ".join(map(str, case.statuses))
        wrong.append(f"ended with status {outcome.status}, not {expected}")
    if outcome.alive:
        wrong.append(f"left running: {'; '.join(outcome.alive)}")
    return wrong


def _wrong_text(case: Case, outcome: Outcome) -> list[str]:
    wrong = []
    printed = outcome.stdout + outcome.stderr
    lines = [line for line in printed.splitlines() if line.strip()]
    if "Traceback (most recent call last)" in printed:
        wrong.append("printed a traceback")
    if outcome.status == REFUSED and len(lines) > case.lines:
        wrong.append(f"refused in {len(lines)} lines, more than {case.lines}")
    longest = max(map(len, lines), default=0)
    if outcome.status == REFUSED and longest > LONGEST_LINE:
        wrong.append(f"refused in a line of {longest} letters")
    obeyed = {letter for letter in printed if _is_control(letter)}
    if obeyed:
        wrong.append(f"printed control characters: {''.join(sorted(obeyed))!a}")
    if case.says and case.says not in " ".join(printed.split()):
        wrong.append(f"did not say {case.says!r}")
    return wrong


def _is_control(letter: str) -> bool:
    return letter not in "\n\t" and (letter < " " or "\x7f" <= letter < "\xa0")


def _wrong_files(case: Case, outcome: Outcome) -> list[str]:
    wrong = []
    paths = sorted({*outcome.before, *outcome.after})
    for path in paths:
        if outcome.before.get(path) == outcome.after.get(path):
            continue
        if CANARY in path:
            wrong.append(f"ran code that nobody asked for: {path} is there")
        elif path not in outcome.after:
            wrong.append(f"removed {path}")
        elif outcome.status == REFUSED and path in outcome.before:
            wrong.append(f"changed {path}, though it refused")
        elif outcome.status == REFUSED:
            wrong.append(f"left {path}, though it refused")
        elif path not in case.changed:
            wrong.append(f"changed or made {path}")
    litter = [name for name in outcome.litter if not name.startswith(FRAMEWORKS_OWN)]
    if litter:
        wrong.append(f"left temporary files: {', '.join(litter)}")
    return wrong


def _too_much(case: Case, outcome: Outcome, baseline: Baseline) -> list[str]:
    wrong = []
    seconds = outcome.seconds - baseline.seconds
    megabytes = outcome.megabytes - baseline.megabytes
    if seconds > case.seconds:
        wrong.append(
            f"took {seconds:.1f} s of the processor beyond the imports, more than "
            f"{case.seconds:g}"
        )
    if megabytes > case.megabytes:
        wrong.append(
            f"took {megabytes:.0f} MB beyond the imports, more than {case.megabytes:g}"
        )
    return wrong
