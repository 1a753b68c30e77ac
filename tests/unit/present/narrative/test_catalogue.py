"""What can be cited: every name has a value in every edition; a citation shows what a draft would type."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pandas as pd
import yaml

from funnel.analysis.attention.newest import COLUMNS as NEWEST
from funnel.analysis.initiatives.verdict import scoreboard
from funnel.analysis.revenue.planned import PLAN_COLUMNS
from funnel.edition.logbook import meetings_at
from funnel.present.narrative.catalogue import citable
from funnel.present.narrative.in_short import in_short
from funnel.present.narrative.narrative import draft
from funnel.present.parts.cite import KINDS, NAMES, citing, names, nested
from funnel.present.parts.texts import EMPTY, Texts
from funnel.schema import INVESTIGATION_COLUMNS
from funnel.settings import Settings
from funnel.warehouse.problems import PROBLEMS
from tests.unit.present.attention.test_attention import ROWS, initiative

D = dt.date(2022, 9, 26)
SHOWN = initiative()


def frames_of(cohorts: pd.DataFrame, settings: Settings) -> dict[str, pd.DataFrame]:
    read = cohorts.iloc[11]
    row = {
        "cohort_week": read["cohort_week"], "stage": settings.stage_keys[-1], "leads": read["leads"],
        "final_mean": 46.0, "final_p05": 34.5, "final_p95": 69.0, "reliable": True, "reason": "",
        "tail_share": 0.1, "age_weeks": 1,
    }  # fmt: skip
    flag = {
        "attribute": "manager", "value": "Boris *x*", "stage": "sale", "observed": 0.2, "expected": 0.4,
        "since": pd.NaT, "first_week": pd.Timestamp("2022-08-15"), "weeks": 6, "flag": True,
        "investigation": "",
    }  # fmt: skip
    return {
        "forecast": pd.DataFrame([row]),
        "deviations": pd.DataFrame([flag]),
        "maturity": pd.DataFrame({"stage": [], "age_weeks": [], "maturity": []}),
        "investigations": pd.DataFrame(columns=list(INVESTIGATION_COLUMNS)),
        "arrivals": pd.DataFrame({"flag": pd.Series(dtype=bool)}),
        "plan": pd.DataFrame(columns=list(PLAN_COLUMNS)),
        "newest": pd.DataFrame(columns=list(NEWEST)),
        "meetings": meetings_at((), D),
        "scoreboard": pd.DataFrame({"initiative": [], "verdict": []}),
        "revenue": pd.DataFrame({"week": [], "source": [], "mean": []}),
    }


def test_the_names_are_the_same_in_every_edition_and_all_documented(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, settings: Settings
) -> None:
    full = citable(cohorts, equal_age, frames_of(cohorts, settings), D, settings, Texts("en"))
    none = citable(cohorts.head(0), equal_age.head(0), frames_of(cohorts, settings), D, settings, Texts("ru"))
    assert list(full) == list(none) == names(settings)
    assert none["overall"] == none["rate.sale"] == full["revenue"] == full["spend"] == EMPTY
    shown = {name: value.replace("\xa0", " ") for name, value in full.items()}
    # The reference reading, and twice its sales at the end: 46 / 558.
    for name, value in {
        "date": "26 Sep 2022", "week": "12 Sep 2022 – 18 Sep 2022", "leads": "558", "count.sale": "23",
        "rate.target": "42 %", "overall": "4.12 %", "overall_change": "+22 %", "final": "8.2 %",
        "final_low": "6.2 %", "flags": "1", "flag_now": "20.0 %",
    }.items():  # fmt: skip
        assert shown[name] == value, name
    assert "*x*" not in shown["flag_segment"].replace("\\*", "")  # a value is text, not Markdown
    assert all(what for what in NAMES.values())


def test_the_draft_cites_and_reads_as_if_it_were_typed(
    cohorts: pd.DataFrame, equal_age: pd.DataFrame, settings: Settings
) -> None:
    none, texts, frames = pd.DataFrame(), Texts("en"), frames_of(cohorts, settings)
    values = citable(cohorts, equal_age, frames, D, settings, texts)

    def write(**more: object) -> str:
        whole = in_short(cohorts, equal_age, frames, (), D, settings, texts, **more)
        return whole + draft(
            cohorts,
            equal_age,
            {},
            none,
            none,
            None,
            settings,
            texts,
            {**frames, "forecast": frames["forecast"]},
            **more,
        )

    text, typed = write(cite=citing(values)), write()
    cited = re.findall(r"\{\{< var n\.(\S+) >\}\}", text)
    assert {"overall", "week", "leads", "rate.sale", "count.sale", "final", "flag_now"} <= set(cited)
    assert set(cited) <= set(names(settings))
    assert re.sub(r"\{\{< var n\.(\S+) >\}\}", lambda call: values[call[1]], text) == typed


def test_values_stand_in_the_variables_as_both_renderers_look_them_up(settings: Settings) -> None:
    found = yaml.safe_load(yaml.safe_dump({"n": nested(dict.fromkeys(names(settings), "1"))}))
    for name in names(settings):
        at = found["n"]
        for part in name.split("."):
            at = at[part]
        assert at == "1"


def test_the_methods_list_every_name() -> None:
    text = (Path(__file__).parents[4] / "METHODS.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `n\.(\S+)` \| (.+) \|$", text, re.MULTILINE))
    assert listed == dict(NAMES)


def test_initiatives_and_problems_can_be_cited_by_names_that_last(
    cohorts: pd.DataFrame,
    equal_age: pd.DataFrame,
    imports: pd.DataFrame,
    problems: pd.DataFrame,
    settings: Settings,
    tmp_path: Path,
) -> None:
    """A file that is written down is citable from its first day on; what is not told yet is a dash."""
    assert set(KINDS) == set(PROBLEMS)
    folder = tmp_path / "data" / "initiatives"
    folder.mkdir(parents=True)
    for name in (SHOWN.id, "next-spring"):
        (folder / f"{name}.yml").write_text("title: x\n")
    own = settings.model_copy(update={"root": tmp_path})
    frames = frames_of(cohorts, settings) | {
        "impact": pd.DataFrame(ROWS), "scoreboard": scoreboard(pd.DataFrame(ROWS))
    }  # fmt: skip
    given = (frames, D, own, Texts("en"))
    full = citable(cohorts, equal_age, *given, [SHOWN], [SHOWN], imports, problems)
    assert list(full) == names(own)
    shown = {name: value.replace("\xa0", " ") for name, value in full.items()}
    row = pd.DataFrame(ROWS).query("expected_change.notna()").iloc[0]
    assert shown["initiatives"] == "1"
    assert shown[f"measured.{SHOWN.id}"] == Texts("en").change(row["measured_change"]).replace("\xa0", " ")
    assert shown[f"verdict.{SHOWN.id}"] == "Partly confirmed"
    assert shown["verdict.next-spring"] == shown["measured.next-spring"] == EMPTY
    # 57,012 + 101,223 + 2,200 rows, 3 + 12 of them set aside
    assert [shown[f"rows_{name}"] for name in ("read", "accepted", "rejected")] == [
        "160,435",
        "160,420",
        "15",
    ]
    assert shown["problems"] == str(problems["problem"].nunique())
    counted = problems[~problems["problem"].str.contains(":")].groupby("problem")["rows"].sum()
    for kind in KINDS[:-1]:
        assert shown[f"problem.{kind}"] == f"{int(counted.get(kind, 0)):,}", kind
    assert nested(full)["verdict"] == {SHOWN.id: "Partly confirmed", "next-spring": EMPTY}
