"""amoCRM's (Kommo's) own export in its two layouts; the headers are those of real files."""

from __future__ import annotations

import csv as csv_module
import io
from collections.abc import Sequence

import openpyxl

from crms.world import RUSSIAN, Deal

CSV_HEADER = [
    "ID", "Название сделки", "Бюджет ", "Ответственный", "Дата создания сделки", "Кем создана сделка",
    "Дата редактирования", "Кем редактирована", "Дата закрытия", "Теги", "Примечание", "Этап сделки",
    "Воронка",
    "Полное имя контакта", "Мобильный телефон", "Источник", "Источник", "utm_source", "utm_source",
]  # fmt: skip
XLSX_HEADER = [
    "ID", "Название сделки", "Бюджет ₽", "Ответственный", "Дата создания", "Дата закрытия", "Этап сделки",
    "Воронка", "Теги", "Основной контакт",
]  # fmt: skip


def file_name(suffix: str) -> str:
    return f"amocrm_export_leads_2026-09-22{suffix}"


def stage(deal: Deal) -> str:
    """The reason of a loss stands behind the stage."""
    if deal.outcome == "won":
        return "Успешно реализовано"
    if deal.outcome == "lost":
        return f"Закрыто и не реализовано ({RUSSIAN[deal.reason]})"
    return RUSSIAN[deal.stage]


def csv(made: Sequence[Deal], *, totals: bool = False) -> bytes:
    stream = io.StringIO()
    writer = csv_module.writer(stream, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for deal in made:
        closed = deal.closed.strftime("%d.%m.%Y %H:%M:00") if deal.closed else "не закрыта"
        writer.writerow(
            [
                deal.number, deal.title, int(deal.amount), deal.owner,
                deal.created.strftime("%d.%m.%Y %H:%M:%S"),
                "Робот", deal.updated.strftime("%d.%m.%Y %H:%M:%S"), deal.owner, closed, "опт, сайт",
                'две строки,\nс кавычками "так"', stage(deal), RUSSIAN[deal.pipeline],
                f"Персона {deal.number}",
                f"'+7999{deal.number:07}", RUSSIAN[deal.source], "", "", "vk",
            ]
        )  # fmt: skip
    if totals:
        writer.writerow(["", "", sum(int(deal.amount) for deal in made), *[""] * 16])
    return stream.getvalue().encode()


def xlsx(made: Sequence[Deal]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(XLSX_HEADER)
    for deal in made:
        sheet.append(
            [
                deal.number, deal.title, int(deal.amount), deal.owner, deal.created,
                deal.closed or "не закрыта",
                stage(deal), RUSSIAN[deal.pipeline], "опт", f"Персона {deal.number}",
            ]
        )  # fmt: skip
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
