"""The demo is what its README says: counted again here with plain pandas, from the files alone."""

import datetime as dt
import itertools
import json
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from funnel.errors import InputError
from funnel.schema import TABLES
from funnel.simulate import DEMO, DEMO_SEED, Effect, Pin, World, simulate, write

DEMO_FOLDER = Path(__file__).parents[3] / "data" / "demo"
STAGES = ["target", "qualified", "proposal", "sale"]


@pytest.fixture(scope="module")
def demo() -> dict[str, pd.DataFrame]:
    return {name: pd.read_parquet(DEMO_FOLDER / f"{name}.parquet") for name in TABLES}


@pytest.fixture(scope="module")
def truth() -> dict:
    return json.loads((DEMO_FOLDER / "truth.json").read_text(encoding="utf-8"))


def cohort_counts(demo: dict[str, pd.DataFrame], week: str, report_date: str, rule: str) -> list[int]:
    monday, cutoff = pd.Timestamp(week), pd.Timestamp(report_date)
    leads = demo["leads"]
    ids = leads.lead_id[(leads.created_at >= monday) & (leads.created_at < monday + pd.Timedelta(days=7))]
    entries = demo["stage_entries"]
    entries = entries[entries.lead_id.isin(ids) & (entries.entered_at < cutoff)]
    counts = [len(ids)]
    for number, stage in enumerate(STAGES):
        allowed = STAGES[number:] if rule == "any-later" else [stage]
        counts.append(entries.lead_id[entries.stage.isin(allowed)].nunique())
    return counts


@pytest.mark.parametrize("rule", ["any-later", "entered"])
def test_the_cohort_of_the_brief_has_its_counts(demo, rule):
    now = cohort_counts(demo, "2022-09-12", "2022-09-26", rule)
    before = cohort_counts(demo, "2022-09-05", "2022-09-26", rule)
    assert now == [558, 236, 126, 53, 23]
    change = (now[4] / now[0]) / (before[4] / before[0]) - 1
    assert f"{now[4] / now[0]:.2%} {change:+.0%}" == "4.12% +22%"


def test_the_given_cohort_lies_among_its_neighbours(demo):
    """Conditioning must not show: at the same age each step lies within the neighbours' own spread."""
    weeks = [pd.Timestamp("2022-09-12") + pd.Timedelta(weeks=shift) for shift in (-5, -4, -3, -2, 1, 2, 3, 4)]
    near = [
        cohort_counts(demo, str(week.date()), str((week + pd.Timedelta(days=14)).date()), "any-later")
        for week in weeks
    ]
    rates = np.array([[b / a for a, b in itertools.pairwise(row)] for row in near])
    given = np.array([236 / 558, 126 / 236, 53 / 126, 23 / 53])
    spread = rates.std(axis=0, ddof=1) + 0.02
    assert (np.abs(given - rates.mean(axis=0)) < 2 * spread).all()


def test_the_committed_demo_is_made_again_byte_for_byte(tmp_path):
    files = write(simulate(DEMO, DEMO_SEED), tmp_path)
    assert {file.name for file in files} == {file.name for file in DEMO_FOLDER.iterdir()} - {"README.md"}
    for file in files:
        assert file.read_bytes() == (DEMO_FOLDER / file.name).read_bytes(), file.name
    assert sum(file.stat().st_size for file in files) < 4_000_000
    assert f"--seed {DEMO_SEED}" in (DEMO_FOLDER / "README.md").read_text(encoding="utf-8")


def test_tables_keep_the_contract(demo):
    for name, table in TABLES.items():
        frame = demo[name]
        key = [column for column in table.key if column in frame.columns]
        assert not frame.duplicated(key).any(), name
        assert not frame[list(table.required)].isna().any().any(), name
        for column in frame.columns[frame.columns.str.endswith("_id")]:
            assert frame[column].map(type).eq(str).all(), (name, column)
    assert demo["leads"].lead_id.str.fullmatch(r"L\d{6}").all()
    known = set(demo["leads"].lead_id)
    assert set(demo["stage_entries"].lead_id) <= known and set(demo["payments"].lead_id) <= known
    assert set(demo["stage_entries"].stage) == {*STAGES, "lost"}
    for name, column in (("leads", "created_at"), ("stage_entries", "entered_at"), ("payments", "paid_at")):
        assert demo[name][column].max() < pd.Timestamp("2022-10-24"), "nobody knows what comes after the end"
        assert demo[name][column].max() > pd.Timestamp("2022-10-21")
    assert demo["spend"].date.max() == dt.date(2022, 10, 23)


def test_sizes_are_those_of_the_brief(demo):
    created = demo["leads"].created_at
    assert created.min() >= pd.Timestamp("2020-09-28") and created.min() < pd.Timestamp("2020-09-29")
    two_years = (created < pd.Timestamp("2022-09-26")).sum()
    assert 55_500 < two_years < 60_000
    assert 530 < two_years / 104 < 575
    for attribute, count in (("manager", 8), ("product", 4), ("channel", 6), ("region", 5)):
        assert demo["leads"][attribute].nunique() == count
    assert 0 < demo["leads"].manager.isna().sum() < 300
    weekend = (created.dt.weekday >= 5).mean()
    night = (created.dt.hour < 6).mean()
    assert weekend < 0.20 and night < 0.03


