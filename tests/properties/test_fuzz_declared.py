"""Files whose meaning the settings declare (exports, wide sheets, event logs, ad costs), both made up."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml
from hypothesis import strategies as st

from funnel.settings import load
from funnel.sources import describe, read
from tests.properties.fuzzing import CELLS, HITS, damaged, fuzzed, told

HEADERS = ("ID", "Создана", "Этап", "Воронка", "Закрыта", "Бюджет", "Метки", "Дата", "Кампания", "Расход", "")
WORDS = st.one_of(st.sampled_from((*HEADERS, "sale", "target", "lead", "lost", "won", "*", "no")), CELLS)
COLUMNS = ("lead_id", "created_at", "updated_at", "stage", "pipeline", "amount", "closed", "won", "paid_at")
HEADER = st.one_of(WORDS, st.lists(WORDS, max_size=3))
NAMED = st.dictionaries(WORDS, HEADER, max_size=3)
STAGES = st.dictionaries(st.sampled_from(("target", "sale", "x")), HEADER, max_size=2)
OUTCOMES = st.dictionaries(WORDS, st.sampled_from(("target", "sale", "lead", "lost", "x")), max_size=4)
RULES = {
    **dict.fromkeys(COLUMNS, HEADER),
    "profile": st.sampled_from(("amocrm", "bitrix24", "hubspot", "pipedrive", "salesforce", "zoho", "x")),
    "dates": st.sampled_from(("day-first", "month-first", "DD.MM.YYYY", "YYYY-MM-DD HH:mm", "MM/DD/YY hh A")),
    "timezone": st.sampled_from(("UTC", "Europe/Moscow", "America/New_York")),
    "decimal": st.sampled_from((",", ".")),
    "payments": st.sampled_from(("won", "none")),
    "product_rows": st.sampled_from(("same", "add")),
    "where": NAMED,
    "drop": NAMED,
    "attributes": st.dictionaries(st.sampled_from(("channel", "manager")), WORDS, max_size=2),
    "empty": HEADER,
    "won_words": HEADER,
    "lost_words": HEADER,
}
KINDS = {
    "exports": {**RULES, "pipelines": st.dictionaries(WORDS, OUTCOMES, max_size=2)},
    "wide": {**RULES, "stages": STAGES},
    "events": {
        name: kind
        for name, kind in {**RULES, "entered_at": HEADER, "reason": HEADER, "leads": st.booleans()}.items()
        if name in ("lead_id", "stage", "entered_at", "reason", "leads", "where", "drop", "dates", "timezone")
    }
    | {"stages": OUTCOMES},
}
COSTS = st.fixed_dictionaries(
    {},
    optional={
        "platform": st.sampled_from(("yandex", "vk", "google", "meta", "plain")),
        "micros": st.booleans(),
        "spread": st.booleans(),
        "vat": st.sampled_from(("yes", "no", "unknown")),
        "dates": RULES["dates"],
        "currency": st.sampled_from(("RUB", "USD", "XXX")),
    },
)
COST_HEADS = (
    *("Date", "Day", "Дата", "Campaign", "CampaignName", "Кампания", "CampaignId", "Cost", "Spend", "Расход"),
    *("Reporting starts", "Reporting ends", "Amount spent (RUB)", "Currency code", "Impressions", "Clicks"),
)


def sheets(heads: tuple[str, ...]) -> st.SearchStrategy[list[list[str]]]:
    row = st.lists(st.one_of(CELLS, st.sampled_from(("2026-09-01", "01.09.2026", "5"))), max_size=len(heads))
    return st.tuples(st.lists(st.sampled_from(heads), min_size=1, max_size=8), st.lists(row, max_size=5)).map(
        lambda table: [table[0], *table[1]]
    )


def used(settings: dict, rows: list[list[str]], mark: str, hits: list[tuple[int, int]]) -> None:
    """Read a file under some settings, as `funnel import` and its dry run do."""
    with tempfile.TemporaryDirectory() as name, told():
        folder = Path(name)
        base = {"stages": [{"key": "target"}, {"key": "sale"}], "currency": "RUB", "rates": {"USD": 90}}
        (folder / "funnel.yml").write_text(yaml.safe_dump({**base, **settings}), encoding="utf-8")
        chosen = load(folder / "funnel.yml")
        text = "\n".join(mark.join(row) for row in rows)
        path = folder / "made.csv"
        path.write_bytes(damaged(text.encode("utf-8", "replace"), hits))
        with told():
            describe([path], chosen)
        read([path], chosen)


MARKS = st.sampled_from(",;\t")


@fuzzed(
    st.sampled_from(sorted(KINDS)).flatmap(
        lambda kind: st.tuples(st.just(kind), st.fixed_dictionaries({}, optional=KINDS[kind]))
    ),
    sheets(HEADERS),
    MARKS,
    HITS,
)
def test_exports_wide_sheets_and_event_logs(
    block: tuple[str, dict], rows: list[list[str]], mark: str, hits: list[tuple[int, int]]
) -> None:
    kind, rules = block
    used({kind: {"files": "made*", **rules}}, rows, mark, hits)


@fuzzed(COSTS, sheets(COST_HEADS), MARKS, HITS)
def test_ad_costs(rules: dict, rows: list[list[str]], mark: str, hits: list[tuple[int, int]]) -> None:
    used({"ad_costs": {"made*": rules}}, rows, mark, hits)
