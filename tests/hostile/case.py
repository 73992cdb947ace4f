"""One hostile or unlucky case: what is run where, and how it may end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

# What lies in a case's folder: text, bytes, or a function that makes it at a path.
Content = str | bytes | Callable[[Path], object]

# What a command has to import before it can refuse: see `baselines.py`.
Imports = Literal["light", "numpy", "frameworks", "pytest"]

SAME, DIFFERS, REFUSED = 0, 1, 2


@dataclass(frozen=True)
class Case:
    """One command, or code that calls the suite, in a folder of its own.

    Args:
        name: of its own, which begins with the area's name.
        argv: arguments after `twinproof`.
        code: Python in place of argv, see `calls.py`; or None.
        program: the whole command in place of `twinproof` and argv; or None.
        statuses: exit statuses that are right.
        says: what one of the lines that are printed has to hold.
        files: what the folder holds, by path inside it.
        changed: paths inside the folder that may come or change.
        imports: what the command loads in any case.
        warm: whether to run it in a process that has loaded both frameworks already.
        environment: variables by name; None takes one away.
        redirections: of the shell, such as ">&-".
        before: a line of the shell that is run first.
        bytes_per_file: none may grow larger; None for no bound.
        seconds: of the processor at most, beyond the imports.
        megabytes: of memory at most, beyond the imports.
        lines: printed at most where the status is REFUSED.
    """

    name: str
    argv: tuple[str, ...] = ()
    code: str | None = None
    program: tuple[str, ...] | None = None
    statuses: tuple[int, ...] = (REFUSED,)
    says: str = ""
    files: Mapping[str, Content] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    imports: Imports = "light"
    warm: bool = False
    environment: Mapping[str, str | None] = field(default_factory=dict)
    redirections: str = ""
    before: str = ""
    bytes_per_file: int | None = None
    seconds: float = 2.0
    megabytes: float = 500.0
    lines: int = 6

    @property
    def area(self) -> str:
        """The first part of the name."""
        return self.name.partition("/")[0]


@dataclass(frozen=True)
class Outcome:
    """What a case did.

    Args:
        status: of its end; None where it had to be ended.
        stdout, stderr: what it printed.
        seconds: of the processor, its own and of processes that it started.
        megabytes: of memory at most.
        before, after: what the folder held, as `folders.snapshot` gives it.
        litter: names of what it left in its folder for temporary files.
        alive: command lines of processes that it left running.
    """

    status: int | None
    stdout: str
    stderr: str
    seconds: float
    megabytes: float
    before: Mapping[str, str]
    after: Mapping[str, str]
    litter: tuple[str, ...] = ()
    alive: tuple[str, ...] = ()


@dataclass(frozen=True)
class Baseline:
    """What the imports alone cost.

    Args:
        seconds: of the processor.
        megabytes: of memory.
    """

    seconds: float = 0.0
    megabytes: float = 0.0
