"""A finished figure: the same bytes for the same numbers, and words for those who cannot see it."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

from matplotlib.figure import Figure
from PIL import Image

from funnel.present.theme import DPI

CSS_DPI = 96


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG picture.

    Attributes:
        png: its bytes; they hold no time and no version.
        alt: what it shows, in words.
        width: in inches.
        height: in inches.
    """

    png: bytes
    alt: str
    width: float
    height: float

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, dict[str, str | int]]]:
        size: dict[str, str | int] = {
            "width": round(self.width * CSS_DPI),
            "height": round(self.height * CSS_DPI),
            "alt": self.alt,
        }
        return {"image/png": base64.b64encode(self.png).decode("ascii")}, {"image/png": size}


def finish(figure: Figure, alt: str) -> Picture:
    """Turn a figure into a picture of at most 256 colours, which charts do not exceed to the eye."""
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=DPI, metadata={"Software": None})
    small = Image.open(raw).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, format="png", optimize=True, dpi=(DPI, DPI))
    return Picture(out.getvalue(), alt, *(float(side) for side in figure.get_size_inches()))
