"""The explorer's page: the built program, its style, and the cube, in one file."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from pathlib import Path

from funnel.present.explorer.contents import Contents
from funnel.present.explorer.header import header
from funnel.present.explorer.pack import pack
from funnel.present.parts import theme as look
from funnel.present.parts.texts import Texts
from funnel.settings import Settings

BUILT = Path(__file__).parent / "built"
"""What `make explorer` writes."""
_PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>:root{{{colours}}}
{style}</style></head>
<body><main id="explorer" data-old="{old}"><noscript>{old}</noscript></main>
<script type="text/plain" id="cube">{cube}</script>
<script>{script}</script></body></html>
"""


def write_page(contents: Contents, settings: Settings, policy: Callable[[Iterable[str]], str]) -> str:
    """Return the page; no text of the data stands in it but inside the packed cube.

    Args:
        contents: what it shows.
        settings: stages, attributes, colours.
        policy: makes the content security policy of a page that runs some scripts.
    """
    language = next(iter(contents.reports))
    texts = Texts(language)
    script = (BUILT / "explorer.js").read_text(encoding="utf-8")
    return _PAGE.format(
        lang=language,
        policy=html.escape(policy([script])),
        title=html.escape(texts.t("explorer_title")),
        colours=_colours(settings),
        style=(BUILT / "explorer.css").read_text(encoding="utf-8"),
        old=html.escape(texts.t("explorer_old")),
        cube=pack(header(contents, settings), contents.cross),
        script=script,
    )


def _colours(settings: Settings) -> str:
    """Return the palette as variables; those that the dark look is mixed from twice."""
    named = look.load(settings).named
    fixed = {f"brand-{name}": colour for name, colour in named.items()}
    return "".join(f"--{name}:{colour};" for name, colour in {**named, **fixed}.items())
