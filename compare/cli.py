"""The command line: `python -m compare`."""

import argparse
import difflib
import os
import sys
import time
from collections.abc import Sequence

from rich.console import Console

import compare
from compare import files
from compare.errors import BadInput
from compare.optimizers import CAUSES, OPTIMIZERS, Recipe
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
  python -m compare train stock_price                both twins learn, in step
  python -m compare train stock_price --mode native  why they drift apart as they are

exit status: 0 everything is as expected, 1 something is not, 2 bad usage or input"""

TRAIN_EXAMPLES = """\
examples:
  python -m compare train stock_price                the study note's own run
  python -m compare train stock_price --mode native  each framework's own defaults
  python -m compare train stock_price --align biases --optimizer sgd --lr 0.1
  python -m compare train portfolio_flatten --plot curves.png --json run.json

exit status: 0 in step to the end, 1 they part or a loss is not finite, 2 bad usage or
input, 130 interrupted (Ctrl-C keeps what was done)"""


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
        print("compare: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has left
        _no_reader()
        return 0
    except OSError as error:  # a full disk behind stdout, a stderr that was closed
        sys.stdout = None  # what is left in its buffer has nowhere to go
        print(f"compare: expected output to be written, got: {error}", file=sys.stderr)
        return 2


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise BadInput(f"{message}; see python -m compare --help")


VERBS = ("list", "show", "run", "train", "claims")


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
    verbs = top.add_subparsers(
        metavar="list | show NAME | run [NAME ...] | train NAME | claims"
    )

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
    _add_prices(verb)
    verb.add_argument(
        "--all", action="store_true", help="every pair, not only the portfolio models"
    )
    verb.add_argument(
        "--gradients",
        action="store_true",
        help="compare the gradients of each pair's loss as well",
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

    text = "train both twins from the same weights on the same batches, step by step"
    verb = parser(
        verbs.add_parser, "train", help=text, description=text, epilog=TRAIN_EXAMPLES
    )
    _add_training(verb)
    verb.set_defaults(verb=_train)

    text = (
        "every claim of the study note that can be checked, checked now, with figures"
    )
    verb = parser(verbs.add_parser, "claims", help=text, description=text)
    verb.set_defaults(verb=_claims)
    return top


def _add_prices(verb):
    verb.add_argument(
        "--prices",
        metavar="FILE.csv",
        help="real input: a date column and one column of prices per asset, two or "
        "more, oldest day first (default: four factor ETFs, 2014 to 2022)",
    )


def _add_training(verb):
    verb.add_argument("name", metavar="NAME", help="a pair; `list` names them")
    verb.add_argument(
        "--mode",
        choices=("aligned", "native"),
        help="aligned: the same algorithm on both sides; native: each framework's own "
        "defaults, and what makes them drift (default: aligned)",
    )
    verb.add_argument(
        "--align",
        metavar="CAUSE[,CAUSE]",
        type=_causes,
        help=f"in place of --mode: remove just these causes; of {', '.join(CAUSES)}",
    )
    verb.add_argument(
        "--follow",
        choices=("pytorch", "keras"),
        default="pytorch",
        help="whose algorithm both sides take where they are aligned; where they are "
        "not, the side that the causes are removed from is the other (default: "
        "pytorch)",
    )
    verb.add_argument(
        "--optimizer",
        choices=OPTIMIZERS,
        default="adam",
        help="momentum is sgd with momentum 0.9 (default: adam)",
    )
    verb.add_argument(
        "--learning-rate",
        "--lr",
        type=_positive,
        metavar="RATE",
        help="on both sides (default: the frameworks' own)",
    )
    verb.add_argument(
        "--epochs",
        type=_whole_from_1,
        metavar="N",
        help="times through the examples (default: 100, 10 for portfolios)",
    )
    verb.add_argument(
        "--batch-size",
        type=_whole_from_1,
        metavar="N",
        help="a last one that is not full is dropped (default: 20, 64 for portfolios)",
    )
    verb.add_argument(
        "--seed",
        type=_seed,
        default=0,
        metavar="N",
        help="of the data, the weights and the order of the batches (default: 0)",
    )
    _add_prices(verb)
    verb.add_argument("--json", metavar="FILE", help="write the evidence to FILE")
    verb.add_argument(
        "--plot", metavar="FILE.png", help="draw the losses and their gap"
    )


def _seed(text):
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(
            f"expected a whole number >= 0 and below 2^32, got {text!r}"
        )
    return int(text)


def _whole_from_1(text):
    if not text.isdecimal() or not 1 <= int(text) < 10**9:
        raise argparse.ArgumentTypeError(
            f"expected a whole number >= 1 and below 10^9, got {text!r}"
        )
    return int(text)


def _positive(text):
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 3e38:  # the largest of float32
        raise argparse.ArgumentTypeError(
            f"expected a number above 0 and below 3e38, got {text!r}"
        )
    return number


def _causes(text):
    names = text.split(",")
    for name in names:
        if name not in CAUSES:
            raise argparse.ArgumentTypeError(
                f"expected some of {','.join(CAUSES)}, got {name!r}"
            )
    return frozenset(names)


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
    target = files.target("--json", args.json)
    prices = price_files.read(args.prices) if args.prices else price_files.built_in()
    evidence = running.run(
        pairs, prices, args.seed, STARTED, args.gradients, claimed=bool(target)
    )
    if target:  # first, so that a reader of the table who leaves early costs no file
        files.write("--json", target, evidence.to_json())
    status = 0 if evidence.as_expected else 1
    return _told(status, terminal.print_evidence, evidence)


def _train(args):
    from compare import prices as price_files
    from compare import running
    from compare.reports import training as report
    from compare.training_data import check_trainable

    if args.mode and args.align is not None:
        raise BadInput("expected --mode or --align, got both; drop one")
    removed = frozenset(() if args.mode == "native" else CAUSES)
    pair = _pair(args.name)
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
