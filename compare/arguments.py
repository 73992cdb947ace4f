"""What the command line takes, and what its help says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import compare
from compare import report_files, values
from compare.errors import BadInput, command

# In the texts below "{command}" stands for how the command line was called.
DESCRIPTION = """\
Is a model moved between Keras and PyTorch still the same model?

Without a verb, `run`: pairs of models are loaded in both frameworks with the same
weights and run on real prices. Each gets a verdict from a measured tolerance."""

EXAMPLES = """\
examples:
  {command}                                  the portfolio models
  {command} run --all                        every pair there is
  {command} run portfolio_last_step --json evidence.json
  {command} run --prices my_prices.csv       a date column, a column per asset
  {command} list                             which pairs there are
  {command} show portfolio_flatten           both sources, side by side
  {command} claims                           what the study note got right
  {command} new my_pair.py                   two models of your own
  {command} run my_pair.py                   are they the same?
  {command} run my_pair.py --html page.html  see it
  {command} explain my_pair.py               if not, why?
  {command} transfer my.pt my.keras          weights from file to file
  {command} port trained.h5 --out ported     a saved model in PyTorch
  {command} train stock_price                both twins learn, in step
  {command} train stock_price --mode native  why they drift apart as they are

exit status: 0 everything is as expected, 1 something is not, 2 bad usage or input, 3 a
mistake in this suite; of several pairs the highest, and each is run whatever the others
do; 130 after Ctrl-C, 143 after SIGTERM"""

EXPLAIN_EXAMPLES = """\
examples:
  {command} explain my_pair.py                       where, why, what to change
  {command} explain my_pair.py --json why.json
  {command} explain my_pair.py --reproduce show.py   a script to hand on

exit status: 0 they do not differ, 1 they do, 2 bad usage or input"""

TRANSFER_EXAMPLES = """\
examples:
  {command} transfer trained.pt model.keras
  {command} transfer trained.keras model.safetensors --out trained.safetensors
  {command} transfer trained.pt model.keras --names encoder.rnn=lstm+lstm_1

