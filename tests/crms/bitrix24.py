"""Bitrix24's two files of the list of deals, as `modules/main/lib/controller/export.php` and the templates
`csv.php` and `excel.php` of the component crm.deal.list write them."""

from __future__ import annotations

import html
from collections.abc import Sequence

from crms.world import RUSSIAN, Deal

NAMES = {
    "ru": (
        "ID", "Название сделки", "Направление", "Стадия сделки", "Сумма", "Валюта", "Ответственный",
        "Дата создания", "Дата изменения", "Предполагаемая дата закрытия", "Сделка закрыта", "Источник",
        "Причина отказа", "Комментарий", "Контакт: Мобильный телефон", "Дата", "Дата",
    ),
    "en": (
        "ID", "Deal Name", "Pipeline", "Stage", "Income", "Currency", "Responsible", "Created", "Modified",
        "Assumed close date", "Closed", "Source", "Lost reason", "Comment", "Contact: Mobile", "Date", "Date",
    ),
}  # fmt: skip
PRODUCT = {"ru": ("Товар", "Цена", "Количество"), "en": ("Product", "Price", "Quantity")}
ENDS = {"ru": ("Сделка успешна", "Сделка провалена"), "en": ("Deal won", "Deal lost")}
MONEY = {
    "ru": {"RUB": "Российский рубль", "EUR": "Евро", "USD": "Доллар США"},
    "en": {"RUB": "Russian Ruble", "EUR": "Euro", "USD": "US Dollar"},
}


def file_name(suffix: str) -> str:
    return f"DEAL_20260922_4f5a9c1e_6511d0{suffix}"


def _say(word: str, language: str) -> str:
    return RUSSIAN.get(word, word) if language == "ru" else word


def _moment(value, language: str, *, clock: bool) -> str:
    if language == "ru":
        return value.strftime("%d.%m.%Y %H:%M:%S" if clock else "%d.%m.%Y")
    return value.strftime("%m/%d/%Y %I:%M:%S %p").lower() if clock else value.strftime("%m/%d/%Y")


def rows(made: Sequence[Deal], language: str, *, products: bool) -> list[list[str]]:
    """Return the header and the cells, raw; with products one line for each product of a deal."""
    header = [*NAMES[language], *(PRODUCT[language] if products else ())]
    table = [header]
    yes, no = ("Да", "Нет") if language == "ru" else ("Yes", "No")
    for deal in made:
        ends = dict(zip(("won", "lost"), ENDS[language], strict=True))
        closing = deal.closed.date() if deal.closed else deal.expected
        for product, price, pieces in deal.lines if products else (("", deal.amount, 1),):
            cells = [
                str(deal.number), deal.title, _say(deal.pipeline, language),
                ends.get(deal.outcome) or _say(deal.stage, language), str(price * pieces),
                MONEY[language][deal.currency], deal.owner, _moment(deal.created, language, clock=True),
                _moment(deal.updated, language, clock=True), _moment(closing, language, clock=False),
                yes if deal.closed else no, _say(deal.source, language), _say(deal.reason, language),
                "called twice,\nwants a \"good\" price", f"+7999{deal.number:07}", "", "x",
            ]  # fmt: skip
            table.append(cells + ([product, str(price), str(pieces)] if products else []))
    return table


def csv(made: Sequence[Deal], language: str = "ru", *, products: bool = False, bom: bool = True) -> bytes:
    """Every cell quoted, a semicolon behind each, `\\n`; a UTF-8 BOM before all of it."""
    lines = [
        "".join('"' + cell.replace('"', '""') + '";' for cell in row)
        for row in rows(made, language, products=products)
    ]
    return ("\ufeff" * bom + "\n".join(lines) + "\n").encode()


def xls(
    made: Sequence[Deal], language: str = "ru", *, products: bool = False, charset: str = "UTF-8"
) -> bytes:
    """An HTML table under the name .xls; of a portal that is not UTF-8 in windows-1251, without a BOM."""
    header, *body = rows(made, language, products=products)
    parts = [f'<meta http-equiv="Content-type" content="text/html;charset={charset}" />\n<table border="1">']
    parts.append(
        "<thead><tr>" + "".join(f"<th>{html.escape(name)}</th>" for name in header) + "</tr></thead><tbody>"
    )
    for row in body:
        cells = [html.escape(cell) for cell in row]
        cells[13] = cells[13].replace("\n", "<br />") + "<div><i>note</i></div>"
        parts.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    parts.append("</tbody></table>")
    text = "".join(parts)
    if charset == "UTF-8":
        return ("\ufeff" + text).encode()
    return text.encode("cp1251", "xmlcharrefreplace")
