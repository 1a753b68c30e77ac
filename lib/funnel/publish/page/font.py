"""The report's font inside the page, cut down to the signs that the page shows: charts are measured in it."""

from __future__ import annotations

import base64
import html
import io
import re
from importlib.metadata import version as version_of
from pathlib import Path

import font_source_sans_pro

from funnel.publish.files import sha256_of, write_text

_FILES = Path(font_source_sans_pro.__file__).parent / "files"
_CUTS = (("Regular", "400"), ("Bold", "600 700"))
_TAGS = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.DOTALL)
_ALWAYS = "".join(map(chr, range(0x20, 0x7F))) + "\u00a0–−…"
"""Signs that a page may show without having them at first, such as those of a chart's values."""


def faces(page: str, kept: Path | None = None) -> str:
    """Return the style rules that bring the font of a page; the fonts name their licence.

    Args:
        page: HTML.
        kept: file of the rules of the last time, which are taken where the page shows the same signs.
    """
    signs = "".join(sorted({*html.unescape(_TAGS.sub("", page)), *_ALWAYS}))
    of = f"/* {sha256_of([], signs, version_of('fonttools'))} */\n"
    if kept and kept.is_file() and (rules := kept.read_text(encoding="utf-8")).startswith(of):
        return rules.removeprefix(of)
    cuts = [_face(_cut(_FILES / f"SourceSansPro-{name}.ttf", signs), weight) for name, weight in _CUTS]
    rules = "\n".join(cuts)
    if kept:
        write_text(kept, of + rules)
    return rules


def _face(font: str, weight: str) -> str:
    named = 'font-family:"Source Sans Pro";font-style:normal'
    return f'@font-face{{{named};font-weight:{weight};src:url(data:font/woff;base64,{font}) format("woff")}}'


def _cut(path: Path, signs: str) -> str:
    from fontTools import subset  # slow to load, and seldom needed

    options = subset.Options(
        flavor="woff", layout_features=["kern", "tnum", "mark"], hinting=False, recalc_timestamp=False,
        name_IDs=[0, 13, 14], notdef_outline=True, desubroutinize=False,
    )  # fmt: skip
    out = io.BytesIO()
    with subset.load_font(str(path), options) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(text=signs)
        cutter.subset(font)
        subset.save_font(font, out, options)
    return base64.b64encode(out.getvalue()).decode("ascii")
