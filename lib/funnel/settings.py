"""`funnel.yml`: what an analyst may set, as one frozen value, loaded once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from funnel import versions
from funnel.calendar import calendar_of
from funnel.errors import InputError, MissingError, Problem, SettingsError, nearest
from funnel.settings_engine import EngineTables, checked, engine_of
from funnel.settings_files import LEAD as LEAD
from funnel.settings_files import LOST as LOST
from funnel.settings_files import Currency, Zone
from funnel.settings_files import Frozen as Frozen
from funnel.settings_form import meant
from funnel.settings_gate import Gate
from funnel.settings_plan import Plan
from funnel.settings_roles import manager_of
from funnel.settings_sources import Sources, stage_problems
from funnel.settings_targets import Target, WhatIf
from funnel.validation import FILLED, KEY, is_one_line, one_writing
from funnel.yaml_file import read_yaml

ReachRule = Literal["any-later", "entered"]
Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = ("en", "ru")
Naming = Literal["en", "ru", "personal"]


def _norway(value: object) -> object:
    return "NO" if value is False else value  # what YAML makes of a bare NO


def _naming(names: dict[Naming, str]) -> dict[Naming, str]:
    if names.get("personal", "allowed") != "allowed":
        raise ValueError(f"personal: {names['personal']!r} is no choice; allowed: allowed, or no such line")
    return names


def _country(code: str) -> str:
    calendar_of(code, dt.date(2022, 1, 1), dt.date(2022, 1, 1))
    return code


_FOLDERS = ("initiatives", "investigations", "meetings", "narrative", "archive", "run")


class Stage(Frozen):
    """One step of the funnel after the lead itself.

    Attributes:
        key: the word in the data (`stage_entries.stage`).
        name: what a reader sees, by language; a missing language falls back to the key.
    """

    key: Annotated[str, Field(pattern=KEY)]
    name: dict[Language, str] = Field(default_factory=dict)


class Explorer(Frozen):
    """What the explorer shows of small cells, and how large it may become: `explorer` in the settings.

    Attributes:
        min_cell: leads of one week with the same values that are fewer than this are counted with others.
        cells: of it at most, so that a browser changes a view at once.
    """

    min_cell: Annotated[int, Field(ge=1, le=1000)] = 1
    cells: Annotated[int, Field(ge=1000, le=20_000_000)] = 1_000_000


class WorkbookSize(Frozen):
    """How large the workbook may become: `workbook` in the settings.

    Attributes:
        rows: of its data at most, so that it opens in a moment and an archive of 52 a year stays small.
    """

    rows: Annotated[int, Field(ge=1000, le=1_048_575)] = 250_000


class Settings(Sources):
    """Everything an analyst may set; the keys of `Sources` are explained there.

    Attributes:
        schema_version: of the form of this file (`schema` in the file).
        company: name on the title of the report.
        timezone: IANA name; weeks run Monday 00:00 to Sunday 24:00 there.
        country: whose holidays count: an ISO code such as RU, or DE-BY for a part of a country; '' for none.
        currency: ISO code of every amount shown.
        rates: units of `currency` for one unit of another currency.
        language: language of the report where `--lang` does not say otherwise.
        stages: the funnel in order, without the lead itself and without `lost`.
        reach: `any-later` or `entered`, see METHODS.md.
        horizon_weeks: a cohort is final when it is this old.
        cohorts: how many cohorts the tables show.
        period: week, 4weeks, month or quarter: what a cohort of the cohort table is; `auto` takes the
            shortest of which a usual cohort is not too small.
        young_weeks: cohorts younger than this are marked as unripe.
        reading_age: the summary reads the newest cohort that is at least this many weeks old.
        attributes: lead attributes to slice by, with the names a reader sees, by language; beside them
            `personal: allowed` keeps telephone numbers and e-mail addresses, blotted everywhere else.
        slices: the attributes the report itself shows.
        values: by attribute, the name of a value and the other writings that mean it; case and blanks make
            no difference in any of them. '' is no value, as a name and as a writing.
        targets: what steps should convert, at least; see `Target`.
        plan: leads, sales and revenue planned by week (any day of it) or month (2022-10), of all and by
            segment; see `settings_plan.Planned`. A number alone is leads. The revenue forecast follows
            planned leads; other weeks follow the recent level and season.
        gate: what is told and refused of data that did not get in; see `Gate`.
        what_if: what the report asks of the revenue forecast; by default the odds of each step 10 % better.
        explorer: from how many leads on a cell of it stands alone, how many it may have; see `Explorer`.
        workbook: how many rows of data it may have; see `WorkbookSize`.
        source: what `funnel import` reads when no path is given.
        warehouse: the DuckDB file; or the address of a database of the company, which is only read.
        tables: where the warehouse is a database, what the canonical tables and their columns are called in
            it; what is not named is called as here.
        initiatives: folder of one YAML file for each initiative.
        investigations: folder of one YAML file for each investigation.
        meetings: folder of one YAML file for each meeting.
        narrative: folder of one Markdown file a week.
        archive: folder of the editions.
        run: folder for everything that may be deleted.
        root: folder of the settings file; relative paths are relative to it. No dump holds it,
            so that a copied or moved project is itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Annotated[int, Field(alias="schema", ge=1, le=versions.SETTINGS)] = versions.SETTINGS
    company: str = ""
    timezone: Zone = "UTC"
    country: Annotated[str, BeforeValidator(_norway), AfterValidator(_country)] = ""
    currency: Currency = "USD"
    rates: dict[Currency, Annotated[Decimal, Field(gt=0, le=10**9)]] = Field(default_factory=dict)
    language: Language = "en"
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=100)]
    reach: ReachRule = "any-later"
    horizon_weeks: Annotated[int, Field(ge=1, le=520)] = 104
    cohorts: Annotated[int, Field(ge=2, le=104)] = 13
    period: Literal["auto", "week", "4weeks", "month", "quarter"] = "auto"
    young_weeks: Annotated[int, Field(ge=0, le=520)] = 4
    reading_age: Annotated[int, Field(ge=0, le=104)] = 1
    attributes: dict[str, Annotated[dict[Naming, str], AfterValidator(_naming)]] = Field(default_factory=dict)
    slices: tuple[str, ...] = ()
    values: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    plan: Plan = Field(default_factory=dict)
    what_if: tuple[WhatIf, ...] = ()
    gate: Gate = Gate()
    explorer: Explorer = Explorer()
    workbook: WorkbookSize = WorkbookSize()
    source: tuple[Path, ...] = ()
    warehouse: Annotated[str, Field(pattern=FILLED), AfterValidator(checked)] = "data/warehouse.duckdb"
    tables: EngineTables = Field(default_factory=dict)
    initiatives: Path = Path("data/initiatives")
    investigations: Path = Path("data/investigations")
    meetings: Path = Path("data/meetings")
    narrative: Path = Path("narrative")
    archive: Path = Path("archive")
    run: Path = Path("run")
    root: Annotated[Path, Field(exclude=True)] = Path()

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        keys = [stage.key for stage in self.stages]
        taken = sorted({key for key in keys if keys.count(key) > 1 or key in (LEAD, LOST)})
        if taken:
            raise ValueError(
                f"stages: {', '.join(taken)}: keys must differ, and 'lead' and 'lost' are reserved"
            )
        for name in self.slices:
            if name not in self.attributes:
                raise ValueError(
                    f"slices: {name!r} is not among attributes ({', '.join(self.attributes) or 'none'})"
                    + nearest(name, self.attributes)
                )
        wrong = [*stage_problems(self, keys), *self._unknown_names(), *self._ambiguous_values()]
        if self.tables and not self.is_database:
            wrong.append("tables: has a meaning only where warehouse: is the address of a database")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _unknown_names(self) -> list[str]:
        stages, attributes = [stage.key for stage in self.stages], list(self.attributes)
        named = [
            named
            for number, target in enumerate(self.targets)
            for named in (
                (f"targets.{number}.stage", target.stage, [*stages, "overall"]),
                (f"targets.{number}.attribute", target.attribute, attributes),
            )
        ]
        named += [(f"what_if.{number}.stage", item.stage, stages) for number, item in enumerate(self.what_if)]
        named += [
            (f"plan.{period}.by.{name}", name, attributes)
            for period, goals in self.plan.items()
            for name in goals.by
        ]
        named += [
            (f"values.{name}", name, attributes)
            for name in self.values
            if name not in ("channel", "campaign")
        ]
        return [
            f"{where}: {name!r} is not among {', '.join(known) or 'none'}" + nearest(name, known)
            for where, name, known in named
            if name and name not in known
        ]

    def _ambiguous_values(self) -> Iterator[str]:
        for attribute, names in self.values.items():
            meant: dict[str, str] = {}
            for name, others in names.items():
                for writing in (name, *others):
                    other = meant.setdefault(one_writing(writing), name)
                    if other != name:
                        yield f"values.{attribute}: {writing!r} is a writing of both {other!r} and {name!r}"

    @property
    def stage_keys(self) -> tuple[str, ...]:
        """The configured stages in order, without the lead itself."""
        return tuple(stage.key for stage in self.stages)

    @property
    def steps(self) -> tuple[str, ...]:
        """`lead` and the configured stages in order."""
        return (LEAD, *self.stage_keys)

    @property
    def manager(self) -> str:
        """The attribute that says who works on a lead; '' for none. See `settings_roles.manager_of`."""
        return manager_of({name: names.values() for name, names in self.attributes.items()})

    @property
    def engine(self) -> str:
        """What Ibis calls the engine of the warehouse: `duckdb` for a file of our own."""
        return engine_of(self.warehouse)

    @property
    def is_database(self) -> bool:
        """Whether the leads are read from a database of the company, which nothing is written into."""
        return self.engine != "duckdb"

    @property
    def personal(self) -> frozenset[str]:
        """The attributes that keep telephone numbers and e-mail addresses."""
        parts = (self.amocrm, *self.of_exports, *self.of_wide)
        named = (part.personal for part in parts if part is not None)
        allowed = (name for name, names in self.attributes.items() if "personal" in names)
        return frozenset([*allowed, *(name for names in named for name in names)])

    def path(
        self,
        name: Literal[
            "warehouse", "initiatives", "investigations", "meetings", "narrative", "archive", "run"
        ],
    ) -> Path:
        """Return one of the configured paths, relative ones resolved against the settings file.

        Raises:
            InputError: the file of a warehouse is wanted, which is a database of the company.
        """
        if name == "warehouse" and self.is_database:
            todo = "change the data there; or name a file as warehouse: in funnel.yml, and import into that"
            problem = Problem(
                self.warehouse, "it is a database of the company, which is only read", todo=todo
            )
            raise InputError("There is no warehouse file to work on.", [problem])
        relative: Path | str = getattr(self, name)
        return self.root / relative


def load(path: Path) -> Settings:
    """Read a settings file; one of an older form is read as what it means today.

    Raises:
        MissingError: there is no such file.
        SettingsError: it does not parse, or a key or value is not allowed; all problems at once.
        InputError: it is of a newer form than this program knows.
    """
    if not path.is_file():
        raise MissingError(
            f"There is no settings file {path}. To do: run in the folder of the project, "
            "or name the file: funnel --config PATH COMMAND"
        )

    read = read_yaml(path, Settings, lambda text: meant(path, text), root=path.resolve().parent)
    paths = (*read.source, read.warehouse, *(getattr(read, name) for name in _FOLDERS))
    if odd := [one for one in map(str, paths) if not is_one_line(one)]:
        problem = Problem(str(path), f"a path holds a line break or a control character: {odd[0]!r}")
        raise SettingsError(f"{path.name} cannot be used.", [problem])
    if read.root not in read.path("run").resolve().parents:
        wrong = f"{read.run} lies outside the project, and everything in it may be deleted"
        problem = Problem(f"{path}, key run", wrong, "a folder in the project, such as run")
        raise SettingsError(f"{path.name} cannot be used.", [problem])
    return read
