"""A page as a renderer made it, dressed: charts, links, the script and style for them, the dark look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from funnel.present.parts import theme
from funnel.present.parts.texts import Texts
from funnel.publish.archive import editions_before
from funnel.publish.files import write_text
from funnel.publish.order import Order
from funnel.publish.page.beside import Beside
from funnel.publish.page.charts import Charts, in_place, named_colours
from funnel.publish.page.font import faces
from funnel.publish.page.terms import defined
from funnel.publish.policy import allowing
from funnel.settings import Language, Settings

_HERE = Path(__file__).parent
_STYLED = re.compile(r"""<style>.*?</style>|<[a-z][^<>]*?\sstyle=(["']).*?\1""", re.DOTALL)


def dress(
    page: str,
    charts: Charts,
    links: str,
    palette: Mapping[str, str],
    texts: Texts,
    kept: Path | None = None,
) -> str:
    """Return the page that is published.

    Args:
        page: whole HTML, with the policy of what it may run.
        charts: what stands in place of pictures.
        links: to what lies beside the page.
        palette: colours of `_brand.yml` by name, as ``#rrggbb``.
        texts: the language.
        kept: file that the page's font is kept in for the next time.
    """
    names = {hue.lower(): name for name, hue in reversed(list(palette.items()))}
    head, mark, body = page.partition("<body")
    body = _STYLED.sub(lambda styled: named_colours(styled[0], names), body)
    body = defined(in_place(body, charts, names, texts), texts).replace("</header>", f"</header>\n{links}", 1)
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    body = f"<script>{script}</script>\n</body>".join(body.rsplit("</body>", 1))
    brand = "".join(f"--brand-{name}:{hue};" for name, hue in palette.items())
    style = faces(body, kept)
    style += "".join((_HERE / name).read_text(encoding="utf-8") for name in ("page.css", "dark.css"))
    head = head.replace("</head>", f"<style>:root{{{brand}}}\n{style}</style>\n</head>", 1)
    return allowing(head + mark + body, script)


def dress_pages(staged: Path, settings: Settings, order: Order, charts: Mapping[Language, Charts]) -> None:
    """Dress the pages of an edition whose files all lie in a folder.

    Args:
        staged: the folder.
        settings: where the archive is, and the colours.
        order: what was asked for.
        charts: of each language.
    """
    archive = settings.path("archive")
    before = editions_before(archive, order.report_date)
    made = frozenset(path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file())
    folder = staged if order.draft else archive / order.report_date.isoformat()
    beside = Beside(folder, made, archive, before[-1] if before else None, order.draft)
    suffixes = {
        language: "" if language == order.languages[0] else f".{language}" for language in order.languages
    }
    palette = theme.load(settings).named
    for language, suffix in suffixes.items():
        texts = Texts(language)
        others = [
            (end, Texts(other).t("language_name")) for other, end in suffixes.items() if other != language
        ]
        page = staged / f"report{suffix}.html"
        links = beside.links(suffix, others, texts)
        kept = settings.path("run") / f"font{suffix}.css"
        whole = dress(page.read_text(encoding="utf-8"), charts[language], links, palette, texts, kept)
        write_text(page, whole)
