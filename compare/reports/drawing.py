"""What plots of pages and of notebooks share: settings, marks, and a figure as SVG."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

INK = "#010203"  # stands for the colour of the text around, which no plot knows
SETTINGS: Mapping[str, Any] = {
    "svg.fonttype": "none",  # text as text
    "svg.hashsalt": "twinproof",  # the same names in each run
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "grid.color": INK,
    "legend.frameon": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
MOST_MARKS = 6  # along an axis of whole numbers


def whole_numbers(*directions: Axis) -> None:
    """Put marks at whole numbers alone, where something is counted."""
    from matplotlib.ticker import MaxNLocator

    for direction in directions:
        direction.set_major_locator(
            MaxNLocator(MOST_MARKS, integer=True, min_n_ticks=1)
        )


def svg(
    figure: Figure, title: str, colours: Mapping[str, str], attributes: str = ""
) -> str:
    """Return a figure as an SVG element.

    Args:
        figure: drawn.
        title: what it shows, for those who do not see it.
        colours: what stands in the place of each colour that it was drawn in.
        attributes: more of the element, as HTML.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    text = StringIO()
    FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None, "Creator": None})
    element = text.getvalue()
    element = element[element.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    for colour, replacement in colours.items():
        element = element.replace(colour, replacement)
    opening = f'<svg role="img" aria-label="{html.escape(title)}"{attributes}'
    return element.replace("<svg", opening, 1)
