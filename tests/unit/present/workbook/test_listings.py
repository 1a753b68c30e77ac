"""The listings show the published columns: every one of them, in their order, under their titles."""

from __future__ import annotations

import pandas as pd
import pytest

from funnel.columns import SHEETS
from funnel.logbook import Initiative
from funnel.present.parts.texts import Texts
from funnel.present.workbook import listings
from funnel.settings import LANGUAGES, Language, Settings, Stage

SETTINGS = Settings(stages=(Stage(key="target"), Stage(key="sale")))
WEEK = pd.Timestamp("2022-09-05")
INITIATIVE = Initiative.model_validate(
    {"id": "chat", "title": "Chat", "owner": "lead of sales", "start": "2022-09-05",
     "hypotheses": [{"metric": "target_rate", "change": 0.2}], "cost": {"money": 5}}
)  # fmt: skip
IMPACT = pd.DataFrame(
    {"initiative": ["chat"], "metric": ["target_rate"], "measured_change": [0.1], "low": [0.0], "high": [0.2],
     "readable_from": [WEEK], "verdict": ["confirmed"]}
)  # fmt: skip


def heads(listing: listings.Listing) -> list[tuple[str, str]]:
    return [(shown.name, shown.header) for shown in listing.columns]


def published(name: str, language: Language) -> list[tuple[str, str]]:
    return [(column.key, column.title[language]) for column in SHEETS[name]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_they_are_the_columns_of_the_dictionary(language: Language) -> None:
    texts = Texts(language)
    waiting = pd.DataFrame(
        {"lead_id": ["7"], "cohort_week": [WEEK], "stage": ["target"], "since": [WEEK], "waited_days": [30],
         "limit_days": [9], "manager": [""], "long_waiting": [1], "crm_url": ["https://crm.example/7"]}
    )  # fmt: skip
    listed = listings.waiting(waiting, ["manager"], SETTINGS, texts)
    assert heads(listed)[:-1] == published("wb_sheet_waiting", language)
    assert [shown.link for shown in listed.columns][:2] == ["crm_url", ""]
    measured = listings.initiatives([INITIATIVE], IMPACT, SETTINGS, texts)
    assert heads(measured) == published("wb_sheet_initiatives", language)
    assert heads(listings.meanings(SETTINGS, texts)) == published("wb_sheet_definitions", language)


def test_what_is_measured_is_shown_once_something_is() -> None:
    planned = listings.initiatives([INITIATIVE], None, SETTINGS, Texts("en"))
    kinds = {shown.header: shown.kind for shown in planned.columns}
    assert kinds == {
        "Initiative": "text", "Owner": "text", "From": "date", "To": "date", "Metric": "text",
        "Expected change": "change", "Cost": "money", "Hours": "count", "Given up when": "text",
    }  # fmt: skip
