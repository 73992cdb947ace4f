"""What the imports of a command cost, measured beside the cases that need them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

import commands
from case import Baseline, Case, Imports

AGAIN = 40  # cases, then the imports are measured anew: the load may have changed

PROGRAMS: dict[Imports, tuple[str, ...]] = {
    "light": (*commands.TWINPROOF, "list"),
    "numpy": (
        sys.executable,
        "-c",
        "import compare.cli, compare.session, compare.subjects.prices",
    ),
    "frameworks": (
        sys.executable,
        "-c",
        "import compare.cli, compare.subjects.subject, compare.subjects.own.run",
    ),
    "pytest": (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--version"),
}


class Baselines:
    """The cost of each kind of imports, measured when it is needed."""

    def __init__(self) -> None:
        self._measured: dict[Imports, Baseline] = {}
        self._since: dict[Imports, int] = {}

    def of(self, case: Case) -> Baseline:
        """What the imports of a case cost now."""
        if case.warm:
            return Baseline()
        imports = case.imports
        since = self._since.get(imports, AGAIN)
        if since >= AGAIN:
            self._measured[imports] = _measure(imports)
            since = 0
        self._since[imports] = since + 1
        return self._measured[imports]


def _measure(imports: Imports) -> Baseline:
    times = 1 if imports == "frameworks" else 3
    case = Case("baseline", program=PROGRAMS[imports])
    ends = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            ends.append(commands.run(case, folder, folder, folder))
    return Baseline(
        seconds=median(end.seconds for end in ends),
        megabytes=median(end.megabytes for end in ends),
    )
