"""A report as one HTML file that needs nothing beside it: headings, sentences, tables and plots.

Refuses to know what was measured, and how a plot came about. Invariants: all text is escaped; a plot is inline SVG, so
the file can be mailed and still reads in ten years; the same parts give the same file; whoever has no plots needs no
matplotlib.
"""

import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { border-bottom: 1px solid #8886; padding: .3rem .9rem .3rem 0; text-align: left; vertical-align: top }
td.number { text-align: right; font-variant-numeric: tabular-nums }
figure { margin: 1.5rem 0; background: #fff; padding: .5rem; border-radius: .5rem; overflow-x: auto }
figcaption { color: #333 }
svg { max-width: 100%; height: auto }
"""


class Page:
    """A page, written from top to bottom."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts: list[str] = [f"<h1>{escape(title)}</h1>"]

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(f"<h2>{escape(text)}</h2>")

    def text(self, *paragraphs: str) -> None:
        """Say something, a paragraph each."""
        self._parts += [f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs]

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str | float]]) -> None:
        """Show rows under a head; numbers stand right."""
        top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
        body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
        self._parts.append(f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>")

    def plot(self, figure: "Figure", caption: str) -> None:
        """Show a plot; the caption says in words what it shows, for whoever cannot see it too."""
        words = escape(caption)
        self._parts.append(f"<figure>{_svg(figure)}<figcaption>{words}</figcaption></figure>")

    def write(self, path: Path) -> None:
        """Write the file. Raises OSError."""
        head = f'<meta charset="utf-8"><title>{escape(self._title)}</title><style>{_STYLE}</style>'
        path.write_text(
            f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n'
            + "\n".join(self._parts)
            + "\n</body></html>\n",
            "utf-8",
        )


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    shown = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return f'<td class="number">{shown}</td>'


def _svg(figure: "Figure") -> str:
    import matplotlib as mpl  # noqa: PLC0415  slow to come up; whoever has a figure has waited for it already

    drawn = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "knockdown"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]
