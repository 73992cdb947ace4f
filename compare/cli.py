"""The command line: `python -m compare`."""

import argparse
import difflib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

import compare
from compare.errors import BadInput
from compare.pairs import PAIRS, Pair
from compare.reports import terminal

STARTED = time.perf_counter()

DESCRIPTION = """\
Is a recurrent model moved between Keras and PyTorch still the same model?

Without a verb, `run`: pairs of models are loaded in both frameworks with the same
weights and run on real prices. Each gets a verdict from a measured tolerance."""

EXAMPLES = """\
examples:
  python -m compare                                  the portfolio models
  python -m compare run --all                        every pair there is
  python -m compare run portfolio_last_step --json evidence.json
  python -m compare run --prices my_prices.csv       a date column, a column per asset
  python -m compare list                             which pairs there are
  python -m compare show portfolio_flatten           both sources, side by side
  python -m compare claims                           what the study note got right

exit status: 0 everything is as expected, 1 something is not, 2 bad usage or input"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        args = _parser().parse_args(_with_verb(argv))
        return args.verb(args)
    except BadInput as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("compare: interrupted, nothing was written", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a full disk behind stdout, a stderr that was closed
        sys.stdout = None  # what is left in its buffer has nowhere to go
        print(f"compare: expected output to be written, got: {error}", file=sys.stderr)
        return 2


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise BadInput(f"{message}; see python -m compare --help")


VERBS = ("list", "show", "run", "claims")


def _with_verb(argv):
    """`argv` with the default verb written out."""
    if argv and argv[0] in (*VERBS, "-h", "--help", "--version"):
        return argv
    return ["run", *argv]


def _parser():
    def parser(make, *args, **kwargs):
        formatter = argparse.RawDescriptionHelpFormatter
        return make(*args, formatter_class=formatter, allow_abbrev=False, **kwargs)

    top = parser(
        _Parser, prog="python -m compare", description=DESCRIPTION, epilog=EXAMPLES
    )
    top.add_argument("--version", action="version", version=compare.__version__)
    verbs = top.add_subparsers(metavar="list | show NAME | run [NAME ...] | claims")

    text = "which pairs there are"
    verb = parser(verbs.add_parser, "list", help=text, description=text)
    verb.set_defaults(verb=_list)

    text = "both sources of a pair, side by side where the terminal is wide enough"
    verb = parser(verbs.add_parser, "show", help=text, description=text)
    verb.add_argument("name", metavar="NAME", help="a pair; `list` names them")
    verb.set_defaults(verb=_show)

    text = (
        "compare the twins of the pairs named, or of the portfolio models (the default)"
    )
    verb = parser(verbs.add_parser, "run", help=text, description=text, epilog=EXAMPLES)
    verb.add_argument(
        "names", metavar="NAME", nargs="*", help="a pair; the portfolio models if none"
    )
    verb.add_argument(
        "--prices",
        metavar="FILE.csv",
        help="real input: a date column and one column of prices per asset, two or "
        "more, oldest day first (default: four factor ETFs, 2014 to 2022)",
    )
    verb.add_argument(
        "--all", action="store_true", help="every pair, not only the portfolio models"
    )
    verb.add_argument(
        "--seed", type=_seed, default=0, help="of the weights (default: 0)"
    )
    verb.add_argument(
        "--json",
        metavar="FILE",
        help="write the evidence, and the claims of the note, to FILE as well",
    )
    verb.set_defaults(verb=_run)

    text = (
        "every claim of the study note that can be checked, checked now, with figures"
    )
    verb = parser(verbs.add_parser, "claims", help=text, description=text)
    verb.set_defaults(verb=_claims)
    return top


def _seed(text):
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number >= 0, got {text!r}")
    return int(text)


def _list(args):
    terminal.print_pairs(_console(), PAIRS)
    return 0


def _show(args):
    terminal.print_sources(_console(), _pair(args.name))
    return 0


def _claims(args):
    from compare import running
    from compare.reports.ledger import print_claims

    print_claims(_console(), running.claims())
    return 0


def _pair(name: str) -> Pair:
    names = [pair.file for pair in PAIRS]
    if name in names:
        return PAIRS[names.index(name)]
    near = difflib.get_close_matches(name, [*names, *VERBS], n=1, cutoff=0.3)
    hint = f"did you mean {near[0]}?" if near else "`list` names them"
    raise BadInput(f"expected the name of a pair, got {name!r}; {hint}")


def _run(args):
    # `list`, `show` and `--help` do without NumPy, the frameworks and a progress bar.
    from compare import prices as price_files
    from compare import running

    if args.names and args.all:
        raise BadInput("expected names of pairs or --all, got both; drop one")
    pairs = [_pair(name) for name in dict.fromkeys(args.names)]
    if not pairs:
        pairs = [pair for pair in PAIRS if pair.default or args.all]
    target = _target(args.json)
    prices = price_files.read(args.prices) if args.prices else price_files.built_in()
    evidence = running.run(pairs, prices, args.seed, STARTED, claimed=bool(target))
    if target:  # first, so that a reader of the table who leaves early costs no file
        _write(target, evidence.to_json())
    terminal.print_evidence(_console(), evidence)
    return 0 if evidence.as_expected else 1


class _Console(Console):
    def on_broken_pipe(self):
        raise BrokenPipeError  # `main` sees to it; Rich would end with status 1


def _console():
    return _Console(emoji=False)


def _target(path: str | None) -> Path | None:
    """Where the evidence goes; what cannot be written is said before the work."""
    if path is None:
        return None
    target = Path(path).resolve()  # the file behind a link, not the link
    if not target.parent.is_dir():
        raise BadInput(
            f"--json {path}: expected a file in a folder that exists, got "
            f"{Path(path).parent}, which does not; create it first"
        )
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not (stat.S_ISREG(mode) and mode & stat.S_IWUSR):
        raise BadInput(
            f"--json {path}: expected a file that can be written, got a folder, a "
            "device or a protected file; name another file"
        )
    if not os.access(target.parent, os.W_OK):
        raise BadInput(
            f"--json {path}: expected a folder that can be written to, got "
            f"{target.parent}; name a file elsewhere"
        )
    return target


def _write(target: Path, text: str):
    """Write all of the text or nothing."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=target.parent, encoding="utf-8", delete=False
        ) as part:
            part.write(text + "\n")
        Path(part.name).chmod(0o644)
        Path(part.name).replace(target)
    except OSError as error:
        raise BadInput(
            f"--json {target}: expected a file that can be written, got: {error}; name "
            "another file"
        ) from None