exit status: 0 written, 2 bad usage or input"""


class _Parser(argparse.ArgumentParser):
    """A parser whose texts keep their lines, and whose errors are `BadInput`."""

    def __init__(self, **options: Any):
        super().__init__(
            **options,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def print_help(self, file: Any = None) -> None:
        """Print the help; argparse would say nothing if that fails."""
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}; see {command()} --help")


@dataclass(frozen=True)
class Arguments:
    """What one verb takes.

    Args:
        help: one line for the list of verbs.
        add: adds the arguments to the parser of the verb.
        description: what the help of the verb begins with, if not with `help`.
        examples: what it ends with.
    """

    help: str
    add: Callable[[argparse.ArgumentParser], None] | None = None
    description: str = ""
    examples: str = ""


@dataclass(frozen=True)
class Verb:
    """One verb of the command line.

    Args:
        run: does what the verb says, and returns the exit status.
        arguments: what it takes.
    """

    run: Callable[[argparse.Namespace], int]
    arguments: Arguments


def with_verb(argv: list[str], verbs: Mapping[str, Verb]) -> list[str]:
    """The command line with the default verb, `run`, written out."""
    if argv and argv[0] in (*verbs, "-h", "--help", "--version"):
        return argv
    return ["run", *argv]


def parser(verbs: Mapping[str, Verb]) -> argparse.ArgumentParser:
    """What reads the command line; the verb that it names is in `args.verb`.

    Args:
        verbs: by name.
    """
    top = _Parser(prog=command(), description=DESCRIPTION, epilog=_text(EXAMPLES))
    top.add_argument("--version", action="version", version=compare.__version__)
    parsers = top.add_subparsers(metavar=" | ".join(verbs))
    for name, verb in verbs.items():
        arguments = verb.arguments
        verb_parser = parsers.add_parser(
            name,
            help=arguments.help,
            description=arguments.description or arguments.help,
            epilog=_text(arguments.examples),
        )
        if arguments.add is not None:
            arguments.add(verb_parser)
        verb_parser.set_defaults(verb=name)
    return top


def _text(examples: str) -> str:
    return examples.replace("{command}", command())


# ------------------------------------------------------------------------------ verbs


def _add_list(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--kinds",
        action="store_true",
        help="the kinds of layers that have rules, as a table in Markdown",
    )


def add_name(verb: argparse.ArgumentParser) -> None:
    """Add the one pair of a verb."""
    verb.add_argument(
        "name",
        metavar="NAME | FILE.py",
        help="a pair, as `list` names them, or a pair file of your own",
    )


def _add_show(verb: argparse.ArgumentParser) -> None:
    add_name(verb)
    verb.add_argument(
        "--code", action="store_true", help="without the docstrings of its classes"
    )


def add_prices(verb: argparse.ArgumentParser) -> None:
    """Add the prices that built-in pairs read."""
    verb.add_argument(
        "--prices",
        metavar="FILE.csv",
        help="real input: a date column and one column of prices per asset, two or "
        "more, oldest day first (default: four factor ETFs, 2014 to 2022)",
    )


def add_seed(verb: argparse.ArgumentParser) -> None:
    """Add the seed of a verb that draws."""
    verb.add_argument(
        "--seed", type=values.seed, default=0, help="of the weights (default: 0)"
    )


def add_force(
    verb: argparse.ArgumentParser,
    overwritten: str = "files that this command did not write, and weights of any kind",
) -> None:
    """Add what lets a verb overwrite files.

    Args:
        verb: that gets it.
        overwritten: what it overwrites then, for the help.
    """
    verb.add_argument(
        "--force",
        action="store_true",
        help=f"overwrite {overwritten}",
    )


def _add_run(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "names",
        metavar="NAME | FILE.py",
        nargs="*",
        help="a pair, or a pair file of your own; the portfolio models if none",
    )
    add_prices(verb)
    verb.add_argument(
        "--all", action="store_true", help="every pair, not only the portfolio models"
    )
    verb.add_argument(
        "--gradients",
        action="store_true",
        help="compare the gradients of each pair's loss as well",
    )
    add_seed(verb)
    verb.add_argument(
        "--json",
        metavar="FILE",
        help="write the evidence, and the claims of the note, to FILE as well",
    )
    report_files.add_html(verb)
    report_files.add_markdown(verb)
    report_files.add_junit(verb)
    add_force(verb)
    report_files.add_quiet(verb)


def _add_explain(verb: argparse.ArgumentParser) -> None:
    add_name(verb)
    add_prices(verb)
    add_seed(verb)
    verb.add_argument("--json", metavar="FILE", help="write the evidence to FILE")
    verb.add_argument(
        "--reproduce",
        metavar="FILE.py",
        help="write a script that shows the difference without this package: both "
        "models, the weights and the smallest input",
    )
    report_files.add_html(verb)
    report_files.add_markdown(verb)
    report_files.add_junit(verb)
    add_force(verb)
    report_files.add_quiet(verb)


def _add_claims(verb: argparse.ArgumentParser) -> None:
    report_files.add_html(verb)
    report_files.add_markdown(verb)
    add_force(verb)


def _add_new(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("file", metavar="FILE.py", help="is written, and must be new")


def _add_transfer(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "source",
        metavar="SOURCE",
        help="has the weights: .pt, .pth, .safetensors, .keras, .weights.h5, .h5 or "
        ".hdf5",
    )
    verb.add_argument(
        "target",
        metavar="TARGET",
        help="gets them and is changed, without --out: a file of the other framework, "
        "whose layers are to fit",
    )
    verb.add_argument(
        "--out", metavar="FILE", help="write FILE and leave TARGET as it is"
    )
    add_force(verb)
    verb.add_argument(
        "--names",
        metavar="TORCH=KERAS[,...]",
        type=values.names,
        help="layers of PyTorch and their twins in Keras, + between those of a stack, "
        "where order, kind and sizes do not tell",
    )


LIST = Arguments("which pairs there are, or which kinds of layers", _add_list)
SHOW = Arguments(
    "both sources of a pair, side by side in a terminal: lines that correspond in one "
    "row, what differs marked",
    _add_show,
)
RUN = Arguments(
    "compare the twins of the pairs named, or of the portfolio models (the default)",
    _add_run,
    examples=EXAMPLES,
)
EXPLAIN = Arguments(
    "where and why twins differ, and what to change",
    _add_explain,
    description="where and why twins differ: the place, the known mistake that "
    "explains it, what to change, and the smallest input that shows it",
    examples=EXPLAIN_EXAMPLES,
)
CLAIMS = Arguments(
    "every claim of the study note that can be checked, checked now, with figures",
    _add_claims,
)
NEW = Arguments(
    "write a pair file to start from: two models of your own, commented", _add_new
)
TRANSFER = Arguments(
    "take the weights of one saved model to its twin of the other framework",
    _add_transfer,
    examples=TRANSFER_EXAMPLES,
)
