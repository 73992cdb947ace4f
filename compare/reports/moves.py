"""What a transfer from file to file moved, in a terminal."""

from collections.abc import Sequence

from rich.console import Console

from compare.errors import command
from compare.matching.moves import Move


def print_moves(console: Console, moves: Sequence[Move], path: str) -> None:
    """Which array of a file went where in another.

    Args:
        console: where to.
        moves: in the source's order.
        path: of the file that was written.
    """
    for move in moves:
        line = f"{', '.join(move.source)} -> {', '.join(move.target)}"
        if move.nan:
            line += f"  ({move.nan} of the numbers are NaN)"
        console.print(line, highlight=False, markup=False)
    count = f"{len(moves)} moves; wrote {path}"
    console.print(count, style="bold", highlight=False, markup=False)
    for sentence in dict.fromkeys(move.beside for move in moves if move.beside):
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    console.print(
        "Weights are all that moved: epsilons, activations, directions and the like "
        f"are not in such files; {command()} run compares them.",
        highlight=False,
        markup=False,
    )