def test_the_small_faults_are_there_and_few(demo):
    entries = demo["stage_entries"].merge(demo["leads"][["lead_id", "created_at"]], on="lead_id")
    assert 3 <= (entries.entered_at < entries.created_at).sum() <= 60
    moves = entries[entries.stage != "lost"]
    stages = moves.groupby("lead_id").stage.agg(set)
    skipped = stages.map(lambda seen: bool(seen & {"qualified", "proposal", "sale"}) and "target" not in seen)
    assert 20 <= skipped.sum() <= 400
    again = moves.duplicated(["lead_id", "stage"])
    assert 50 <= again.sum() <= 800
    lost = entries[entries.stage == "lost"]
    assert lost.reason.notna().all() and lost.lead_id.is_unique
    assert not set(lost.lead_id) & set(entries.lead_id[entries.stage == "sale"])


def test_money_has_repeat_purchases_refunds_and_free_channels(demo):
    paid, leads, spend = demo["payments"], demo["leads"], demo["spend"]
    sold = demo["stage_entries"].query("stage == 'sale'").set_index("lead_id").entered_at
    first = paid.groupby("lead_id").paid_at.min()
    assert set(first.index) <= set(sold.index)
    assert (first >= sold[first.index]).all()
    refunds = paid.amount.map(lambda amount: amount < 0)
    assert 0.01 < refunds.sum() / len(sold) < 0.05
    assert (paid[~refunds].groupby("lead_id").size() > 1).mean() > 0.15
    assert paid.groupby("lead_id").amount.sum().min() >= Decimal(0)
    own = leads.customer_id.str[1:] == leads.lead_id.str[1:]
    assert 0.03 < (~own).mean() < 0.06
    guests = leads[~own]
    sponsor = "L" + guests.customer_id.str[1:]
    assert (sold[sponsor].to_numpy() < guests.created_at.to_numpy()).all(), (
        "a returning customer bought before"
    )
    assert set(spend.channel) == {"search", "social", "chat", "partner"}
    assert set(spend.vat_included) == {"yes", "no"}
    assert leads.campaign[leads.channel.isin(["organic", "referral"])].isna().all()
    assert not leads.campaign.eq("social-test").any() and spend.campaign.eq("social-test").any()


def test_delays_are_three_months_on_average_and_two_years_at_most(truth):
    assert 12 * 7 < truth["delays"]["sale_mean_days"] < 14 * 7
    assert truth["delays"]["sale_max_days"] <= 104 * 7
    for curve in truth["maturity"].values():
        assert curve == sorted(curve) and curve[104] == 1.0
    assert truth["maturity"]["sale"][26] < 0.9


def test_a_ripe_cohort_in_the_files_agrees_with_the_truth(demo, truth):
    """At the last day the oldest cohort is past the horizon: nothing of it can be missing."""
    final = truth["cohorts"][0]["final"]
    assert cohort_counts(demo, "2020-09-28", "2022-10-24", "any-later") == list(final.values())
    first = demo["leads"].merge(demo["stage_entries"].query("stage == 'sale'"), on="lead_id")
    quarter = first[first.created_at < pd.Timestamp("2020-10-05")]
    assert len(quarter) == final["sale"]


def test_future_sales_are_in_the_truth_and_not_in_the_files(demo, truth):
    known = demo["stage_entries"].query("stage == 'sale'").lead_id.nunique()
    final = sum(cohort["final"]["sale"] for cohort in truth["cohorts"])
    assert known < final * 0.95
    by_channel = truth["final_by_channel"]
    assert sum(sum(counts["sale"]) for counts in by_channel.values()) == final
    paid_so_far = float(demo["payments"].amount.sum())
    assert paid_so_far < truth["money"]["paid_total"]


def many(effect: Effect, seed: int) -> pd.DataFrame:
    """Return final counts, in and out of scope, of 40 weeks before the effect and 40 from its start on."""
    start = effect.start - dt.timedelta(weeks=40)
    world = World(start, 80, 4000, week_sigma=0.0, drift_sigma=0.0, initiatives=(effect,), episodes=())
    history = simulate(world, seed)
    # the last cohort is not ripe at the end of the files: the truth counts all of it
    cohorts = pd.DataFrame([cohort["final"] for cohort in history.truth["cohorts"]])
    return cohorts.groupby(np.arange(80) >= 40).sum()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_planted_initiatives_are_in_the_outcomes(number):
    """Everybody treated, 160,000 leads on each side: each step within four standard errors."""
    planted = DEMO.initiatives[number]
    everybody = Effect(planted.id, planted.kind, planted.title, planted.start, steps=planted.steps)
    counts = many(everybody, seed=5).to_numpy(dtype=float)
    steps = counts[:, 1:] / counts[:, :-1]
    error = np.sqrt((1 / counts[:, 1:] - 1 / counts[:, :-1]).sum(axis=0))
    assert (np.abs(np.log(steps[1] / steps[0] / planted.steps)) < 4 * error).all()
    whole = counts[1, 4] / counts[1, 0] / (counts[0, 4] / counts[0, 0])
    assert math.isclose(whole, planted.lead_to_sale, rel_tol=4 * math.sqrt((1 / counts[:, 4]).sum()))


