"""The edition itself: what is known for one report date, and how it is handed to the notebooks."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter

from funnel.analysis.cohorts import periods
from funnel.analysis.cohorts import table as cohorts
from funnel.analysis.forecast.expected import of_cohorts
from funnel.calendar import NO_CALENDAR, Calendar
from funnel.dates import WEEK, AsOf, Period, age_weeks, complete_weeks, period_start, read_position
from funnel.edition.logbook import Logbook
from funnel.errors import MissingError
from funnel.logbook import Initiative, Investigation, Meeting
from funnel.settings import LEAD, Language, Settings, load

DETAIL = WEEK * 26
"""An initiative that ended longer ago stands only in the scoreboard."""
WITHIN = ("apart", "coming", "expected", "open_worth")
"""Results for the pages, the workbook and the explorer alone; they are not published."""
FRAMES = ("reached", "reached_other", "problems", "findings", "imports", "restated")


def in_detail(item: Initiative, report_date: dt.date) -> bool:
    """Tell whether the report shows an initiative in detail: it runs, or ended within the last half-year."""
    return item.start <= report_date and (item.end is None or item.end >= report_date - DETAIL)


@dataclass(frozen=True, slots=True)
class Mark:
    """An initiative as a picture marks it: a name, its first day, its last day if it ended."""

    title: str
    start: dt.date
    end: dt.date | None


@dataclass(frozen=True)
class Edition:
    """What is known for one report date.

    Attributes:
        settings: the settings it was made with.
        as_of: its two clocks.
        previous: the clocks of the archived edition before it, if there is one.
        last_day: the last day on which anything had happened then.
        reached: the cube of the total and of each attribute, by the settings' rule.
        reached_other: the cube of the total by the other rule.
        problems: data problems (`funnel.schema.PROBLEM_COLUMNS`).
        findings: what the gate found (`funnel.schema.FINDING_COLUMNS`).
        imports: what the last import of every table up to the knowledge time read (`schema.Loaded`).
        restated: what changed since the previous edition (`funnel.schema.RESTATED_COLUMNS`).
        fingerprint: content hash of each input table as of both clocks.
        initiatives: by start.
        investigations: by opening.
        meetings: by day.
        register_problems: what is wrong with files of the logbook, in words.
        earlier: folder names of the archived editions whose forecasts are scored.
        results: what the methods make of it, by name; see `funnel.edition.results`.
        calendar: the working days it was made with.
    """

    settings: Settings
    as_of: AsOf
    previous: AsOf | None
    last_day: dt.date
    reached: pd.DataFrame
    reached_other: pd.DataFrame
    problems: pd.DataFrame
    findings: pd.DataFrame
    imports: pd.DataFrame
    restated: pd.DataFrame
    fingerprint: dict[str, str]
    initiatives: tuple[Initiative, ...]
    investigations: tuple[Investigation, ...]
    meetings: tuple[Meeting, ...]
    register_problems: tuple[str, ...]
    earlier: tuple[str, ...]
    results: Mapping[str, pd.DataFrame]
    calendar: Calendar = NO_CALENDAR

    @property
    def logbook(self) -> Logbook:
        """What people had written down."""
        return Logbook(self.initiatives, self.investigations, self.meetings, edits=self.results["edits"])

    @property
    def report_date(self) -> dt.date:
        """Everything strictly before this day counts."""
        return self.as_of.report_date

    @cached_property
    def weeks(self) -> list[dt.date]:
        """The cohorts of the tables: complete at the report date, oldest first."""
        return self._known_weeks(self.settings.cohorts)

    @cached_property
    def history_weeks(self) -> list[dt.date]:
        """The cohorts of the pictures: up to a year and a half."""
        return self._known_weeks(78)

    @cached_property
    def horizon_weeks(self) -> list[dt.date]:
        """The cohorts of workbook and explorer: those within the horizon."""
        return self._known_weeks(self.settings.horizon_weeks)

    def _known_weeks(self, count: int) -> list[dt.date]:
        first = self.reached["cohort_week"].min().date()
        return [week for week in complete_weeks(self.report_date, count) if week >= first]

    @cached_property
    def _every_week(self) -> list[dt.date]:
        first = self.reached["cohort_week"].min().date()
        return self._known_weeks(max((self.report_date - first).days // 7 + 1, 1))

    @cached_property
    def period(self) -> Period:
        """What a cohort of the cohort table is: as set, or the shortest that is not too small."""
        if self.settings.period != "auto":
            return self.settings.period
        leads = cohorts.counts(self.reached, self.settings.steps[:1], self._every_week)[LEAD]
        return periods.choose(leads.set_axis(self._every_week), self.report_date)

    @cached_property
    def shown_weeks(self) -> list[dt.date]:
        """The weeks of the cohort table's cohorts, oldest first."""
        if self.period == "week":
            return self.weeks
        return periods.newest(self._every_week, self.period, self.report_date, self.settings.cohorts)

    @property
    def data_end(self) -> dt.date | None:
        """The last day, where nothing happened in the whole week before the report date; else None."""
        return self.last_day if self.last_day < self.report_date - WEEK else None

    @property
    def read_week(self) -> dt.date:
        """The cohort that the summary reads, see `dates.read_position`."""
        return self.weeks[read_position([self.age(week) for week in self.weeks], self.settings.reading_age)]

    def age(self, week: dt.date) -> int:
        """Return a cohort's age in whole weeks."""
        return age_weeks(week, self.report_date)

    def cohort_table(self, attribute: str = "", age: int | None = None) -> pd.DataFrame:
        """See `funnel.analysis.cohorts.table.cohort_table`."""
        return cohorts.cohort_table(
            self.reached, self.settings.steps, self.report_date, self.weeks, attribute, age
        )

    def shown_table(self, age: int | None = None) -> pd.DataFrame:
        """The cohort table of the page: its cohorts are those of `period`."""
        steps, weeks = self.settings.steps, self.shown_weeks
        return cohorts.cohort_table(self.reached, steps, self.report_date, weeks, age=age, period=self.period)

    def shown_equal_age(self) -> pd.DataFrame:
        """The same with every cohort at the age of the one that the summary reads."""
        ages = self.shown_table()["age_weeks"].tolist()
        return self.shown_table(ages[read_position(ages, self.settings.reading_age)])

    def shown_forecast(self) -> pd.DataFrame:
        """What the cohorts of the page's table will become: a row for each cohort and stage."""
        whole = self.period == "week"
        return self.results["forecast"] if whole else of_cohorts(self.shown_table(), self.results["expected"])

    @cached_property
    def shown_imported(self) -> frozenset[pd.Timestamp]:
        """The cohorts of the page's table that hold imported leads, by the week that names each."""
        begun = {week: period_start(week, self.period, self.report_date) for week in self.shown_weeks}
        firsts = {start: min(w for w, s in begun.items() if s == start) for start in set(begun.values())}
        marked = [begun[week.date()] for week in self.imported if week.date() in begun]
        return frozenset(pd.Timestamp(firsts[start]) for start in marked)

    @cached_property
    def imported(self) -> frozenset[pd.Timestamp]:
        """The cohorts whose leads were imported, so that nobody knows when these came."""
        return cohorts.imported(self.reached)

    def equal_age_table(self) -> pd.DataFrame:
        """The cohort table with every cohort at the age of the one the summary reads."""
        return self.cohort_table(age=self.age(self.read_week))

    def leads(self) -> pd.DataFrame:
        """Leads by week. One row: `cohort_week`, `leads`."""
        leads = cohorts.counts(self.reached, self.settings.steps[:1], self.history_weeks)
        return leads.reset_index().rename(columns={"lead": "leads"})

    def marks(self, language: Language) -> list[Mark]:
        """The initiatives to mark on the pictures."""
        return [Mark(item.name(language), item.start, item.end) for item in self.initiatives]

    def in_detail(self) -> list[Initiative]:
        """The initiatives that run, or ended within the last half-year."""
        return [item for item in self.initiatives if in_detail(item, self.report_date)]

    @property
    def news_since(self) -> dt.date:
        """What was closed after this day is news: the previous edition's date, else four weeks ago."""
        return self.previous.report_date if self.previous else self.report_date - 4 * WEEK

    def history(self) -> pd.DataFrame:
        """Each step's conversion over the cohorts at the age of the cohort the summary reads."""
        return cohorts.history(
            self.reached, self.settings.steps, self.report_date, self.history_weeks, self.age(self.read_week)
        )

    def triangle(self) -> pd.DataFrame:
        """The overall conversion by cohort and age."""
        return cohorts.triangle(self.reached, self.settings.steps, self.report_date, self.history_weeks)

    @cached_property
    def pictured_weeks(self) -> list[dt.date]:
        """The weeks of the pictures' cohorts: up to a year and a half, of longer ones three years."""
        if self.period == "week":
            return self.history_weeks
        count = {"4weeks": 26, "month": 24, "quarter": 12}[self.period]
        return periods.newest(self._every_week, self.period, self.report_date, count)

    def shown_history(self) -> pd.DataFrame:
        """Each step's conversion over the page's cohorts, at the age of the one that the summary reads."""
        ages = self.shown_table()["age_weeks"].tolist()
        age = ages[read_position(ages, self.settings.reading_age)]
        steps, weeks = self.settings.steps, self.pictured_weeks
        return cohorts.history(self.reached, steps, self.report_date, weeks, age, self.period)

    def shown_triangle(self) -> pd.DataFrame:
        """The overall conversion by cohort of the page and age."""
        steps, weeks = self.settings.steps, self.pictured_weeks
        return cohorts.triangle(self.reached, steps, self.report_date, weeks, self.period)

    def slices(self, attribute: str) -> pd.DataFrame:
        """The values of an attribute compared over the shown cohorts together."""
        return cohorts.slices(self.reached, self.settings.steps, self.shown_weeks, attribute)

    def reach_gap(self) -> pd.DataFrame:
        """How far apart the two reach rules are, over the shown cohorts.

        Returns:
            One row per stage: `stage`, `any_later`, `entered` (leads by each rule), `difference`.
        """
        steps = self.settings.steps
        own, other = (
            cohorts.counts(cube, steps, self.shown_weeks).sum() for cube in (self.reached, self.reached_other)
        )
        later, entered = (own, other) if self.settings.reach == "any-later" else (other, own)
        frame = pd.DataFrame({"any_later": later, "entered": entered})
        frame["difference"] = frame["any_later"] - frame["entered"]
        return frame.loc[list(self.settings.stage_keys)].rename_axis("stage").reset_index()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every published table by the name of its file in the archive."""
        return {
            "cohorts": self.cohort_table(),
            **({} if self.period == "week" else {"cohorts_by_period": self.shown_table()}),
            "equal_age": self.equal_age_table(),
            "history": self.history(),
            "triangle": self.triangle(),
            **{f"slices_{name}": self.slices(name) for name in self.settings.slices},
            "reach_gap": self.reach_gap(),
            "problems": self.problems.drop(columns="example"),  # no id of a lead leaves but in the workbook
            "gate": self.findings,
            "imports": self.imports,
            "restated": self.restated,
            **{name: frame for name, frame in self.results.items() if name not in WITHIN},
        }

    def save(self, folder: Path) -> None:
        """Write it for the notebooks (`load`)."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in FRAMES:
            getattr(self, name).to_parquet(folder / f"{name}.parquet")
        (folder / "results").mkdir(exist_ok=True)
        for name, frame in self.results.items():
            frame.to_parquet(folder / "results" / f"{name}.parquet")
        facts = {
            "as_of": _clocks(self.as_of),
            "previous": _clocks(self.previous) if self.previous else None,
            "last_day": self.last_day.isoformat(),
            "fingerprint": self.fingerprint,
            "settings": self.settings.model_dump(mode="json"),
            "initiatives": [item.model_dump(mode="json") for item in self.initiatives],
            "investigations": [item.model_dump(mode="json") for item in self.investigations],
            "meetings": [item.model_dump(mode="json") for item in self.meetings],
            "register_problems": self.register_problems,
            "earlier": self.earlier,
            "calendar": self.calendar.as_json(),
        }
        (folder / "edition.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


def _clocks(as_of: AsOf) -> list[str]:
    return [as_of.report_date.isoformat(), as_of.known_at.isoformat()]


def clocks(pair: list[str]) -> AsOf:
    """Read the two clocks as `save` and the manifest write them."""
    return AsOf(dt.date.fromisoformat(pair[0]), dt.datetime.fromisoformat(pair[1]))


def load_edition(folder: Path, root: Path) -> Edition:
    """Read what `Edition.save` wrote.

    Args:
        folder: where it lies.
        root: folder of the project today.

    Raises:
        MissingError: nothing was saved there.
    """
    path = folder / "edition.json"
    if not path.is_file():
        raise MissingError(f"No edition is prepared in {folder}. To do: run `funnel report --date D` first.")
    facts = json.loads(path.read_text(encoding="utf-8"))
    frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in FRAMES}
    return Edition(
        settings=Settings.model_validate({**facts["settings"], "root": root}),
        as_of=clocks(facts["as_of"]),
        previous=clocks(facts["previous"]) if facts["previous"] else None,
        last_day=dt.date.fromisoformat(facts["last_day"]),
        fingerprint=facts["fingerprint"],
        initiatives=tuple(Initiative.model_validate(item) for item in facts["initiatives"]),
        investigations=tuple(Investigation.model_validate(item) for item in facts["investigations"]),
        meetings=tuple(Meeting.model_validate(item) for item in facts["meetings"]),
        register_problems=tuple(facts["register_problems"]),
        earlier=tuple(facts["earlier"]),
        calendar=TypeAdapter(Calendar).validate_python(facts["calendar"]),
        results={path.stem: pd.read_parquet(path) for path in sorted((folder / "results").glob("*.parquet"))},
        **frames,
    )


def open_edition(report_date: str, config: str = "funnel.yml") -> Edition:
    """Open the prepared edition from a notebook, which may run in the root or in `notebooks/`.

    Raises:
        MissingError: no settings file, or no edition of this date is prepared.
    """
    found = next((path for path in (Path(config), Path("..") / config) if path.is_file()), Path(config))
    settings = load(found)
    edition = load_edition(settings.path("run") / "edition", settings.root)
    if edition.report_date.isoformat() != report_date:
        raise MissingError(
            f"The prepared edition is of {edition.report_date}, not of {report_date}. "
            f"To do: run `funnel report --date {report_date}` first."
        )
    return edition
