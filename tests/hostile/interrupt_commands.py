"""Interrupt the command line at random times, and look at what it leaves.

    python tests/hostile/interrupt_commands.py [N] [--seed S]

Each of N runs (200 by default) of one command gets SIGINT, as Ctrl-C sends it to the
whole process group, or SIGTERM, at a random time over its whole duration; every third
has a terminal as stderr, and so a progress bar. Prints a table of counts, and what was
wrong; exit status 1 if anything was. Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from interrupted import COMMANDS, Command, write_inputs

TWINPROOF = [sys.executable, "-m", "twinproof"]  # what the installed command runs
WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
STOPPING = "twinproof: stopping after this step; press Ctrl-C again to end at once"
PARTIAL = ("Interrupted after step", "The run was complete, but")
# A progress bar, or the line that a log gets of what takes long.
PROGRESS_LINE = re.compile(
    r" \d+:\d\d:\d\d$|^(gru_layer|right|wrong)(\.py)?: |, \d+ of \d+ steps: "
)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
HIDDEN, SHOWN = "\x1b[?25l", "\x1b[?25h"
SECONDS_OF_CHILDREN = 2.0  # in which what the command started has to be gone
LONGEST = 120.0  # seconds of a command that was interrupted
REPORTED = 20  # runs, after which their number is said
OUTCOMES = ("one line", "partial result", "was over", "Python's own", "wrong")


@dataclass
class Ended:
    """How a run of a command ended.

    Args:
        status: as `subprocess` has it: minus the number of a signal that killed it.
        out: on stdout.
        err: on stderr.
        seconds: from its start, or from the signal to it.
    """

    status: int
    out: str
    err: str
    seconds: float


def run(
    command: Command,
    folder: Path,
    temporary: Path,
    number: signal.Signals | None = None,
    at: float = 0.0,
    terminal: bool = False,
) -> Ended:
    """Run a command in a folder, and send it a signal at a time if one is given.

    Args:
        command: that is run.
        folder: in which it is.
        temporary: the folder for temporary files.
        number: of the signal.
        at: seconds from the start to the signal.
        terminal: whether stderr is one.
    """
    environment = {**os.environ, "TMPDIR": str(temporary), "COLUMNS": "80"}
    stderr: int = subprocess.PIPE
    if terminal:
        reader, stderr = os.openpty()
    started = time.perf_counter()
    process = subprocess.Popen(
        [*TWINPROOF, *command.text.split()],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
        preexec_fn=heed_signals,
    )
    shown: list[bytes] = []
    thread = None
    if terminal:
        os.close(stderr)
        thread = threading.Thread(target=read_terminal, args=[reader, shown])
        thread.start()
    if number is not None:
        timer = threading.Timer(at, send, [process, number])
        timer.start()
        started += at
    try:
        out, err = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    seconds = time.perf_counter() - started
    if number is not None:
        timer.cancel()
        timer.join()
    if thread is not None:
        thread.join()
        os.close(reader)
        err = b"".join(shown)
    if children(process.pid, SECONDS_OF_CHILDREN):
        err += b"\na child is alive"
    text = err.decode(errors="replace")
    return Ended(process.returncode, out.decode(errors="replace"), text, seconds)


def heed_signals() -> None:
    """Ignore no signal in a child, though this may run in the background."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def send(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal: Ctrl-C to the whole group, as terminals do."""
    if process.poll() is not None:
        return
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)


def read_terminal(reader: int, shown: list[bytes]) -> None:
    """Read all that is written to a terminal, until nobody holds it any more."""
    while True:
        try:
            part = os.read(reader, 65536)
        except OSError:  # Linux says so of a terminal that nobody holds
            return
        if not part:
            return
        shown.append(part)


def children(group: int, seconds: float) -> list[int]:
    """The processes of a group that are alive after some seconds."""
    until = time.perf_counter() + seconds
    while True:
        alive = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, _, its_group = stat.read_text().rsplit(") ", 1)[1].split()[:3]
            except (OSError, IndexError):  # it has just ended
                continue
            if int(its_group) == group and state not in "ZX":
                alive.append(int(stat.parent.name))
        if not alive or time.perf_counter() > until:
            return alive
        time.sleep(0.05)


def outcome(command: Command, ended: Ended, number: signal.Signals) -> tuple[str, str]:
    """How an interrupted run is counted, and what is wrong with it or an empty text."""
    lines = ESCAPES.sub("", ended.err).replace("\r", "\n").split("\n")
    lines = [line.rstrip() for line in lines if line.strip()]
    plain = [line for line in lines if not PROGRESS_LINE.search(line)]
    if ended.status == command.status and not plain:
        return "was over", ""
    in_suite = "compare/" in ended.err or "twinproof" in ended.err
    if ended.status == -number and not in_suite:
        return "Python's own", ""  # it was not ours yet, or not ours any more
    if "Traceback" in ended.err:
        return "wrong", "a traceback"
    if ended.err.rfind(HIDDEN) > ended.err.rfind(SHOWN):
        return "wrong", "the cursor is hidden"
    if ended.status != 128 + number:
        return "wrong", f"status {ended.status}"
    if plain == [f"twinproof: {WORDS[number]}"]:
        return "one line", ""
    is_partial = any(text in ended.out for text in PARTIAL)
    if plain in ([], [STOPPING]) and is_partial:
        return "partial result", ""
    return "wrong", "other lines than the one"


