"""A report from one export of the interface, which says where leads stand and not how they came there."""

from __future__ import annotations

import datetime as dt
import html
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.conftest import new_project

pytestmark = pytest.mark.xdist_group("exports")
HEAD = (
    "ID,Название сделки,Бюджет ,Ответственный,Дата создания сделки,Дата редактирования,Дата закрытия,"
    "Этап сделки,Воронка"
)
STAGES = ["Новая", "В работе", "КП", "Успешно реализовано", "Закрыто и не реализовано (Дорого)"]
SETTINGS = """
timezone: Europe/Moscow
currency: RUB
stages: [{key: target}, {key: proposal}, {key: sale}]
cohorts: 8
attributes: {manager: {}}
slices: [manager]
exports:
  pipelines:
    Основная:
      {Новая: lead, В работе: target, КП: proposal, Успешно реализовано: sale, Закрыто и не реализовано: lost}
  attributes: {manager: responsible}
"""


def export(path: Path) -> None:
    """Write the leads of 20 weeks, 40 a week, edited last on some day after they came."""
    lines = [HEAD]
    for number in range(800):
        came = dt.datetime(2022, 5, 9, 10) + dt.timedelta(weeks=number // 40, hours=number % 40)
        edited = min(came + dt.timedelta(days=number * 7 % 31, hours=5), dt.datetime(2022, 9, 25, 20))
        stage = STAGES[number * 3 % 5]
        closed = f"{edited:%d.%m.%Y %H:%M:%S}" if stage[:2] in ("Ус", "За") else "не закрыта"
        lines.append(
            f"{number + 1},Сделка,1000,{'Иван' if number % 3 else 'Анна'},{came:%d.%m.%Y %H:%M:%S},"
            f"{edited:%d.%m.%Y %H:%M:%S},{closed},{stage},Основная"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_project(tmp_path_factory.mktemp("exports"), SETTINGS)


def words(page: str) -> str:
    body = re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_page_one_says_reached_at_least_and_no_duration_is_zero(folder: Path, funnel: Any) -> None:
    export(folder / "amocrm_export_leads_2022-09-26.csv")
    config = ("--config", folder / "funnel.yml")
    assert funnel(*config, "import", folder / "amocrm_export_leads_2022-09-26.csv").code == 0
    how = ("--formats", "html,xlsx", "--renderer", "builtin", "--lang", "en,ru")
    made = funnel(*config, "report", "--date", "2022-09-26", *how)
    assert made.code == 0, made.err
    edition = folder / "archive" / "2022-09-26"
    for suffix, caveat, why in (
        ("", "Reached at least: ", "No lead was seen entering a stage"),
        (".ru", "«Достигнут как минимум»: ", "Ни у одного лида не виден сам переход"),
    ):
        page = (edition / f"report{suffix}.html").read_text(encoding="utf-8")
        first, _, rest = page.partition('id="sec-narrative"')
        assert caveat in words(first)
        assert why in words(rest)
    found = pd.read_csv(edition / "tables" / "durations.csv")
    assert found["median_days"].isna().all()  # the dates of an export are those of the last edit
    waiting = pd.read_excel(edition / "workbook.xlsx", sheet_name="Long waiting", header=None)
    assert "No lead was seen entering a stage" in waiting.to_string()
    assert "Nothing to show." in waiting.to_string()
