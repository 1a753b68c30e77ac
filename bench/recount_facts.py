"""What a report's sentences are held against: canonical files, registers and settings, read with pandas.

Nothing of the library is imported here or in the other `recount_*` modules; definitions are those of
METHODS.md, written a second time. `Facts` counts; `Said` reads what was printed, as a reader would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from recount_calendar import begun, called, days_in, plain

WEEK = pd.Timedelta(days=7)
SMALL = 30
_LOCALE = Path(__file__).parents[1] / "lib" / "funnel" / "present" / "locale"
_UNITS = {
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "тыс": 1e3, "млн": 1e6, "млрд": 1e9,
}  # fmt: skip
_NUMBER = re.compile(r"[+\-]?\d[\d ,.]*")


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed number: its value, and half of the last digit shown."""

    value: float
    half: float

    def is_(self, value: float, slack: float = 0.0) -> bool:
        """Tell whether a value would be printed so."""
        return bool(np.isfinite(value)) and abs(self.value - value) <= self.half * (1 + 1e-6) + slack + 1e-9


@dataclass(frozen=True)
class Facts:
    """What is true of a company on a report date, as far as files tell it.

    Attributes:
        folder: of the company: `funnel.yml`, `data/`, `before/<date>/`, `world.json`.
        language: whose names are read.
        data: where the canonical files lie.
        day: count as of another day than the report date.
    """

    folder: Path
    language: str
    data: Path | None = None
    day: str = ""

    @cached_property
    def world(self) -> dict[str, object]:
        """The report date, and the dates of earlier editions."""
        return dict(json.loads((self.folder / "world.json").read_text(encoding="utf-8")))

    @cached_property
    def date(self) -> pd.Timestamp:
        """The report date."""
        return pd.Timestamp(self.day or str(self.world["date"]))

    @cached_property
    def settings(self) -> dict[str, object]:
        """What `funnel.yml` says."""
        return dict(yaml.safe_load((self.folder / "funnel.yml").read_text(encoding="utf-8")))

    def setting(self, name: str, default: int) -> int:
        """Return a whole number of the settings."""
        return int(str(self.settings.get(name, default)))

    @cached_property
    def stages(self) -> list[str]:
        """Keys of the stages in order."""
        return [str(one["key"]) for one in self.settings["stages"]]  # type: ignore[attr-defined]

    @property
    def last(self) -> str:
        """The last stage."""
        return self.stages[-1]

    @cached_property
    def attributes(self) -> dict[str, str]:
        """Columns of the attributes by printed name."""
        named: Mapping[str, Mapping[str, str]] = self.settings.get("attributes") or {}  # type: ignore[assignment]
        return {names.get(self.language, column): column for column, names in named.items()}

    @cached_property
    def words(self) -> dict[str, object]:
        """The catalogue of texts, to know a name or verdict by its words."""
        return dict(yaml.safe_load((_LOCALE / f"{self.language}.yml").read_text(encoding="utf-8")))

    def key_of(self, words: str, prefix: str) -> str:
        """Return what follows `prefix` in the key of the text that reads so; '' for none."""
        for key, text in self.words.items():
            if (
                key.startswith(prefix)
                and isinstance(text, str)
                and plain(text).lower() == plain(words).lower()
            ):
                return key.removeprefix(prefix)
        return ""

    def stage(self, words: str) -> str:
        """Return the key of a stage by its printed name; '' if it is none."""
        for one in self.settings["stages"]:  # type: ignore[attr-defined]
            if plain(one["name"].get(self.language, one["key"])) == plain(words):
                return str(one["key"])
        return "overall" if plain(words) == plain(self.words["stage_overall"]) else ""

    def read(self, table: str, data: Path | None = None) -> pd.DataFrame:
        """Return a canonical table as it stands in its file; empty without a file."""
        path = (data or self.data or self.folder / "data") / f"{table}.csv"
        return pd.read_csv(path, dtype=str, keep_default_na=False) if path.is_file() else pd.DataFrame()

    @cached_property
    def leads(self) -> pd.DataFrame:
        """Leads of before the report date: `lead_id`, `at`, `week`, attributes."""
        frame = self.read("leads")
        frame["at"] = pd.to_datetime(frame["created_at"], format="mixed", errors="coerce")
        frame = frame[frame["at"] < self.date].copy()
        frame["week"] = frame["at"].dt.normalize() - pd.to_timedelta(frame["at"].dt.weekday, unit="D")
        return frame.set_index("lead_id")

    @cached_property
    def entries(self) -> pd.DataFrame:
        """Usable entries of known leads before the report date: `lead_id`, `stage`, `at`."""
        frame = self.read("stage_entries")
        frame["at"] = pd.to_datetime(frame["entered_at"], format="mixed", errors="coerce")
        known = frame["stage"].isin([*self.stages, "lost"]) & frame["lead_id"].isin(self.leads.index)
        return frame[known & (frame["at"] < self.date)]

    @cached_property
    def reached(self) -> pd.DataFrame:
        """When each lead reached each stage (NaT: not yet): the earliest entry into it or a later one."""
        first = self.entries.groupby(["lead_id", "stage"])["at"].min().unstack()
        first = first.reindex(index=self.leads.index, columns=self.stages).astype("datetime64[ns]")
        found = first[self.stages[::-1]].cummin(axis=1)[self.stages]
        for at in range(len(self.stages) - 2, -1, -1):
            found.iloc[:, at] = first.iloc[:, at:].min(axis=1)
        born = self.leads["at"]
        return found.apply(lambda column: column.where(column.isna() | (column >= born), born))

    @cached_property
    def stamped(self) -> bool:
        """Whether many entries bear the day of a migration, or their lead's own moment."""
        entries = self.entries
        born = entries["lead_id"].map(self.leads["at"])
        days = entries["at"].dt.normalize().value_counts()
        return bool((entries["at"] == born).mean() > 0.1 or days.iloc[0] > 20 * days.median())

    @cached_property
    def paid(self) -> pd.DataFrame:
        """Payments of known leads before the report date: `lead_id`, `at`, `amount`."""
        frame = self.read("payments")
        if frame.empty:
            return pd.DataFrame(
                {"lead_id": [], "at": pd.to_datetime([]), "amount": np.array([], dtype=float)}
            )
        frame["at"] = pd.to_datetime(frame["paid_at"], format="mixed", errors="coerce")
        frame["amount"] = frame["amount"].astype(float)
        return frame[frame["lead_id"].isin(self.leads.index) & (frame["at"] < self.date)]

    def begun(self, week: pd.Timestamp) -> pd.Timestamp:
        """Return the first day of the period that a week counts in."""
        return begun(week, str(self.settings["period"]), self.complete(1)[-1])

    @cached_property
    def cohorts(self) -> list[list[pd.Timestamp]]:
        """Mondays of each shown cohort, oldest first: one of a week, several of a longer period."""
        found: dict[pd.Timestamp, list[pd.Timestamp]] = {}
        for week in self.complete(2000):
            found.setdefault(self.begun(week), []).append(week)
        return list(found.values())[-self.setting("cohorts", 13) :]

    @cached_property
    def weeks(self) -> list[pd.Timestamp]:
        """Mondays of the shown cohorts, oldest first."""
        return [week for cohort in self.cohorts for week in cohort]

    @cached_property
    def newest_weeks(self) -> list[pd.Timestamp]:
        """As many newest weeks as cohorts are shown, oldest first: those that costs are told of."""
        return self.complete(self.setting("cohorts", 13))

    def name(self, cohort: Sequence[pd.Timestamp]) -> str:
        """Return what a cohort of a longer period is called."""
        return called(cohort, str(self.settings["period"]), self.complete(1)[-1], self.language)

    def complete(self, count: int) -> list[pd.Timestamp]:
        """Return the last complete weeks since the first lead, oldest first."""
        newest = (self.date - pd.Timedelta(days=self.date.weekday())) - WEEK
        weeks = [newest - WEEK * back for back in reversed(range(count))]
        return [week for week in weeks if week >= self.leads["week"].min()]

    def age(self, cohort: pd.Timestamp | Sequence[pd.Timestamp]) -> int:
        """Return a cohort's age in whole weeks: that of its youngest week."""
        week = cohort if isinstance(cohort, pd.Timestamp) else max(cohort)
        return (self.date - week - WEEK).days // 7

    @cached_property
    def read_cohort(self) -> list[pd.Timestamp]:
        """The weeks of the cohort that is read."""
        old = [cohort for cohort in self.cohorts if self.age(cohort) >= self.setting("reading_age", 1)]
        return old[-1] if old else self.cohorts[0]

    def beside(self, by: int) -> list[pd.Timestamp] | None:
        """Return the weeks of a cohort beside the one that is read; None where none is shown there."""
        at = self.cohorts.index(self.read_cohort) + by
        return self.cohorts[at] if 0 <= at < len(self.cohorts) else None

    def counts(
        self, weeks: Sequence[pd.Timestamp], age: int | None = None, mine: pd.Series | None = None
    ) -> dict[str, int]:
        """Return leads and stage counts of cohorts together, of all or by the age of each.

        Args:
            weeks: their Mondays.
            age: count what each had reached so many weeks after its own week; None for all until now.
            mine: which leads count.
        """
        leads = self.leads[self.leads["week"].isin(list(weeks))]
        if mine is not None:
            leads = leads[mine.reindex(leads.index, fill_value=False)]
        times = self.reached.loc[leads.index]
        if age is not None:
            ends = leads["week"] + WEEK * (age + 1)
            times = times.apply(lambda column: column.where(column < ends))
        return {"leads": len(leads), **{stage: int(times[stage].notna().sum()) for stage in self.stages}}

    def rate(self, stage: str, counts: Mapping[str, int]) -> float:
        """Return the conversion into a stage, or of all leads into the last one (`overall`)."""
        base = "leads" if stage in ("overall", self.stages[0]) else self.stages[self.stages.index(stage) - 1]
        whole = counts[base]
        return counts[self.last if stage == "overall" else stage] / whole if whole else float("nan")

    def members(self, attribute: str, value: str) -> pd.Series:
        """Tell which leads bear a printed value of a printed attribute; none for an unknown one."""
        column = self.leads.get(self.attributes.get(plain(attribute), ""))
        if column is None:
            return pd.Series(False, index=self.leads.index)
        names = column.map(lambda text: " ".join(text.split()))
        cut = value.rstrip("…") if value.endswith("…") else ""
        empty = plain(value) == plain(self.words["not_given"])
        return names.eq("") if empty else names.str.startswith(cut) if cut else names.eq(value)

    def segment(self, words: str) -> pd.Series:
        """Tell which leads a printed segment holds, such as `Manager: Boris`."""
        attribute, _, value = plain(words).partition(": ")
        if not value and attribute == plain(self.words["all_leads"]):
            return pd.Series(True, index=self.leads.index)
        return self.members(attribute, value)

    @cached_property
    def earlier(self) -> list[Facts]:
        """The same as it was known at the earlier editions, oldest first."""
        days: list[str] = self.world["before"]  # type: ignore[assignment]
        return [Facts(self.folder, self.language, self.folder / "before" / day, day) for day in days]

    def register(self, name: str) -> dict[str, dict[str, object]]:
        """Return the files of a register by their name."""
        paths = sorted((self.folder / "data" / name).glob("*.yml"))
        return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}


