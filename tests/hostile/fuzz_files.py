"""Transfer damaged weight files, each by random damage, and see that nothing happens.

    python tests/hostile/fuzz_files.py [N] [--seed S]

Each of N files (5,000 if not said) is moved from or into a whole file of the other
framework, in a child process as the command does it; one in a hundred by the command
itself. It must be moved or refused, in one line that any terminal can show; the target
stays as it was, nothing is left over, nothing in the file is run, and it takes at most
2 s of the processor and 500 MB. A table of counts comes on stdout, progress on stderr;
the exit status is 1 if anything went wrong, and the files that did it are kept.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from damages import OF_BYTES, in_entry, in_hdf5, in_header
from weight_seeds import save_seeds

from compare.errors import BadInput
from compare.twins.files.transfer import PYTORCH, transfer_files

SECONDS, MB = 2.0, 500
ONE_IN = 100  # is a whole command
UNLIKE = "expected a twin for each layer"  # begins a list of layers, a line for each

OUTCOMES = ("moved", "refused", "wrong")
FORMATS = (".pt", ".pth", ".keras", ".weights.h5", ".h5", ".hdf5", ".safetensors")


@dataclass
class Counts:
    """What came of the files.

    Args:
        outcomes: how many, by format and outcome.
        damages: how many, by kind of damage.
        slowest: seconds of the processor that a file took.
        mistakes: what went wrong, a line each.
    """

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    damages: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    mistakes: list[str] = field(default_factory=list)

    def table(self) -> str:
        """The counts, a line for each format."""
        lines = [f"{'format':14}{'files':>8}{'moved':>8}{'refused':>9}{'wrong':>7}"]
        for name in (*FORMATS, "all"):
            numbers = [
                sum(
                    count
                    for (ending, result), count in self.outcomes.items()
                    if name in (ending, "all") and result == outcome
                )
                for outcome in OUTCOMES
            ]
            moved, refused, wrong = numbers
            lines.append(
                f"{name:14}{sum(numbers):8}{moved:8}{refused:9}{wrong:7}".rstrip()
            )
        damages = ", ".join(f"{name} {n}" for name, n in sorted(self.damages.items()))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        lines.append(f"damage: {damages}")
        lines.append(f"slowest: {self.slowest:.2f} s; largest child: {peak:.0f} MB")
        return "\n".join(lines)


@dataclass(frozen=True)
class Seeds:
    """Whole files.

    Args:
        by_framework: their paths.
        contents: their bytes.
        canary: exists if a file was run.
        work: the folder in which damaged files are moved.
    """

    by_framework: dict[str, list[Path]]
    contents: dict[Path, bytes]
    canary: Path
    work: Path


def main() -> int:
    """Run the files; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("number", nargs="?", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for module in PYTORCH:  # here once, and not in each child
        import_module(module)
    with tempfile.TemporaryDirectory() as folder:
        seeds = _seeds(Path(folder))
        counts = Counts()
        _check_seeds(seeds)
        for number in range(args.number):
            _run(np.random.default_rng((args.seed, number)), number, seeds, counts)
            if (number + 1) % 100 == 0:
                wrong = len(counts.mistakes)
                print(f"{number + 1} files, {wrong} wrong", file=sys.stderr, flush=True)
    print(counts.table())
    for mistake in counts.mistakes:
        print(mistake)
    return 1 if counts.mistakes else 0


def _seeds(folder: Path) -> Seeds:
    saved, work, canary = folder / "saved", folder / "work", folder / "canary"
    saved.mkdir()
    work.mkdir()
    by_framework = save_seeds(saved, canary)
    contents = {}
    for paths in by_framework.values():
        for path in paths:
            contents[path] = path.read_bytes()
    return Seeds(by_framework, contents, canary, work)


def _check_seeds(seeds: Seeds) -> None:
    """See that every seed is moved while it is whole, but for that with code in it."""
    keras = seeds.by_framework["keras"][0]
    for path in seeds.by_framework["torch"]:
        if path.stem != "code":
            transfer_files(str(path), str(keras), str(seeds.work / "out.keras"))
    torch = seeds.by_framework["torch"][0]
    for path in seeds.by_framework["keras"]:
        transfer_files(str(path), str(torch), str(seeds.work / "out.pt"))
    for path in seeds.work.iterdir():
        path.unlink()


def _run(rng: np.random.Generator, number: int, seeds: Seeds, counts: Counts) -> None:
    """Damage a file, move it, and count what comes of it."""
    framework, twin = "torch", "keras"
    if rng.random() < 0.5:
        framework, twin = twin, framework
    seed = _drawn(rng, seeds.by_framework[framework])
    whole = _drawn(rng, seeds.by_framework[twin])
    if whole.stem == "code":
        whole = seeds.by_framework[twin][0]
    damage = _drawn(rng, _damages(seed))
    damaged = seeds.work / f"damaged{_ending(seed)}"
    try:
        content = damage(rng, seeds.contents[seed], list(seeds.contents.values()))
    except Exception:  # such as an edit of HDF5 that HDF5 refuses
        damage = OF_BYTES[0]
        content = damage(rng, seeds.contents[seed], [])
    sound = seeds.work / f"sound{_ending(whole)}"
    contents = {damaged: content, sound: seeds.contents[whole]}
    for path, data in contents.items():
        path.write_bytes(data)
    paths = list(contents)
    if rng.random() < 0.5:
        paths.reverse()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome, reason = _moved(paths, command=number % ONE_IN == 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if number % ONE_IN:  # a command has imports beside it
        counts.slowest = max(counts.slowest, seconds)
        if seconds > SECONDS:
            outcome, reason = "wrong", f"{seconds:.1f} s of the processor"
    if before.ru_maxrss < MB * 1024 <= after.ru_maxrss:
        outcome, reason = "wrong", f"{after.ru_maxrss // 1024} MB"
    if outcome != "moved" and paths[1].read_bytes() != contents[paths[1]]:
        outcome, reason = "wrong", "the target is another"
    if seeds.canary.exists():
        outcome, reason = "wrong", "code was run"
        seeds.canary.rmdir()
    if sorted(seeds.work.iterdir()) != sorted(paths):
        outcome, reason = "wrong", f"left over: {os.listdir(seeds.work)}"
    if outcome == "wrong":
        kept = Path(tempfile.mkdtemp(prefix=f"fuzz-{number}-"))
        for path, data in contents.items():
            (kept / path.name).write_bytes(data)
        names = " ".join(path.name for path in paths)
        counts.mistakes.append(f"{damage.__name__} {kept}: {names}: {reason}")
        print(counts.mistakes[-1], file=sys.stderr, flush=True)
    counts.outcomes[_ending(seed), outcome] += 1
    counts.damages[damage.__name__] += 1
    for path in seeds.work.iterdir():
        path.unlink()


def _drawn(rng, items):
    return items[rng.integers(len(items))]


def _ending(path: Path) -> str:
    return "".join(path.suffixes)


def _damages(seed: Path):
    """What may happen to a file; its fields are damaged as often as its bytes."""
    fields = ()
    content = seed.read_bytes()
    if content.startswith(b"PK"):
        fields = (in_entry,)
    elif content.startswith(b"\x89HDF"):
        fields = (in_hdf5,)
    elif seed.suffix == ".safetensors":
        fields = (in_header,)
    return (*OF_BYTES, *fields * len(OF_BYTES))


def _moved(paths: list[Path], command: bool) -> tuple[str, str]:
    """Transfer from the first into the second; return what came of it, and why."""
    if command:
        return _moved_by_command(paths)
    try:
        transfer_files(str(paths[0]), str(paths[1]))
    except BadInput as error:
        return _judged(str(error))
    except Exception as error:
        return "wrong", f"{type(error).__name__}: {error}"
    return "moved", ""


def _moved_by_command(paths: list[Path]) -> tuple[str, str]:
    command = [sys.executable, "-m", "compare", "transfer", *map(str, paths)]
    started = time.monotonic()
    ran = subprocess.run(
        command, capture_output=True, cwd=Path(__file__).parents[2], timeout=120
    )
    text = ran.stderr.decode(errors="replace")
    if ran.returncode == 0 and not text:
        return "moved", ""
    if ran.returncode != 2 or "Traceback" in text:
        took = time.monotonic() - started
        return "wrong", f"status {ran.returncode} after {took:.0f} s: {text[-300:]!r}"
    return _judged(text.removesuffix("\n"))


def _judged(text: str) -> tuple[str, str]:
    """Whether a refusal is one line that any terminal can show, or a list of layers."""
    lines = text.split("\n")
    if not all(line.isprintable() for line in lines):
        return "wrong", f"not printable: {text!r}"
    if len(lines) > 1 and UNLIKE not in lines[0]:
        return "wrong", f"{len(lines)} lines: {text!r}"
    return "refused", text


if __name__ == "__main__":
    sys.exit(main())
