"""The command line: `python -m compare`."""

import difflib
import os
import sys
import time
from collections.abc import Sequence

from rich.console import Console

from compare import arguments, files
from compare.errors import BadInput
from compare.judging.optimizers import CAUSES, Recipe
from compare.reports import comparison as terminal
from compare.subjects import sources
from compare.subjects.own import pair as own_pair
from compare.subjects.own import pair_file
from compare.subjects.own.sources import sources as sources_of_own
from compare.subjects.pairs import PAIRS, Pair

STARTED = time.perf_counter()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        args = arguments.parser().parse_args(arguments.with_verb(argv))
        return VERBS[args.verb](args)
    except BadInput as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("compare: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has left
        _no_reader()
        return 0
    except OSError as error:  # a full disk behind stdout, a stderr that was closed
        sys.stdout = None  # what is left in its buffer has nowhere to go
        print(f"compare: expected output to be written, got: {error}", file=sys.stderr)
        return 2


def _list(args):
    terminal.print_pairs(_console(), PAIRS)
    return 0


def _show(args):
    if own_pair.is_pair_file(args.name):
        parts = sources_of_own(args.name)
    else:
        parts = sources.both(_pair(args.name))
    terminal.print_sources(_console(), parts)
    return 0


def _new(args):
    target = files.target("new", args.file)
    if target.exists() or target.suffix != ".py":
        came = "one that is there already" if target.exists() else args.file
        raise BadInput(
            f"new {args.file}: expected the name of a new file that ends in .py, got "
            f"{came}; name another"
        )
    files.write("new", target, pair_file.template(args.file).rstrip("\n"))
    print(f"wrote {args.file}; next: python -m compare run {args.file}")
    return 0


def _claims(args):
    from compare import session as running
    from compare.reports.claims import print_claims

    print_claims(_console(), running.claims())
    return 0


def _pair_or_file(name: str) -> Pair | str:
    return name if own_pair.is_pair_file(name) else _pair(name)


def _pair(name: str) -> Pair:
    names = [pair.file for pair in PAIRS]
    if name in names:
        return PAIRS[names.index(name)]
    near = difflib.get_close_matches(name, [*names, *arguments.VERBS], n=1, cutoff=0.3)
    hint = f"did you mean {near[0]}?" if near else "`list` names them"
    raise BadInput(
        f"expected the name of a pair, or of a pair file that ends in .py, got "
        f"{name!r}; {hint}"
    )


def _run(args):
    # `list`, `show` and `--help` do without NumPy, the frameworks and a progress bar.
    from compare import session as running
    from compare.subjects import prices as price_files

    if args.names and args.all:
        raise BadInput("expected names of pairs or --all, got both; drop one")
    pairs = [_pair_or_file(name) for name in dict.fromkeys(args.names)]
    if not pairs:
        pairs = [pair for pair in PAIRS if pair.default or args.all]
    target = files.target("--json", args.json)
    prices = price_files.read(args.prices) if args.prices else price_files.built_in()
    evidence = running.run(
        pairs, prices, args.seed, STARTED, args.gradients, claimed=bool(target)
    )
    if target:  # first, so that a reader of the table who leaves early costs no file
        files.write("--json", target, evidence.to_json())
    status = 0 if evidence.as_expected else 1
    return _told(status, terminal.print_evidence, evidence)


def _explain(args):
    from compare import session as running
    from compare.subjects import prices as price_files

    pair = _pair_or_file(args.name)
    target = files.target("--json", args.json)
    script = files.target("--reproduce", args.reproduce)
    prices = price_files.read(args.prices) if args.prices else price_files.built_in()
    evidence, text = running.explain(pair, prices, args.seed, STARTED, bool(script))
    if target:
        files.write("--json", target, evidence.to_json())
    if script and text:
        files.write("--reproduce", script, text.rstrip("\n"))
    status = 0 if evidence.as_expected else 1
    return _told(status, terminal.print_explanation, evidence)


def _transfer(args):
    from compare.twins.files import transfer as weight_files

    moves = weight_files.transfer_files(args.source, args.target, args.out, args.names)
    terminal.print_moves(_console(), moves, args.out or args.target)
    return 0


def _train(args):
    from compare import session as running
    from compare.reports import training as report
    from compare.subjects import prices as price_files
    from compare.subjects.examples import check_trainable

    if args.mode and args.align is not None:
        raise BadInput("expected --mode or --align, got both; drop one")
    removed = frozenset(() if args.mode == "native" else CAUSES)
    pair = _pair_or_file(args.name)
    if isinstance(pair, Pair):
        check_trainable(pair)
    target = files.target("--json", args.json)
    picture = files.target("--plot", args.plot)
    if picture:
        files.check_picture(args.plot)
        if picture == target:
            raise BadInput(
                f"expected two files for --json and --plot, got {args.plot} for both"
            )
    prices = price_files.read(args.prices) if args.prices else price_files.built_in()
    evidence = running.train(
        pair,
        prices,
        Recipe(
            optimizer=args.optimizer,
            learning_rate=args.learning_rate,
            epochs=args.epochs,
            batch_size=args.batch_size,
            seed=args.seed,
            follow={"pytorch": "torch", "keras": "keras"}[args.follow],
            removed=removed if args.align is None else args.align,
        ),
        STARTED,
    )
    if target:
        files.write("--json", target, evidence.to_json())
    if picture and evidence.done:
        files.write("--plot", picture, report.plot(evidence))
    status = 130 if evidence.interrupted else 0 if evidence.in_step else 1
    return _told(status, report.print_training, evidence)


def _told(status, report, evidence):
    """The exit status, whether or not anybody reads the report to its end."""
    try:
        report(_console(), evidence)
        sys.stdout.flush()
    except BrokenPipeError:
        _no_reader()
    return status


def _no_reader():
    """What is left in stdout's buffer goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Console(Console):
    def on_broken_pipe(self):
        raise BrokenPipeError  # `main` sees to it; Rich would end with status 1


def _console():
    return _Console(emoji=False)


VERBS = {
    "list": _list,
    "show": _show,
    "run": _run,
    "explain": _explain,
    "train": _train,
    "claims": _claims,
    "new": _new,
    "transfer": _transfer,
}
