"""Made-up settings and registers that are nearly right, and what the report makes of them."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from hypothesis import strategies as st

from funnel.analysis.initiatives.overlap import first_whole_week
from funnel.analysis.revenue.planned import shown_periods
from funnel.dates import WEEK, week_of
from funnel.edition.logbook import meetings_at, read_registers
from funnel.settings import load
from funnel.settings_links import lead_url
from funnel.settings_plan import weekly_leads
from tests.properties.fuzzing import CELLS, fuzzed, told

DAYS = st.one_of(
    st.dates(),
    st.dates(dt.date(2021, 1, 1), dt.date(2023, 1, 1)),
    st.sampled_from((dt.date.min, dt.date.max, dt.date(1677, 9, 21), dt.date(2262, 4, 12))),
    CELLS,
    st.integers(-(10**12), 10**12),
    st.none(),
)
NUMBERS = st.one_of(st.integers(-5, 10**6), st.floats(), CELLS, st.just(10**400))
TEXTS = st.one_of(CELLS, st.just("x"), st.lists(CELLS, max_size=2), st.none())
SEGMENTS = st.dictionaries(
    st.sampled_from(("channel", "manager", "lead_id", "")),
    st.dictionaries(CELLS, st.one_of(NUMBERS, st.dictionaries(st.just("sales"), NUMBERS)), max_size=2),
    max_size=2,
)
GOALS = st.fixed_dictionaries(
    {}, optional={"leads": NUMBERS, "sales": NUMBERS, "revenue": NUMBERS, "by": SEGMENTS, "x": NUMBERS}
)
PERIODS = st.one_of(
    DAYS, st.dates().map(lambda day: f"{day:%Y-%m}"), st.from_regex(r"\d{4}-\d\d", fullmatch=True)
)
HOSTS = ("acme.amocrm.ru", "localhost", "127.1", "[::1]", "u:p@h.example", "ёж.рф", "a..b", "h:99999999", "")
ADDRESSES = st.one_of(
    st.tuples(
        st.sampled_from(("https://", "http://", "javascript:", "//", "HTTPS://", "https:")),
        st.sampled_from(HOSTS),
        st.lists(st.one_of(st.sampled_from(("/{id}", "?x={id}", "#", "/../", "{", "}", "%00", "\\")), CELLS)),
    ).map(lambda parts: parts[0] + parts[1] + "".join(parts[2])),
    TEXTS,
)
LINKS = st.one_of(ADDRESSES, st.dictionaries(CELLS, ADDRESSES, max_size=3))
DECISIONS = st.fixed_dictionaries(
    {}, optional={"what": TEXTS, "who": TEXTS, "due": DAYS, "done": DAYS, "dropped": DAYS, "outcome": TEXTS}
)
QUESTIONS = st.one_of(
    TEXTS,
    st.fixed_dictionaries({}, optional={"question": TEXTS, "who": TEXTS, "answered": DAYS, "answer": TEXTS}),
)
MEETINGS = st.fixed_dictionaries(
    {}, optional={"decisions": st.lists(DECISIONS, max_size=3), "questions": st.lists(QUESTIONS, max_size=3)}
)
NAMES = st.one_of(
    st.sampled_from(("2022-09-05", "9999-12-31", "0001-01-01", "x", "2022-W01-1", "20220905")), DAYS.map(str)
).filter(lambda name: name.isprintable() and not set(name) & set('/\\:*?"<>|\x00') and name.strip(". "))
BASE = {"stages": [{"key": "target"}, {"key": "sale"}], "attributes": {"channel": {}, "manager": {}}}
REPORT = dt.date(2022, 9, 26)


def written(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8", errors="replace")


@fuzzed(st.dictionaries(PERIODS, st.one_of(GOALS, NUMBERS), max_size=5))
def test_plans(plan: dict) -> None:
    with tempfile.TemporaryDirectory() as folder, told():
        path = Path(folder) / "funnel.yml"
        written(path, {**BASE, "plan": plan})
        settings = load(path)
        weekly_leads(settings.plan)
        shown_periods(settings.plan, REPORT)


@fuzzed(LINKS, st.lists(CELLS, max_size=4))
def test_addresses_of_leads(links: object, ids: list[str]) -> None:
    """What is linked is always a page of a plain host, with the id as one part of it."""
    with tempfile.TemporaryDirectory() as folder, told():
        path = Path(folder) / "funnel.yml"
        written(path, {**BASE, "crm_url": links})
        settings = load(path)
        for lead_id in (*ids, "12", "../../x", "a b\u202e\n"):
            address = lead_url(settings.crm_url, lead_id)
            if address:
                parts = urlsplit(address)
                assert (parts.scheme, parts.username) == ("https", None)
                assert address.isascii()
                assert address.isprintable()
                assert not set(address) & set(' "<>\\')


@fuzzed(NAMES, MEETINGS, DAYS, DAYS)
def test_meetings_and_initiatives(name: str, meeting: dict, start: object, end: object) -> None:
    with tempfile.TemporaryDirectory() as folder, told():
        root = Path(folder)
        written(root / "funnel.yml", BASE)
        written(root / "data" / "meetings" / f"{name}.yml", meeting)
        initiative = {"title": "A", "owner": "o", "hypotheses": [{"metric": "sale_rate", "change": 0.1}]}
        written(
            root / "data" / "initiatives" / "a.yml",
            {**initiative, "cost": {"money": 1}, "start": start, "end": end},
        )
        found = read_registers(load(root / "funnel.yml"))
        frame = meetings_at(found.meetings, REPORT)
        assert len(frame) <= 6
        for one in found.initiatives:
            first_whole_week(one.start)
            if one.end is not None:
                week_of(one.end + dt.timedelta(days=1)) + WEEK
