"""What the command line takes, and what its help says."""

import argparse

import compare
from compare.errors import BadInput
from compare.judging.optimizers import CAUSES, OPTIMIZERS

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
  python -m compare new my_pair.py                   two models of your own
  python -m compare run my_pair.py                   are they the same?
  python -m compare explain my_pair.py               if not, why?
  python -m compare transfer my.pt my.keras          weights from file to file
  python -m compare train stock_price                both twins learn, in step
  python -m compare train stock_price --mode native  why they drift apart as they are

exit status: 0 everything is as expected, 1 something is not, 2 bad usage or input"""

EXPLAIN_EXAMPLES = """\
examples:
  python -m compare explain my_pair.py                       where, why, what to change
  python -m compare explain my_pair.py --json why.json
  python -m compare explain my_pair.py --reproduce show.py   a script to hand on

exit status: 0 they do not differ, 1 they do, 2 bad usage or input"""

TRANSFER_EXAMPLES = """\
examples:
  python -m compare transfer trained.pt model.keras
  python -m compare transfer trained.keras model.safetensors --out trained.safetensors
  python -m compare transfer trained.pt model.keras --names encoder.rnn=lstm+lstm_1

exit status: 0 written, 2 bad usage or input"""

TRAIN_EXAMPLES = """\
examples:
  python -m compare train stock_price                the study note's own run
  python -m compare train stock_price --mode native  each framework's own defaults
  python -m compare train stock_price --align biases --optimizer sgd --lr 0.1
  python -m compare train portfolio_flatten --plot curves.png --json run.json

exit status: 0 in step to the end, 1 they part or a loss is not finite, 2 bad usage or
input, 130 interrupted (Ctrl-C keeps what was done)"""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise BadInput(f"{message}; see python -m compare --help")


VERBS = ("list", "show", "run", "explain", "train", "claims", "new", "transfer")


def with_verb(argv: list[str]) -> list[str]:
    """`argv` with the default verb written out."""
    if argv and argv[0] in (*VERBS, "-h", "--help", "--version"):
        return argv
    return ["run", *argv]


def parser() -> argparse.ArgumentParser:
    """What reads the command line; the verb asked for is `args.verb`."""

    def made(make, *args, **kwargs):
        formatter = argparse.RawDescriptionHelpFormatter
        return make(*args, formatter_class=formatter, allow_abbrev=False, **kwargs)

    top = made(
        _Parser, prog="python -m compare", description=DESCRIPTION, epilog=EXAMPLES
    )
    top.add_argument("--version", action="version", version=compare.__version__)
    verbs = top.add_subparsers(
        metavar="list | show | run | explain | train | claims | new | transfer"
    )

    text = "which pairs there are"
    verb = made(verbs.add_parser, "list", help=text, description=text)
    verb.set_defaults(verb="list")

    text = "both sources of a pair, side by side where the terminal is wide enough"
    verb = made(verbs.add_parser, "show", help=text, description=text)
    _add_name(verb)
    verb.set_defaults(verb="show")

    text = (
        "compare the twins of the pairs named, or of the portfolio models (the default)"
    )
    verb = made(verbs.add_parser, "run", help=text, description=text, epilog=EXAMPLES)
    verb.add_argument(
        "names",
        metavar="NAME | FILE.py",
        nargs="*",
        help="a pair, or a pair file of your own; the portfolio models if none",
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
    verb.set_defaults(verb="run")

    text = (
        "where and why twins differ: the place, the known mistake that explains it, "
        "what to change, and the smallest input that shows it"
    )
    verb = made(
        verbs.add_parser,
        "explain",
        help="where and why twins differ, and what to change",
        description=text,
        epilog=EXPLAIN_EXAMPLES,
    )
    _add_name(verb)
    _add_prices(verb)
    verb.add_argument(
        "--seed", type=_seed, default=0, help="of the weights (default: 0)"
    )
    verb.add_argument("--json", metavar="FILE", help="write the evidence to FILE")
    verb.add_argument(
        "--reproduce",
        metavar="FILE.py",
        help="write a script that shows the difference without this package: both "
        "models, the weights and the smallest input",
    )
    verb.set_defaults(verb="explain")

    text = "write a pair file to start from: two models of your own, commented"
    verb = made(verbs.add_parser, "new", help=text, description=text)
    verb.add_argument("file", metavar="FILE.py", help="is written, and must be new")
    verb.set_defaults(verb="new")

    text = "take the weights of one saved model to its twin of the other framework"
    verb = made(
        verbs.add_parser,
        "transfer",
        help=text,
        description=text,
        epilog=TRANSFER_EXAMPLES,
    )
    verb.add_argument(
        "source",
        metavar="SOURCE",
        help="has the weights: .pt, .pth, .safetensors, .keras, .weights.h5 or .h5",
    )
    verb.add_argument(
        "target",
        metavar="TARGET",
        help="gets them: a file of the other framework, whose layers are to fit",
    )
    verb.add_argument(
        "--out", metavar="FILE", help="write FILE and leave TARGET as it is"
    )
    verb.add_argument(
        "--names",
        metavar="TORCH=KERAS[,...]",
        type=_names,
        help="layers of PyTorch and their twins in Keras, + between those of a stack, "
        "where order, kind and sizes do not tell",
    )
    verb.set_defaults(verb="transfer")

    text = "train both twins from the same weights on the same batches, step by step"
    verb = made(
        verbs.add_parser, "train", help=text, description=text, epilog=TRAIN_EXAMPLES
    )
    _add_training(verb)
    verb.set_defaults(verb="train")

    text = (
        "every claim of the study note that can be checked, checked now, with figures"
    )
    verb = made(verbs.add_parser, "claims", help=text, description=text)
    verb.set_defaults(verb="claims")
    return top


def _add_name(verb):
    verb.add_argument(
        "name",
        metavar="NAME | FILE.py",
        help="a pair, as `list` names them, or a pair file of your own",
    )


def _add_prices(verb):
    verb.add_argument(
        "--prices",
        metavar="FILE.csv",
        help="real input: a date column and one column of prices per asset, two or "
        "more, oldest day first (default: four factor ETFs, 2014 to 2022)",
    )


def _add_training(verb):
    _add_name(verb)
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


def _names(text):
    pairs = [each.split("=") for each in text.split(",")]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise argparse.ArgumentTypeError(
            f"expected layers and their twins, as in encoder.rnn=lstm+lstm_1,head="
            f"dense, got {text!r}"
        )
    return {torch: keras.split("+") for torch, keras in pairs}


def _causes(text):
    names = text.split(",")
    for name in names:
        if name not in CAUSES:
            raise argparse.ArgumentTypeError(
                f"expected some of {','.join(CAUSES)}, got {name!r}"
            )
    return frozenset(names)
