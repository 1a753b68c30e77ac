"""History that was stamped at once is known as such, and tells no delay, no duration, no lifetime value."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from funnel.analysis.attention.arrivals import fallen
from funnel.analysis.cohorts import table as cohorts
from funnel.analysis.cohorts.durations import durations
from funnel.analysis.cube.cells import cells
from funnel.dates import AsOf
from funnel.gate.stamps import Stamps, imported_days, stamped_cohorts, stamped_moments, untold_weeks
from funnel.present.parts.gate_words import sentences
from funnel.present.parts.texts import Texts
from funnel.settings import Settings, Stage
from funnel.settings_gate import Gate
from funnel.simulate import World, simulate
from funnel.warehouse import Warehouse
from funnel.warehouse.known import BEGINNING

CONFIG = Settings(
    stages=tuple(Stage(key=key) for key in ("target", "qualified", "proposal", "sale")),
    timezone="Europe/Moscow",
    currency="RUB",
)
MIGRATED = pd.Timestamp("2021-06-01")
Frames = dict[str, pd.DataFrame]
DATES = {"stage_entries": "entered_at", "payments": "paid_at"}


@pytest.fixture(scope="module")
def company() -> Frames:
    history = simulate(World(weeks=80, leads_per_week=60), seed=7)
    return {name: history.tables[name].to_pandas() for name in ("leads", *DATES)}


def redated(frames: Frames, moments: dict[str, pd.Series]) -> Frames:
    """Return the frames with other dates; what then stands twice stands once, as in a CRM."""
    changed = {name: frames[name].assign(**{DATES[name]: moments[name]}) for name in moments}
    return {**frames, **{name: frame.drop_duplicates() for name, frame in changed.items()}}


def migrated(frames: Frames) -> Frames:
    """All that had happened by then is dated within the hour of the migration."""
    return redated(
        frames,
        {
            name: frames[name][column].where(
                frames[name][column] >= MIGRATED,
                MIGRATED + pd.to_timedelta(np.arange(len(frames[name])) % 3600, unit="s"),
            )
            for name, column in DATES.items()
        },
    )


def dated_at_creation(frames: Frames) -> Frames:
    """All that had happened by then is dated at the creation of its lead."""
    created = frames["leads"].set_index("lead_id")["created_at"]
    return redated(
        frames,
        {
            name: frames[name][column].where(
                frames[name][column] >= MIGRATED, frames[name]["lead_id"].map(created)
            )
            for name, column in DATES.items()
        },
    )


def month_ends(frames: Frames) -> Frames:
    """Everything is entered on the last day of its month, by day."""
    return redated(
        frames,
        {
            name: frames[name][column].dt.to_period("M").dt.end_time.dt.floor("D")
            for name, column in DATES.items()
        },
    )


def opened(frames: Frames, folder: Path) -> tuple[Warehouse, AsOf]:
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet")
    house = Warehouse.attach_parquet(folder, CONFIG)
    return house, AsOf(house.last_day() + dt.timedelta(days=1), BEGINNING)


def median(house: Warehouse, as_of: AsOf) -> float:
    found = durations(house.waits(as_of), 104).set_index(["start", "stage"])
    return float(found[found["cohort_quarter"].isna()].loc[("lead", "sale"), "median_days"])


def test_a_calm_company_and_one_that_enters_the_month_at_its_end_have_no_stamps(
    company: Frames, tmp_path: Path
) -> None:
    for name, frames in (("calm", company), ("batch", month_ends(company))):
        (tmp_path / name).mkdir()
        house, as_of = opened(frames, tmp_path / name)
        assert house.stamps(as_of) == Stamps(), name
        assert not house.reached(as_of)["stamped"].any()


@pytest.mark.parametrize("kind", ["migrated", "dated_at_creation"])
def test_a_migration_is_found_and_its_dates_tell_no_times(company: Frames, kind: str, tmp_path: Path) -> None:
    changed = {"migrated": migrated, "dated_at_creation": dated_at_creation}[kind](company)
    (tmp_path / "was").mkdir()
    calm, today = opened(company, tmp_path / "was")
    (tmp_path / "now").mkdir()
    house, as_of = opened(changed, tmp_path / "now")
    stamps = house.stamps(as_of)
    if kind == "migrated":
        assert stamps.days == stamps.payment_days == (MIGRATED.date(),)
    else:
        first, last = stamps.weeks[0], stamps.weeks[-1]
        assert first == company["leads"]["created_at"].min().to_period("W").start_time.date()
        assert abs((last - MIGRATED.date()).days) <= 14
    reached, plain = house.reached(as_of), calm.reached(today)
    # everybody is counted, and those known only to have got so far by then are told
    assert (
        reached.groupby("stage")["leads"].sum().to_dict() == plain.groupby("stage")["leads"].sum().to_dict()
    )
    entries = company["stage_entries"]
    brought = entries[entries["entered_at"] < MIGRATED].merge(company["leads"], on="lead_id")
    sold = brought.loc[brought["stage"] == "sale", "lead_id"].nunique()
    stamped = reached.groupby("stage")["stamped"].sum()
    assert stamped["lead"] == 0 and stamped["sale"] == pytest.approx(sold, rel=0.05)
    # durations are those of the time after it: near the truth, and not those of the stamps
    true = median(calm, today)
    assert true / 2 < median(house, as_of) < true * 2
    problems = house.problems(as_of).set_index(["table", "problem"])
    assert problems.loc[("stage_entries", "stamped_at_once"), "rows"] > 0.9 * len(
        brought.drop_duplicates(["lead_id", "stage"])
    )
    assert problems.loc[("payments", "stamped_at_once"), "rows"] > 0
    assert len(untold_weeks(house.paid(as_of).rename(columns={"payments": "leads"}))) > 5


def test_moves_that_rest_on_stamps_are_told_and_everybody_stands_where_they_stood(
    company: Frames, tmp_path: Path
) -> None:
    (tmp_path / "was").mkdir()
    calm, today = opened(company, tmp_path / "was")
    house, as_of = opened(migrated(company), tmp_path)
    moved, plain = house.moved(as_of), calm.moved(today)
    standing = [frame[frame["next_stage"] == ""].groupby("stage")["leads"].sum() for frame in (moved, plain)]
    assert standing[0].to_dict() == standing[1].to_dict()
    since = MIGRATED.to_period("W").start_time
    assert not moved.loc[moved["cohort_week"] > since, "stamped"].any()
    pd.testing.assert_frame_equal(  # what came after it is all there and has its times
        moved[moved["cohort_week"] > since].reset_index(drop=True),
        plain[plain["cohort_week"] > since].reset_index(drop=True),
    )
    old = moved[(moved["cohort_week"] < since - pd.Timedelta(weeks=13)) & (moved["stage"] == "lead")]
    assert len(old) and (old["stamped"] == old["leads"]).all()  # of what came long before it nothing is told


def imported(frames: Frames, *, day: str = "2021-06-01") -> Frames:
    """Half of the leads that had come by a day were created on it, by an import from another system."""
    leads = frames["leads"]
    old = (leads["created_at"] < day) & (np.arange(len(leads)) % 2 == 0)
    moments = pd.Timestamp(day) + pd.to_timedelta(9 * 3600 + np.arange(len(leads)) % 3600, unit="s")
    return {**frames, "leads": leads.assign(created_at=leads["created_at"].where(~old, moments))}


def test_leads_created_at_once_are_found_and_their_cohort_tells_nothing(
    company: Frames, tmp_path: Path
) -> None:
    changed = imported(company)
    house, as_of = opened(changed, tmp_path)
    assert house.stamps(as_of) == Stamps(lead_days=(MIGRATED.date(),))
    reached = house.reached(as_of)
    alien = MIGRATED.to_period("W").start_time
    count = int((changed["leads"]["created_at"].dt.normalize() == MIGRATED).sum())
    own = reached[reached["cohort_week"] == alien].groupby("stage")[["leads", "stamped"]].sum()
    assert own.loc["lead", "stamped"] == count > 1000 and own.loc["sale", "stamped"] > 30
    assert not reached.loc[reached["cohort_week"] != alien, "stamped"].any()
    assert cohorts.imported(reached) == {alien}
    found = house.findings(as_of).set_index("kind").loc["imported"]
    assert found["table"] == "leads" and found["rows"] == count
    assert found["first"].date() == found["last"].date() == MIGRATED.date()
    # it tells no durations: those of the time beside it are as they were
    (tmp_path / "was").mkdir()
    calm, today = opened(company, tmp_path / "was")
    true = median(calm, today)
    assert true / 1.5 < median(house, as_of) < true * 1.5
    # it is no history of any conversion, and the next weeks are not blamed for bringing fewer leads
    table = cells(reached, CONFIG.steps, MIGRATED.date() + dt.timedelta(weeks=5, days=6))
    assert table.told is not None and not table.told[table.index(alien.date())].any()
    arrived = fallen(table)
    assert len(arrived) == 1 and not arrived["flag"].any()
    assert (
        arrived["expected"].iloc[0]
        < 2 * company["leads"]["created_at"].dt.to_period("W").value_counts().max()
    )


def test_leads_that_did_come_in_one_day_are_said_to_be_so(company: Frames, tmp_path: Path) -> None:
    for name, frame in imported(company).items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    real = CONFIG.model_copy(update={"gate": Gate(leads_in_one_day="real")})
    house = Warehouse.attach_parquet(tmp_path, real)
    as_of = AsOf(house.last_day() + dt.timedelta(days=1), BEGINNING)
    assert not house.stamps(as_of)
    assert "imported" not in set(house.findings(as_of)["kind"])


def test_a_fair_and_a_strong_season_are_no_import() -> None:
    days = pd.DataFrame({"moment": pd.date_range("2021-01-01", periods=400)})
    rng = np.random.default_rng(3)
    days["rows"] = rng.poisson(20 * (1 + 0.8 * np.sin(np.arange(400) / 58)))
    assert imported_days(days) == []
    days.loc[150, "rows"] = 250  # eight times the largest day of a usual month
    assert imported_days(days) == []
    days.loc[[150, 151], "rows"] = 900
    assert imported_days(days) == [day.date() for day in days["moment"][150:152]]
    assert imported_days(days[150:152]) == []  # nothing to compare with


def test_a_migration_that_stamped_and_dated_at_creation_tells_both(company: Frames, tmp_path: Path) -> None:
    before = MIGRATED - pd.Timedelta(weeks=30)
    one, other = dated_at_creation(company), migrated(company)
    created = company["leads"].set_index("lead_id")["created_at"]
    mixed = {"leads": company["leads"]}
    for name in DATES:  # the older ones at creation, the others on the day of the migration
        old = [frames[name]["lead_id"].map(created) < before for frames in (one, other)]
        mixed[name] = pd.concat([one[name][old[0]], other[name][~old[1]]])
    house, as_of = opened(mixed, tmp_path)
    assert house.stamps(as_of).days and house.stamps(as_of).weeks
    findings = house.findings(as_of)
    told = findings[findings["table"] == "stage_entries"].set_index("kind")["rows"]
    assert set(told.index) == {"stamped", "created"} and (told > 100).all()
    said = " ".join(sentences(findings, CONFIG, Texts("en"), page=True))
    assert "at_creation: real" in said and "as by a migration" in said


def usual(*most: int) -> pd.DataFrame:
    months = pd.date_range("2022-01-01", periods=len(most), freq="MS")
    return pd.DataFrame({"month": months, "most": most})


def counts(rows: int, old: int) -> pd.DataFrame:
    return pd.DataFrame({"moment": [pd.Timestamp("2022-04-10")], "rows": [rows], "old": [old]})


@pytest.mark.parametrize(
    ("rows", "old", "total", "stamped"),
    [
        (3000, 2900, 12000, True),  # a hundred times the largest day of a usual month
        (3000, 1000, 12000, False),  # a campaign: most are of new leads
        (250, 240, 12000, False),  # the tidying up of a month, eight times a usual large day
        (310, 300, 20000, False),  # ten times, but less than one in fifty
        (25, 25, 300, False),  # too few to say so
        (7000, 7000, 12000, True),
    ],
)
def test_what_share_is_impossible(rows: int, old: int, total: int, stamped: bool) -> None:
    found = stamped_moments(counts(rows, old), usual(30, 25, 31, rows, 28), total)
    assert found == ([pd.Timestamp("2022-04-10")] if stamped else [])


def test_without_other_months_only_half_of_everything_is_impossible() -> None:
    only = usual(0, 0, 0, 400).tail(1)
    assert stamped_moments(counts(400, 400), only, 1000) == []
    assert stamped_moments(counts(600, 600), only, 1000) == [pd.Timestamp("2022-04-10")]


def test_few_leads_a_week_speak_with_their_neighbours() -> None:
    weeks = pd.date_range("2022-01-03", periods=20, freq="7D")
    frame = pd.DataFrame({"cohort_week": weeks, "advanced": 2, "at_once": [2] * 12 + [0] * 8})
    assert stamped_cohorts(frame) == [week.date() for week in weeks[:12]]
    none = frame.assign(at_once=[1, 0, 0, 0] * 5)  # now and then a lead does it all at once
    assert stamped_cohorts(none) == []
    without = frame.drop(index=[4, 5])  # weeks in which nobody went two steps
    assert stamped_cohorts(without) == [week.date() for week in weeks[:12]]


def test_leads_created_on_the_day_of_the_migration_have_their_times(tmp_path: Path, company: Frames) -> None:
    changed = migrated(company)
    lead = company["leads"].iloc[[0]].assign(lead_id="new", created_at=MIGRATED + pd.Timedelta(hours=9))
    entry = pd.DataFrame(
        {"lead_id": ["new"], "stage": ["sale"], "entered_at": [MIGRATED + pd.Timedelta(hours=15)]}
    )
    changed["leads"] = pd.concat([changed["leads"], lead])
    changed["stage_entries"] = pd.concat([changed["stage_entries"], entry])
    with_one, as_of = opened(changed, tmp_path)
    (tmp_path / "without").mkdir()
    without, _ = opened(migrated(company), tmp_path / "without")
    sold = [house.reached(as_of).query("stage == 'sale'") for house in (with_one, without)]
    assert sold[0]["leads"].sum() == sold[1]["leads"].sum() + 1
    assert sold[0]["stamped"].sum() == sold[1]["stamped"].sum()
