"""Why rows were set aside is told in the reader's language, whatever reason an import gave."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import ModuleType

import pytest

from funnel.present.parts.reason_words import KINDS, OTHER, kind_of, reason_words
from funnel.present.parts.texts import Texts, catalogue
from funnel.settings import Language, Settings
from funnel.sources.api import asides as api_asides
from funnel.sources.api import records, wire
from funnel.sources.bitrix24 import reading as bitrix24
from funnel.sources.reading import read
from funnel.warehouse import asides, load

FILES = {
    "leads.csv": (
        "lead_id,created_at\nL1,2026-01-05\nL2,2026-02-30\nL3,1801-01-05\nL4,\nL5,2026-01-05,x\n"
        "5.80503E+18,2026-01-05\nL6,2026-01-05\nL6,2026-01-05\nL7,2026-01-05\nL7,2026-01-06\n"
        f"{'L' * 200},2026-01-05\n+7 916 123-45-67,2026-01-05\n"
    ),
    "stage_entries.csv": (
        "lead_id,stage,entered_at,precision\nL1,sale,2026-01-06,day\nL1,parked,2026-01-06,day\n"
        "L1,target,2026-01-06,week\nL1,target,03/04/2026,day\n"
    ),
    "payments.csv": (
        "lead_id,paid_at,amount,currency\nL1,2026-01-06,ten,RUB\nL1,2026-01-07,\"1,234\",RUB\n"
        "L1,2026-01-08,10,XAU\n"
    ),
    "spend.csv": "date,channel,cost,clicks\n2026-01-06,vk,10,many\n2026-01-06 10:00,vk,10,1\n,vk,10,1\n",
}  # fmt: skip


@pytest.fixture
def reasons(tmp_path: Path) -> set[str]:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    settings = Settings(timezone="Europe/Moscow", currency="RUB", stages=[{"key": "target"}, {"key": "sale"}])
    batch = read(sorted(tmp_path.glob("*.csv")), settings)
    return {asides.kind(one) for one in batch.rejected}


def test_every_reason_that_reading_files_gives_is_told_in_words(reasons: set[str]) -> None:
    kinds = {kind_of(reason) for reason in reasons}
    assert OTHER not in kinds, [reason for reason in reasons if kind_of(reason) == OTHER]
    wanted = {"date", "date_far", "empty", "id", "several", "copy", "stage", "choice", "date_order", "amount"}
    assert kinds >= {*wanted, "amount_two", "currency", "number", "day", "cells"}, kinds


def raised(module: ModuleType) -> list[str]:
    """Return the texts of the errors that a module raises for values of an account."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    raises = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return [
        part.value
        for call in raises
        if isinstance(call, ast.Call)
        for part in ast.walk(call)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def test_so_is_every_reason_that_an_account_s_records_give() -> None:
    given = [*records._WHY.values(), *raised(wire), api_asides.LATER, api_asides.MARKED, bitrix24.TEMPLATE]
    given += ["is no record", "is no whole number", "is of another form", load._TWICE, load._UNKNOWN_LEAD]
    assert len(given) > 20
    for reason in given:
        assert kind_of(re.sub(r"\d+", "#", reason)) != OTHER, reason
        assert kind_of(re.sub(r"\d+", "#", f"created_at {reason}")) != OTHER, reason


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_is_told_names_the_column_and_speaks_one_language(language: Language, reasons: set[str]) -> None:
    texts = Texts(language)
    for reason in reasons:
        words = reason_words(reason, "entered_at", texts)
        assert "entered_at" in words and "#" not in words
        foreign = re.findall("[a-z]{3,}" if language == "ru" else "[а-я]+", words.replace("entered_at", ""))
        assert foreign == []
    assert {f"reason_{key}" for key, _ in KINDS} <= {key for key in catalogue(language) if "reason_" in key}


def test_a_reason_of_a_later_version_sends_to_the_rows() -> None:
    assert reason_words("the moon was full", "", Texts("en")) == "see run/rejected"


def test_a_column_name_is_harmless() -> None:
    assert "\n" not in reason_words("not an amount", "a\nb", Texts("ru"))
