"""What lies beside a page: the links that lead from it to the other files of its edition, and to others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from funnel.present.parts.escape import for_html
from funnel.present.parts.texts import Texts
from funnel.publish.archive import Archived
from funnel.publish.sizes import EXPLORER

_FILES = (
    ("report", ".pdf", "beside_meeting"),
    ("report-full", ".pdf", "beside_full"),
    ("report", ".docx", "beside_docx"),
    ("report", ".pptx", "beside_pptx"),
    ("workbook", ".xlsx", "beside_workbook"),
)


@dataclass(frozen=True, slots=True)
class Beside:
    """Where a page will lie, and what is there.

    Attributes:
        folder: of the edition, as it will be in the archive; a draft's own.
        made: names of the files of the edition, tables as ``tables/<name>.csv``.
        archive: the archive.
        previous: the edition before, None where there is none.
        draft: whether the page is no edition yet.
    """

    folder: Path
    made: frozenset[str]
    archive: Path
    previous: Archived | None
    draft: bool

    def links(self, suffix: str, others: Sequence[tuple[str, str]], texts: Texts) -> str:
        """Return the links as HTML.

        Args:
            suffix: of the page's language in names of files, such as ``.ru``; '' for the first language.
            others: (suffix, name) of the other languages of the edition.
            texts: the page's language.
        """
        found = [
            (f"{stem}{suffix}{ending}", texts.t(key))
            for stem, ending, key in _FILES
            if f"{stem}{suffix}{ending}" in self.made
        ]
        if EXPLORER in self.made:
            found.append((f"{EXPLORER}#lang={texts.language}", texts.t("beside_explorer")))
        pages = {f"report{other}.html": name for other, name in others}
        found += [(page, name) for page, name in pages.items() if page in self.made]
        if self.previous is not None:
            likely = (f"report{suffix}.html", f"report{suffix}.pdf", "report.html", "report.pdf")
            there = next((page for page in likely if (self.previous.folder / page).is_file()), None)
            if there:
                day = texts.date(self.previous.report_date)
                found.append((self._way(self.previous.folder / there), texts.t("beside_previous", date=day)))
        if not self.draft or (self.archive / "index.html").is_file():
            found.append((self._way(self.archive / "index.html"), texts.t("beside_index")))
        links = "".join(f"<li>{_link(address, words)}</li>" for address, words in found)
        tables = sorted(name for name in self.made if name.startswith("tables/"))
        if tables:
            each = "".join(f"<li>{_link(name, name.removeprefix('tables/'))}</li>" for name in tables)
            words = for_html(texts.t("beside_tables", n=len(tables)))
            links += f"<li><details><summary>{words}</summary><ul>{each}</ul></details></li>"
        return f'<nav class="beside" aria-label="{for_html(texts.t("beside"))}"><ul>{links}</ul></nav>'

    def _way(self, path: Path) -> str:
        return Path(os.path.relpath(path.resolve(), self.folder.resolve())).as_posix()


def _link(address: str, words: str) -> str:
    return f'<a href="{for_html(address)}">{for_html(words)}</a>'