@dataclass
class Said:
    """A sentence with its values, and what the recount makes of it.

    Attributes:
        key: of the catalogue.
        values: what filled it.
        words: the sentence.
        facts: what it is held against.
        before: keys and values of what was said before it in the draft.
        wrong: what is false in it.
    """

    key: str
    values: Mapping[str, object]
    words: str
    facts: Facts
    before: Sequence[Said] = ()
    wrong: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        """Return a value as plain words."""
        return plain(self.values[name])

    def printed(self, name: str) -> list[Printed]:
        """Return the numbers in a value, with units and per cent resolved."""
        text, found = self[name], []
        for match in _NUMBER.finditer(text):
            digits = match[0].rstrip(" ,.").replace(" ", "")
            comma, point = (",", ".") if self.facts.language == "en" else (".", ",")
            digits = digits.replace(comma, "").replace(point, ".")
            after = text[match.end() :].strip()
            size = next((size for word, size in _UNITS.items() if after.startswith(word)), 1.0)
            size *= 0.01 if after.startswith("%") else 1.0
            decimals = len(digits.partition(".")[2])
            found.append(Printed(float(digits) * size, 0.5 * 10**-decimals * size))
        return found

    def number(self, name: str) -> float:
        """Return the first number of a value; NaN for none."""
        found = self.printed(name)
        return found[0].value if found else float("nan")

    def same(self, name: str, value: float, slack: float = 0.0) -> None:
        """Note it as false unless the first number of a value is `value`, as printed."""
        found = self.printed(name)
        if not found or not found[0].is_(value, slack):
            self.wrong.append(f"{name}: printed {self[name]!r}, counted {value:.6g}")

    def must(self, condition: object, what: str) -> None:
        """Note as false what does not hold."""
        if not condition:
            self.wrong.append(what)

    def day(self, name: str) -> pd.Timestamp:
        """Return the last date of a value."""
        return days_in(self[name])[-1]

    def week(self, name: str) -> pd.Timestamp:
        """Return the Monday of a printed week; its first day must be that Monday."""
        monday = self.day(name) - pd.Timedelta(days=6)
        first = re.match(r"\d+", self[name])
        self.must(monday.weekday() == 0, f"{name}: {self[name]!r} is no week")
        self.must(first and int(first[0]) == monday.day, f"{name}: {self[name]!r} is no week")
        return monday

    def names(self, name: str, cohort: Sequence[pd.Timestamp], *, full: bool = True) -> bool:
        """Tell whether a value names a cohort; a week in full has both its days."""
        if str(self.facts.settings["period"]) != "week":
            return self[name] == self.facts.name(cohort)
        return (self.week(name) if full else self.day(name) - pd.Timedelta(days=6)) == cohort[0]

    def latest(self, *keys: str) -> Said | None:
        """Return the newest earlier text of one of some keys."""
        return next((one for one in reversed(self.before) if one.key in keys), None)


