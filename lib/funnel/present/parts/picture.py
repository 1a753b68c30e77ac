"""A finished figure: the same bytes for the same numbers, and words for those who cannot see it."""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from funnel.present.parts import theme as look
from funnel.present.parts import vector
from funnel.present.parts.escape import for_html, for_typst
from funnel.present.parts.grid import raw_blocks
from funnel.present.parts.theme import DPI, Theme

CSS_DPI = 96
_LINE, _SIGNS = 0.15, 17
"""Height of a line of small words, and how many signs of them fill an inch."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG picture.

    Attributes:
        png: its bytes; they hold no time and no version. None where there is nothing to draw: then the words
            alone are shown.
        alt: what it shows, in words.
        width: in inches.
        height: in inches.
        chart: the same as SVG with its values (`vector.chart`); None where it is a picture alone.
    """

    png: bytes
    alt: str
    width: float
    height: float
    chart: dict[str, Any] | None = None

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, dict[str, str | int]]]:
        size: dict[str, str | int] = {
            "width": round(self.width * CSS_DPI),
            "height": round(self.height * CSS_DPI),
            "alt": self.alt,
        }
        if not self.png:
            words = f'<p class="empty">{for_html(self.alt)}</p>'
            return dict(raw_blocks(words, f"#text({for_typst(self.alt)})")), {}
        shown: dict[str, Any] = {"image/png": base64.b64encode(self.png).decode("ascii")}
        if self.chart is not None:
            shown[vector.KIND] = self.chart
        return shown, {"image/png": size}


def below(picture: Picture, lines: Sequence[str], theme: Theme) -> Picture:
    """Return a picture with lines of small words under it, which are told in words too."""
    if not picture.png:
        return replace(picture, alt=" ".join([picture.alt, *lines]))
    said = [part for line in lines for part in textwrap.wrap(line, int(picture.width * _SIGNS))]
    with look.style(theme):
        figure = Figure(figsize=(picture.width, (len(said) + 0.5) * _LINE))
        FigureCanvasAgg(figure)
        figure.text(0.005, 0.97, "\n".join(said), va="top", fontsize=8, color=theme.muted, linespacing=1.25)
        strip = finish(figure, "")
    parts = [Image.open(io.BytesIO(one.png)).convert("RGB") for one in (picture, strip)]
    whole = Image.new("RGB", (parts[0].width, sum(part.height for part in parts)), theme.paper)
    whole.paste(parts[0], (0, 0))
    whole.paste(parts[1], (0, parts[0].height))
    alt = " ".join([picture.alt, *lines])
    chart = picture.chart and {**picture.chart, "notes": [*picture.chart["notes"], *lines]}
    size = (picture.width, picture.height + strip.height)
    return Picture(_written(whole), alt, *size, chart)


def finish(figure: Figure, alt: str) -> Picture:
    """Turn a figure into a picture of at most 256 colours, which charts do not exceed to the eye."""
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=DPI, metadata={"Software": None})
    drawn = _written(Image.open(raw).convert("RGB"))
    figure.set_layout_engine("none")  # what the picture was laid out as stays
    width, height = (float(side) for side in figure.get_size_inches())
    return Picture(drawn, alt, width, height, vector.chart(figure))


def _written(image: Image.Image) -> bytes:
    out = io.BytesIO()
    small = image.quantize(256, dither=Image.Dither.NONE)
    small.save(out, format="png", optimize=True, dpi=(DPI, DPI))
    return out.getvalue()
