"""What is asked for when an edition is to be made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from funnel.settings import Language


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for.

    Attributes:
        report_date: D.
        languages: the first is that of `report.html`; further ones make `report.<lang>.html`.
        formats: of html, pdf, xlsx, docx, pptx.
        renderer: auto, quarto or builtin.
        draft: render into `run/report` and leave the archive alone.
    """

    report_date: dt.date
    languages: Sequence[Language]
    formats: Sequence[str] = ("html", "pdf", "xlsx")
    renderer: str = "auto"
    draft: bool = False
