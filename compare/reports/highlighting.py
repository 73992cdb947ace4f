"""Python source in colours, by Pygments: a tenth of the start, so only for them."""

from __future__ import annotations

from pygments.token import Comment, Keyword, Operator, String, Token
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.text import Text

# Few of the terminal's own colours, such as its user chose them for its background: any
# that is bright, or blue, or yellow, is unreadable on black or on white.
THEME = ANSISyntaxTheme(
    {
        Token: Style(),
        Keyword: Style(color="magenta"),
        Operator.Word: Style(color="magenta"),
        String: Style(color="green"),
        Comment: Style(color="green", italic=True),
    }
)


def highlighted(text: str) -> list[Text]:
    """The lines of Python source, as many as the text has, in colours."""
    plain = text.split("\n")
    lines = [*Syntax("", "python", theme=THEME).highlight(text).split(allow_blank=True)]
    if [line.plain for line in lines[: len(plain)]] != plain:
        return [Text(line) for line in plain]
    return lines[: len(plain)]