def left_over(command: Command, folder: Path, before: set[str]) -> str:
    """What is wrong with the files in a folder after a run, or an empty text."""
    for path in sorted(folder.iterdir()):
        check = command.checks.get(path.name)
        if check is None and path.name not in before:
            return f"left {path.name}"
        if check is not None:
            try:
                check(path)
            except Exception as error:
                return f"half of {path.name}: {error}"
    return ""


class Interrupter:
    """Runs commands in folders of their own, and interrupts them.

    Args:
        place: a folder for these.
        seed: of the times and signals.
        say: is told what is being done, and what was wrong.

    Attributes:
        counts: of runs, by command and outcome.
        slowest: the longest time from the signal to the end in seconds, by command.
    """

    def __init__(self, place: Path, seed: int, say: Callable[[str], object]) -> None:
        self.say = say
        self.counts: Counter[tuple[str, str]] = Counter()
        self.slowest: dict[str, float] = {}
        self._chance = random.Random(seed)
        self._inputs = place / "inputs"
        self._folder, self._temporary = place / "folder", place / "temporary"
        self._durations: dict[str, float] = {}
        self._usual: dict[str, set[str]] = {}  # what PyTorch leaves in TMPDIR
        self._inputs.mkdir()
        write_inputs(self._inputs)

    def run(self, command: Command) -> None:
        """Let a command run to its end, to know how long it takes and what it leaves.

        Raises:
            ValueError: if it does not end as it should.
        """
        with self._folders():
            ended = run(command, self._folder, self._temporary)
            if ended.status != command.status:
                raise ValueError(f"{command.text}: status {ended.status}\n{ended.err}")
            self._durations[command.text] = ended.seconds
            self._usual[command.text] = names_in(self._temporary)
        self.say(f"{command.text}: {ended.seconds:.1f} s")

    def interrupt(self, command: Command) -> None:
        """Interrupt a command at a random time, and count what became of it."""
        number = self._chance.choice([signal.SIGINT, signal.SIGTERM])
        at = self._chance.uniform(0, self._durations[command.text])
        terminal = self._chance.randrange(3) == 0
        with self._folders():
            ended = run(command, self._folder, self._temporary, number, at, terminal)
            result, problem = outcome(command, ended, number)
            if not problem:
                problem = left_over(command, self._folder, names_in(self._inputs))
            names = names_in(self._temporary) - self._usual[command.text]
            if not problem and names:
                problem = f"temporary files: {sorted(names)}"
        if problem:
            result = "wrong"
            self.say(f"{command.text}, {number.name} at {at:.3f} s: {problem}")
            self.say(ended.err)
        self.counts[command.text, result] += 1
        if result != "was over":
            longest = max(self.slowest.get(command.text, 0.0), ended.seconds)
            self.slowest[command.text] = longest

    @contextmanager
    def _folders(self) -> Iterator[None]:
        """Have a fresh folder with the inputs, and one for temporary files."""
        shutil.copytree(self._inputs, self._folder)
        self._temporary.mkdir()
        try:
            yield
        finally:
            shutil.rmtree(self._folder)
            shutil.rmtree(self._temporary)


def names_in(folder: Path) -> set[str]:
    """The names of the files in a folder."""
    return {path.name for path in folder.iterdir()}


def interrupt(
    runs: int, seed: int, say: Callable[[str], object]
) -> tuple[list[str], int]:
    """Interrupt commands at random times.

    Args:
        runs: how many.
        seed: of the times and signals.
        say: is told what is being done, and what was wrong.

    Returns:
        The table, and how many runs were wrong.
    """
    with tempfile.TemporaryDirectory() as place:
        interrupter = Interrupter(Path(place), seed, say)
        for command in COMMANDS[:runs]:
            interrupter.run(command)
        for index in range(runs):
            interrupter.interrupt(COMMANDS[index % len(COMMANDS)])
            if (index + 1) % REPORTED == 0:
                say(f"{index + 1} of {runs}")
    wrong = 0
    for (_, result), count in interrupter.counts.items():
        if result == "wrong":
            wrong += count
    return table(interrupter.counts, interrupter.slowest), wrong


def table(counts: Counter[tuple[str, str]], slowest: Mapping[str, float]) -> list[str]:
    """A row for each command: its outcomes, and its longest time to the end."""
    lines = [f"{'':42}{''.join(f'{name:>16}' for name in OUTCOMES)}  longest end"]
    sums: Counter[str] = Counter()
    for command in COMMANDS:
        cells = ""
        for name in OUTCOMES:
            count = counts[command.text, name]
            cells += f"{count:16}"
            sums[name] += count
        seconds = slowest.get(command.text, 0.0)
        lines.append(f"{command.text[:41]:42}{cells}  {seconds:9.2f} s")
    cells = "".join(f"{sums[name]:16}" for name in OUTCOMES)
    return [*lines, f"{'all':42}{cells}"]


def main() -> int:
    """Read the arguments, interrupt, print; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", nargs="?", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    lines, wrong = interrupt(
        args.number, args.seed, lambda text: print(text, file=sys.stderr, flush=True)
    )
    print("\n".join(lines))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
