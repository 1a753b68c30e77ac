"""The archive's index page: every edition with its files, newest first."""

from __future__ import annotations

import html
from pathlib import Path

from funnel.present.parts.texts import Texts
from funnel.publish.archive import Archived, archived
from funnel.publish.files import write_text
from funnel.settings import Settings

PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body{{font:16px/1.5 "Source Sans 3","Source Sans Pro",system-ui,sans-serif;margin:2rem auto;
max-width:44rem;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:.4rem .6rem;
border-bottom:1px solid}}</style></head>
<body><h1>{title}</h1>
<table><thead><tr>{headers}</tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""


def write(archive: Path, texts: Texts, settings: Settings) -> None:
    """Write `index.html` of an archive."""
    headers = [texts.t(key) for key in ("index_edition", "index_files", "index_renderer")]
    page = PAGE.format(
        lang=texts.language,
        title=html.escape(texts.t("index_title", company=settings.company)),
        headers="".join(f"<th>{html.escape(header)}</th>" for header in headers),
        rows="\n".join(_row(edition, texts) for edition in reversed(archived(archive))),
    )
    write_text(archive / "index.html", page)


def _row(edition: Archived, texts: Texts) -> str:
    name = edition.folder.name
    files = sorted(path.name for path in edition.folder.iterdir() if path.is_file() and path.suffix != ".md")
    links = " · ".join(f'<a href="{name}/{html.escape(file)}">{html.escape(file)}</a>' for file in files)
    label = texts.date(edition.report_date)
    if edition.revision > 1:
        label += " · " + texts.t("index_revision", number=edition.revision)
    by = edition.manifest.renderer.get("name", "")
    return f"<tr><td>{html.escape(label)}</td><td>{links}</td><td>{html.escape(by)}</td></tr>"
