"""The columns of the chapter Money."""

from __future__ import annotations

from dataclasses import replace

from funnel.columns.cohorts import LEADS, WEEK
from funnel.columns.column import Column, Unit, only, words

_CHANNEL = Column(
    "value", words("", ""), words("channel; under it its campaigns", "канал; под ним кампании"), "text"
)
_END = Column(
    "projected_cost_per_sale",
    words("cost", "стоимость"),
    words("spend over the sales expected in the end", "расходы на продажу, ожидаемую в итоге"),
    "money",
    under="last",
    group="group_cost_end",
)
_COSTS = (
    Column(
        "spend",
        words("Ad spend", "Расходы"),
        words("on the leads of the row", "на лиды этой строки"),
        "money",
    ),
    Column(
        "cost_per_lead",
        words("Lead", "Лид"),
        words("spend over leads", "расходы на лид"),
        "money",
        group="group_cost_per",
    ),
    Column(
        "cost_per_{stage}",
        words("{stage}", "{stage}"),
        words("spend over the leads that reached the stage", "расходы на лид, дошедший до стадии"),
        "money",
        under="stage",
        group="group_cost_per",
    ),
    _END,
    replace(
        _END,
        key="projected_low",
        title=words("90 % interval", "90 %-й интервал"),
        meaning=words("of that cost", "этой стоимости"),
        unit="interval",
        upto="projected_high",
    ),
    Column(
        "roas",
        words("Returned", "Окупилось"),
        words("paid so far over spend", "уже заплачено к расходам"),
        "share",
    ),
)
COSTS = only(
    (WEEK, *_COSTS),
    "page",
    "command",
)
"""A row: a cohort."""
SUMMARY = only(
    (_CHANNEL, LEADS, *_COSTS),
    "page",
)
"""A row: a channel, a campaign or all."""


def _spent(key: str, title: tuple[str, str], meaning: tuple[str, str]) -> Column:
    return Column(key, words(*title), words(*meaning), "money", digits=2, group="group_spend")


ACCOUNT = only(
    (
        _CHANNEL,
        _spent("spend", ("all", "всего"), ("what was spent", "сколько потрачено")),
        _spent(
            "matched", ("with leads", "с лидами"), ("met leads of its week", "встретили лидов своей недели")
        ),
        _spent("no_leads", ("without a lead", "без лидов"), ("met none", "лидов не встретили")),
        _spent(
            "unknown_names",
            ("of it, unknown name", "из них имя неизвестно"),
            ("because no lead bears the name", "потому что имени нет ни у одного лида"),
        ),
        _spent(
            "outside",
            ("other weeks", "другие недели"),
            ("lie outside the shown cohorts", "лежат вне показанных когорт"),
        ),
        Column("vat", words("VAT", "НДС"), words("whether it is included", "включён ли"), "text"),
        replace(LEADS, title=words("shown", "показано"), group="col_leads"),
        Column(
            "leads_no_spend",
            words("without spend", "без расходов"),
            words("leads of weeks without spend", "лидов недель без расходов"),
            "leads",
            group="col_leads",
        ),
    ),
    "page",
)
"""A row: a channel or all."""


def _each(key: str, title: tuple[str, str], meaning: tuple[str, str], upto: str = "") -> Column:
    unit: Unit = "interval" if upto else "money"
    return Column(key, words(*title), words(*meaning), unit, group="group_per_contact", upto=upto)


LTV = only(
    (
        Column(
            "value",
            words("", ""),
            words("of the attribute; without one, all", "признака; без него — все"),
            "text",
        ),
        Column(
            "customers",
            words("Contacts", "Контакты"),
            words("people or companies", "людей или компаний"),
            "count",
        ),
        Column(
            "buyers",
            words("Buyers", "Купили"),
            words("of these with a payment", "из них с платежом"),
            "count",
        ),
        Column(
            "repeats_per_buyer",
            words("Repeats", "Повторы"),
            words("further payments a buyer", "повторных платежей на покупателя"),
            "number",
            digits=2,
        ),
        _each("per_customer", ("so far", "уже"), ("paid by a contact so far", "уже заплатил один контакт")),
        _each(
            "ltv",
            ("at the end", "в итоге"),
            ("what it will have paid by the horizon", "сколько заплатит к горизонту"),
        ),
        _each("ltv_p05", ("90 % interval", "90 %-й интервал"), ("of that", "этого"), "ltv_p95"),
        _each(
            "cost_per_customer", ("cost", "стоимость"), ("ad spend on a contact", "расходы на один контакт")
        ),
        Column(
            "expected_return",
            words("Return", "Отдача"),
            words("at the end over cost", "итог к стоимости"),
            "number",
        ),
        Column(
            "payback_weeks",
            words("Payback, weeks", "Окупаемость, нед."),
            words("age by which a contact has paid its cost", "к какому возрасту контакт окупился"),
            "weeks",
        ),
        Column(
            "lead_ltv",
            words("Per lead, at the end", "Итог на лид"),
            words("the same of a lead", "то же на один лид"),
            "money",
        ),
    ),
    "page",
)
"""A row: a value of an attribute."""
