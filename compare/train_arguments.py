"""What `train` takes on the command line."""

from __future__ import annotations

import argparse

from compare import report_files, values
from compare.arguments import Arguments, add_force, add_name, add_prices
from compare.errors import BadInput
from compare.judging.model_causes import OF_SIDE
from compare.judging.optimizers import CAUSES, OPTIMIZERS, Recipe
from compare.judging.words import Side

# In the text below "{command}" stands for how the command line was called.
EXAMPLES = """\
examples:
  {command} train stock_price                the study note's own run
  {command} train stock_price --mode native  each framework's own defaults
  {command} train stock_price --align biases --optimizer sgd --lr 0.1
  {command} train portfolio_flatten --plot curves.png --json run.json

exit status: 0 in step to the end, 1 they part or a loss is not finite, 2 bad usage or
input, 130 after Ctrl-C, 143 after SIGTERM (both keep the steps that were done)"""


def _add(verb: argparse.ArgumentParser) -> None:
    add_name(verb)
    _add_algorithm(verb)
    verb.add_argument(
        "--epochs",
        type=values.whole_from_1,
        metavar="N",
        help="times through the examples (default: 100, 10 for portfolios)",
    )
    verb.add_argument(
        "--batch-size",
        type=values.whole_from_1,
        metavar="N",
        help="a last one that is not full is dropped (default: 20, 64 for portfolios)",
    )
    verb.add_argument(
        "--seed",
        type=values.seed,
        default=0,
        metavar="N",
        help="of the data, the weights and the order of the batches (default: 0)",
    )
    add_prices(verb)
    verb.add_argument("--json", metavar="FILE", help="write the evidence to FILE")
    verb.add_argument(
        "--plot", metavar="FILE.png", help="draw the losses and their gap"
    )
    report_files.add_html(verb)
    report_files.add_markdown(verb)
    report_files.add_junit(verb)
    add_force(verb)
    report_files.add_quiet(verb)


def _add_algorithm(verb: argparse.ArgumentParser) -> None:
    """Add what both sides of a training run step with, and what makes them alike."""
    verb.add_argument(
        "--mode",
        choices=("aligned", "native"),
        help="aligned: the same algorithm on both sides; native: each framework's own "
        "defaults, and what makes them drift (default: aligned)",
    )
    verb.add_argument(
        "--align",
        metavar="CAUSE[,CAUSE]",
        type=values.causes,
        help=f"in place of --mode: remove just these causes; of {', '.join(CAUSES)}; "
        f"and, where the models have them, of {', '.join(OF_SIDE)}",
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
        help="momentum is sgd with momentum 0.9 (default: what a pair file says, or "
        "its Keras model was compiled with; else adam)",
    )
    verb.add_argument(
        "--learning-rate",
        "--lr",
        type=values.positive,
        metavar="RATE",
        help="on both sides (default: the frameworks' own)",
    )


def recipe(args: argparse.Namespace) -> Recipe:
    """How to train, from the options of `train`.

    Raises:
        BadInput: if two of them contradict each other.
    """
    if args.mode and args.align is not None:
        raise BadInput("expected --mode or --align, got both; drop one")
    removed = frozenset(CAUSES)
    if args.mode == "native":
        removed = frozenset()
    elif args.align is not None:
        removed = args.align
    follow: Side = "torch" if args.follow == "pytorch" else "keras"
    return Recipe(
        optimizer=args.optimizer,
        learning_rate=args.learning_rate,
        epochs=args.epochs,
        batch_size=args.batch_size,
        seed=args.seed,
        follow=follow,
        removed=removed,
    )


TRAIN = Arguments(
    "train both twins from the same weights on the same batches, step by step",
    _add,
    examples=EXAMPLES,
)