def test_the_brief_s_effects_are_the_planted_ones():
    chat, chain, training = DEMO.initiatives
    assert chat.steps[:2] == (1.20, 0.90) and math.isclose(chat.lead_to_sale, 1.10)
    assert min(chain.steps) > 1.05 and math.isclose(chain.lead_to_sale, 1.45)
    assert training.steps[2] == 1.40 and training.steps[3] < 1 and math.isclose(training.lead_to_sale, 1.20)
    starts = [effect.start for effect in DEMO.initiatives]
    assert all((b - a).days >= 20 * 7 for a, b in itertools.pairwise(starts))


def test_the_training_can_be_seen_in_the_demo(demo):
    """Difference in differences of the training, on what the files hold of 20 weeks on each side."""
    leads, entries = demo["leads"], demo["stage_entries"]
    chosen = ["Anna", "Denis", "Galina", "Ivan"]
    start = pd.Timestamp("2022-01-31")
    window = leads[leads.created_at.between(start - pd.Timedelta(weeks=20), start + pd.Timedelta(weeks=20))]
    passed = {
        stage: set(entries.lead_id[entries.stage.isin(STAGES[STAGES.index(stage) :])]) for stage in STAGES
    }
    qualified = window[window.lead_id.isin(passed["qualified"])]
    share = (
        qualified.lead_id.isin(passed["proposal"])
        .groupby([qualified.manager.isin(chosen), qualified.created_at >= start])
        .mean()
    )
    effect = share[True, True] / share[True, False] / (share[False, True] / share[False, False])
    assert 1.2 < effect < 1.65


def test_episodes_change_volume_and_rates(truth):
    cohorts = pd.DataFrame([{"week": c["week"], **c["final"]} for c in truth["cohorts"]]).set_index("week")
    overload = cohorts["2022-07-04":"2022-07-25"]
    around = pd.concat([cohorts["2022-06-06":"2022-06-27"], cohorts["2022-08-01":"2022-08-22"]])
    assert 1.3 < overload.leads.mean() / around.leads.mean() < 1.6
    assert overload.sale.sum() / overload.leads.sum() < 0.75 * around.sale.sum() / around.leads.sum()
    rival = cohorts["2021-11-15":"2021-12-20"]
    before = cohorts["2021-09-27":"2021-11-08"]
    assert rival.sale.sum() / rival.leads.sum() < 0.75 * before.sale.sum() / before.leads.sum()


def test_a_volume_factor_can_hide_in_one_channel():
    launch = Effect(
        "x", "overload", "x", dt.date(2020, 10, 26), attribute="channel", values=("social",), volume=3.0
    )
    history = simulate(
        World(weeks=8, leads_per_week=5000, season=False, initiatives=(), episodes=(launch,)), 1
    )
    leads = history.leads.to_pandas()
    after = leads.created_at >= pd.Timestamp("2020-10-26")
    counts = leads.groupby([leads.channel == "social", after]).size()
    assert counts[True, True] / counts[True, False] == pytest.approx(3.0, rel=0.2)
    assert counts[False, True] / counts[False, False] == pytest.approx(1.0, rel=0.1)


def test_worlds_are_repeatable_and_seeds_differ():
    world = World(weeks=3, leads_per_week=50)
    assert simulate(world, 1).leads.equals(simulate(world, 1).leads)
    assert not simulate(world, 1).leads.equals(simulate(world, 2).leads)


def test_csv_holds_the_same_rows(tmp_path):
    history = simulate(World(weeks=3, leads_per_week=50), 4)
    write(history, tmp_path, ("csv",))
    text = pd.read_csv(tmp_path / "leads.csv", dtype=str)
    assert text.lead_id.tolist() == history.leads["lead_id"].to_pylist()
    assert pd.to_datetime(text.created_at).tolist() == history.leads["created_at"].to_pylist()


def test_a_world_that_cannot_be_is_refused_with_all_problems():
    with pytest.raises(InputError) as refused:
        World(dt.date(2022, 9, 13), weeks=0, leads_per_week=-1)
    text = str(refused.value)
    assert "first_week" in text and "a Monday" in text and "weeks" in text and "leads_per_week" in text
    pin = Pin(dt.date(2022, 9, 12), dt.date(2022, 9, 26), 558, {"sale": 23})
    with pytest.raises(InputError, match="pinned cohort 2022-09-12"):
        simulate(World(weeks=10, pins=(pin,)), 1)
    with pytest.raises(InputError, match="only 0 of 558"):
        simulate(World(pins=(Pin(pin.week, pin.week, 558, {"sale": 558}),)), 1)


def test_nearly_no_leads_is_a_history_too(tmp_path):
    write(simulate(World(weeks=1, leads_per_week=0.001), 1), tmp_path)
    assert len(pd.read_parquet(tmp_path / "leads.parquet")) == 0
