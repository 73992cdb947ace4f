"""Two sources side by side in a terminal of any width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.cells import get_character_cell_size
from rich.console import Console
from rich.style import Style
from rich.text import Text

from compare.reports.alignment import LOUD, QUIET, Line, Row, aligned

# Attributes first, which a terminal without colours has as well. Red is the one colour
# that is read on black and on white.
STYLES = {QUIET: Style(dim=True), LOUD: Style(bold=True, underline=True, color="red")}
LOUD_MARK = Style(bold=True, color="red")

# Between the columns: how two lines differ.
EQUAL, IN_OTHER_WORDS, DIFFERENT, LEFT_ALONE, RIGHT_ALONE = " ", ":", "|", "<", ">"
LEGEND = (
    (IN_OTHER_WORDS, "each framework's own words, or prose (dim)"),
    (DIFFERENT, "something else differs (bold); whether it matters, `run` tells"),
    (f"{LEFT_ALONE} {RIGHT_ALONE}", "on one side alone"),
)
CONTINUED, CONTINUED_IN_ASCII = "↪", "~"  # what a line that goes on begins with

TAB = 8
EARLIEST = 0.4  # part of a column before which no line is folded, if it can be helped
OPENING, CLOSING = "([{", ")]}"


def print_columns(console: Console, texts: Sequence[tuple[str, str]]) -> None:
    """Print two sources in columns that fit the console.

    Lines that correspond share a row; one that is too long goes on below itself.

    Args:
        console: tells how wide the columns can be, and whether there are colours.
        texts: title and text of the source in PyTorch and in Keras.
    """
    (left_title, left), (right_title, right) = texts
    columns = _Columns(console)
    bold = Style(bold=True)
    columns.print(Text(left_title, bold), EQUAL, Text(right_title, bold))
    left_lines, right_lines = coloured(console, left), coloured(console, right)
    for row in aligned(left, right):
        mark = _mark(row)
        is_paired = row.left is not None and row.right is not None
        columns.print(
            _marked(row.left, left_lines, is_paired),
            mark,
            _marked(row.right, right_lines, is_paired),
            0 if row.left is None else row.left.prose,
            0 if row.right is None else row.right.prose,
            LOUD_MARK if row.loudness == LOUD else STYLES[QUIET],
        )
    console.print()
    for mark, meaning in LEGEND:
        console.print(Text(f"{mark:4} {meaning}", Style(dim=True)))


def coloured(console: Console, text: str) -> list[Text]:
    """The lines of Python source, highlighted where the console has colours."""
    lines = [Text(line) for line in text.split("\n")]
    if console.color_system is None or console.no_color:
        return lines
    from compare.reports.highlighting import highlighted

    return highlighted(text)


def _mark(row: Row) -> str:
    """What stands between the columns."""
    if row.left is None or row.right is None:
        line = row.left or row.right
        if line is None or not line.text.strip():
            return EQUAL
        return LEFT_ALONE if row.left else RIGHT_ALONE
    return {None: EQUAL, QUIET: IN_OTHER_WORDS, LOUD: DIFFERENT}[row.loudness]


def _marked(line: Line | None, lines: Sequence[Text], is_paired: bool) -> Text:
    """A line with what differs in it; the whole of it does where it stands alone."""
    if line is None:
        return Text()
    text = lines[line.number - 1].copy()
    if is_paired:
        for span in line.spans:
            text.stylize(STYLES[span.loudness], span.start, span.end)
    return text


class _Columns:
    """Prints rows of two columns.

    Args:
        console: tells how wide the columns can be.
    """

    def __init__(self, console: Console):
        self._console = console
        # A terminal that is written to in its last column may begin a new line.
        self._width = (console.width - len(" | ") - 1) // 2
        is_ascii = console.options.ascii_only
        self._continued = CONTINUED_IN_ASCII if is_ascii else CONTINUED

    def print(
        self,
        left: Text,
        mark: str,
        right: Text,
        left_prose: int = 0,
        right_prose: int = 0,
        mark_style: Style = STYLES[QUIET],
    ) -> None:
        """Print two lines beside each other, each folded where it is too long.

        Args:
            left: a line of the first source.
            mark: how they differ.
            right: a line of the second source.
            left_prose: the letter from which on it is prose.
            right_prose: the same on the right.
            mark_style: how the mark is printed.
        """
        left_parts = self._folded(left, left_prose)
        right_parts = self._folded(right, right_prose)
        for left_part, right_part in zip_longest(
            left_parts, right_parts, fillvalue=Text()
        ):
            row = left_part.copy()
            row.pad_right(max(self._width - row.cell_len, 0))
            row.append(f" {mark} ", mark_style)
            row.append_text(right_part)
            row.rstrip()
            self._console.print(row, soft_wrap=True)

    def _folded(self, text: Text, prose: int) -> list[Text]:
        """A line in parts that fit the column; each but the first is indented."""
        tabs = text.plain.count("\t", 0, prose)
        text = text.copy()
        text.expand_tabs(TAB)
        if tabs:
            prose = len(text.plain[:prose].expandtabs(TAB))
        indent = len(text.plain) - len(text.plain.lstrip())
        indent = min(indent, self._width // 4)
        prefix = Text(" " * indent).append(f"{self._continued} ", Style(dim=True))
        ends = folds(text.plain, prose, self._width, self._width - prefix.cell_len)
        parts: list[Text] = []
        for part in text.divide([*ends]):
            part.rstrip()
            parts.append(prefix.copy().append_text(part) if parts else part)
        return parts


def folds(line: str, prose: int, width: int, width_below: int) -> Iterator[int]:
    """Where a line goes on below, so that each of its parts fits its column.

    Args:
        line: without tabs.
        prose: the letter from which on it is a comment or a docstring.
        width: cells of the column in which the first part has to fit.
        width_below: cells that each other part has.
    """
    start, room = 0, width
    indent = len(line) - len(line.lstrip())
    costs = _costs(line, prose)
    while True:
        fits = _fitting(line, start, room)
        if fits == len(line):
            return
        earliest = max(start + int(room * EARLIEST), indent + 1)
        places = [place for place in range(earliest, fits + 1) if place in costs]
        end = min(places, key=lambda place: (costs[place], -place), default=fits)
        end = max(end, start + 1)
        yield end
        start, room = end, width_below


def _fitting(line: str, start: int, cells: int) -> int:
    """The letter up to which a line fits into so many cells, from one letter on."""
    for place in range(start, len(line)):
        cells -= get_character_cell_size(line[place])
        if cells < 0:
            return place
    return len(line)


def _costs(line: str, prose: int) -> dict[int, int]:
    """Where a line may be folded, and how much that tears apart: brackets count most.

    A part may begin after a space or an opening bracket; a comment best of all.
    """
    costs: dict[int, int] = {}
    depth = 0
    word = ""  # the last one before the spaces that are just read
    for place in range(1, len(line)):
        before, letter = line[place - 1], line[place]
        depth = max(depth + (before in OPENING) - (before in CLOSING), 0)
        if before != " ":
            word = before if line[place - 2 : place - 1] in ("", " ") else word + before
        if place >= prose:
            if before == " ":
                costs[place] = 0 if place == prose else 1
            elif before in OPENING:
                costs[place] = 2
        elif before == " " and letter != " ":
            costs[place] = 2 + 3 * depth + _tears(word, depth)
        elif before in OPENING and letter not in CLOSING:
            costs[place] = 2 + 3 * depth - 1
    return costs


def _tears(word: str, depth: int) -> int:
    """How much is torn apart after a word, of what stands in the same brackets."""
    if word == "=" or (word.endswith(",") and depth):
        return 0
    return 2 if word.endswith(":") else 1
