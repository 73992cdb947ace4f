"""Closed streams, odd encodings, terminals, folders and variables of Python."""

from __future__ import annotations

import sys

from case import REFUSED, SAME, Case

from areas.outputs import PAIR

CLOSED = {
    "no-stdin": "<&-",
    "no-stdout": ">&-",
    "no-stderr": "2>&-",
    "no-streams": "<&- >&- 2>&-",
    "stdout-full": ">/dev/full",
    "stderr-full": "2>/dev/full",
    "both-full": ">/dev/full 2>&1",
    "stdout-into-a-reader-that-left": "> >(true)",
}

# Verbs that end well and verbs that refuse, without a framework.
VERBS = {
    "list": (("list",), SAME),
    "show": (("show", "gru_layer"), SAME),
    "refusal": (("run", "no_such_pair"), REFUSED),
}

VARIABLES: dict[str, dict[str, str | None]] = {
    "columns-0": {"COLUMNS": "0"},
    "columns-1": {"COLUMNS": "1"},
    "columns-5": {"COLUMNS": "5"},
    "columns-negative": {"COLUMNS": "-3"},
    "columns-word": {"COLUMNS": "wide"},
    "columns-empty": {"COLUMNS": ""},
    "columns-many": {"COLUMNS": "100000"},
    "lines-0": {"LINES": "0"},
    "term-dumb": {"TERM": "dumb"},
    "term-unknown": {"TERM": "no-such-terminal"},
    "term-none": {"TERM": None},
    "no-color": {"NO_COLOR": "1"},
    "no-home": {"HOME": None, "USER": None, "LOGNAME": None},
    "home-missing": {"HOME": "/no/such/folder"},
    "home-a-file": {"HOME": "/dev/null"},
    "no-path": {"PATH": None},
    "tmpdir-missing": {"TMPDIR": "/no/such/folder"},
    "ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ascii-strict": {"PYTHONIOENCODING": "ascii:strict"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "locale-unknown": {"LC_ALL": "xx_XX.ODD"},
    "optimised": {"PYTHONOPTIMIZE": "1"},
    "optimised-twice": {"PYTHONOPTIMIZE": "2"},
    "development": {"PYTHONDEVMODE": "1"},
    "warnings-are-errors": {"PYTHONWARNINGS": "error"},
    "safe-path": {"PYTHONSAFEPATH": "1"},
    "unbuffered": {"PYTHONUNBUFFERED": "1"},
    "hash-seed": {"PYTHONHASHSEED": "12345"},
    "few-digits": {"PYTHONINTMAXSTRDIGITS": "640"},
    "no-user-site": {"PYTHONNOUSERSITE": "1"},
    "fault-handler": {"PYTHONFAULTHANDLER": "1"},
    "allocations-traced": {"PYTHONTRACEMALLOC": "1"},
    "keras-backend": {"KERAS_BACKEND": "jax"},
    "language": {"LANG": "de_DE.UTF-8", "LANGUAGE": "de"},
}

BEFORE = {
    "folder-removed": 'rmdir "$PWD"',
    "folder-protected": "chmod 555 .",
    "folder-unreadable": "chmod 000 .",
    "umask-all": "umask 777",
    "few-files-open": "ulimit -n 24",
    "small-stack": "ulimit -s 256",
    "processor-limit": "ulimit -t 60",
    "no-core-files": "ulimit -c 0",
    "hang-up-ignored": "trap '' HUP",
    "pipe-ignored": "trap '' PIPE",
    "interrupts-ignored": "trap '' INT",
    "children-ignored": "trap '' CHLD",
}

# What lies in the folder that the command is called in, and is not to be run.
SHADOWS = (
    "compare.py",
    "torch.py",
    "keras.py",
    "numpy.py",
    "rich.py",
    "json.py",
    "argparse.py",
    "sitecustomize.py",
    "usercustomize.py",
    "conftest.py",
    "keras_models/__init__.py",
    "pytorch_models/gru_layer.py",
)
MARK = "open('canary-of-the-folder', 'w').close()\n"


def cases() -> list[Case]:
    """Light verbs in every such place, and some whole runs."""
    return [*_closed(), *_variables(), *_before(), *_shadows(), *_whole_runs()]


def _closed() -> list[Case]:
    made = []
    for name, redirections in CLOSED.items():
        for verb, (argv, status) in VERBS.items():
            unheard = "full" in name or "no-st" in name
            statuses = (status, REFUSED) if unheard else (status,)
            made.append(
                Case(
                    f"environment/{verb}-{name}",
                    argv,
                    statuses=statuses,
                    redirections=redirections,
                )
            )
    return made


def _variables() -> list[Case]:
    made = []
    for name, variables in VARIABLES.items():
        for verb, (argv, status) in VERBS.items():
            made.append(
                Case(
                    f"environment/{verb}-{name}",
                    argv,
                    statuses=(status,),
                    environment=variables,
                )
            )
    return made


def _before() -> list[Case]:
    made = []
    for name, before in BEFORE.items():
        made.append(
            Case(f"environment/list-{name}", ("list",), statuses=(SAME,), before=before)
        )
    for name in ("folder-removed", "folder-protected"):
        made.append(
            Case(f"environment/new-{name}", ("new", "pair.py"), before=BEFORE[name])
        )
    return made


def _shadows() -> list[Case]:
    made = []
    for file in SHADOWS:
        for verb, (argv, status) in VERBS.items():
            if verb == "list":
                continue
            made.append(
                Case(
                    f"environment/{verb}-beside-{file.replace('/', '-')}",
                    argv,
                    statuses=(status,),
                    files={file: MARK},
                )
            )
    return made


def _whole_runs() -> list[Case]:
    """A pair file whose models are the same, run with the frameworks."""
    made = []
    places: dict[str, dict[str, str | None]] = {
        "optimised-twice": VARIABLES["optimised-twice"],
        "warnings-are-errors": VARIABLES["warnings-are-errors"],
        "development": VARIABLES["development"],
        "ascii": VARIABLES["ascii"],
        "no-home": VARIABLES["no-home"],
        "home-a-file": VARIABLES["home-a-file"],
        "columns-0": VARIABLES["columns-0"],
        "tmpdir-missing": VARIABLES["tmpdir-missing"],
    }
    for name, variables in places.items():
        made.append(_whole_run(name, environment=variables))
    made += [
        _whole_run("folder-protected", before="chmod 555 ."),
        _whole_run("no-stdin", redirections="<&-"),
        _whole_run("isolated", program=(sys.executable, "-I", *_TWINPROOF)),
    ]
    for number in (1, 2):
        made.append(
            _whole_run(
                f"stream-{number}-closed",
                redirections=f"{number}>&-",
                statuses=(SAME, REFUSED),
            )
        )
    made.append(
        _whole_run(
            "keras-backend",
            environment=VARIABLES["keras-backend"],
            statuses=(REFUSED,),
        )
    )
    return made


_TWINPROOF = ("-m", "twinproof", "run", "pair.py")


def _whole_run(name: str, **options: object) -> Case:
    return Case(
        f"environment/whole-run-{name}",
        ("run", "pair.py"),
        files={"pair.py": PAIR},
        imports="frameworks",
        seconds=20.0,  # it does its work
        **{"statuses": (SAME,), **options},  # type: ignore[arg-type]
    )
