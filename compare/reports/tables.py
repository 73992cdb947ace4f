"""How tables look in a terminal."""

from rich.table import Table


def plain_table(below: int = 0) -> Table:
    """A table without lines, two spaces between its columns.

    Args:
        below: empty lines after each row.
    """
    padding = (0, 2, below, 0)  # above, right, below, left
    return Table(box=None, pad_edge=False, header_style="bold", padding=padding)