def read_said(facts: Facts) -> list[Said]:
    """Return what a draft said, in order."""
    path = facts.folder / "run" / f"said.{facts.language}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    found: list[Said] = []
    for one in content["said"]:
        found.append(Said(one["key"], one["values"], one["words"], facts, tuple(found)))
    return found


Check = Callable[[Said], None]
FULL, PART, NAME = "in full", "in part", "a name or noun, checked in its sentence"


@dataclass(frozen=True, slots=True)
class Recount:
    """How a key is recounted: the check, whether all of it can be, and if not, what rests on a model."""

    check: Check
    how: str
    rests: str = ""


RECOUNTS: dict[str, Recount] = {}


def recounts(*keys: str, rests: str = "") -> Callable[[Check], Check]:
    """Register a check for some keys; `rests` says what of them rests on a model and is not counted again."""

    def register(check: Check) -> Check:
        for key in keys:
            if key in RECOUNTS:
                raise ValueError(f"{key} is recounted twice")
            RECOUNTS[key] = Recount(check, PART if rests else FULL, rests)
        return check

    return register


def _nothing(_: Said) -> None:
    """Check nothing: the sentence that holds the words does."""


def names(*keys: str) -> None:
    """Register texts that are nouns or names, which the sentences that hold them check."""
    for key in keys:
        RECOUNTS[key] = Recount(_nothing, NAME)


def all_said(folder: Path) -> Iterator[tuple[str, list[Said]]]:
    """Return what the drafts of a company said, by language."""
    for language in ("en", "ru"):
        yield language, read_said(Facts(folder, language))
