"""Where a folder stands, and what comes next: what `funnel` says when it is asked nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from funnel import settings
from funnel.edition.checks import report_date_for
from funnel.publish.archive import archived
from funnel.settings import Settings
from funnel.template import product, written
from funnel.warehouse import Warehouse

START = (
    "funnel init FOLDER --from files --data WHERE-THE-FILES-ARE",
    "funnel init FOLDER --from demo",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is, a sentence each, and the commands that come next."""

    facts: tuple[str, ...]
    next: tuple[str, ...]


def standing(config: Path, today: dt.date) -> Standing:
    """Look at the folder of a settings file.

    Raises:
        SettingsError: the settings cannot be used.
    """
    if not config.is_file():
        return Standing((f"There is no report here: no {config}.",), START)
    chosen = settings.load(config)
    facts = [
        f"The report of {chosen.company}." if chosen.company else "A report; its company has no name yet."
    ]
    again = _version(chosen.root, facts)
    source = () if chosen.is_database else chosen.source
    missing = [path for path in source if not _filled(chosen.root / path)]
    facts += [f"funnel.yml names {path} as a source, but nothing is there." for path in missing]
    if not chosen.is_database and not chosen.path("warehouse").is_file():
        facts.append("No data have been imported yet.")
        return Standing(tuple(facts), (*again, _first(chosen, missing)))
    steps = _weekly(chosen, facts, today)
    return Standing(tuple(facts), (*again, *steps))


def _version(root: Path, facts: list[str]) -> list[str]:
    """Say which version wrote the folder; return the command that brings it up to date, if it is another."""
    if not (root / written.FILE).is_file():
        return []
    wrote, here = written.read(root).version, product.version()
    if wrote == here:
        return []
    facts.append(f"Its files are of version {wrote}; version {here} is installed.")
    return ["funnel init --update ."]


def _filled(path: Path) -> bool:
    """Whether a source is a file, or a folder that holds one."""
    return path.is_file() or (path.is_dir() and any(not file.name.startswith(".") for file in path.iterdir()))


def _first(chosen: Settings, missing: list[Path]) -> str:
    account = chosen.account
    if account is not None:
        return "funnel sync" if account.pipelines else f"funnel sync {account.key} --suggest-mapping"
    if not chosen.source:
        return (
            "set source: in funnel.yml to your files, or amocrm: (bitrix24:, hubspot:, pipedrive:) to your "
            "account"
        )
    return f"put your files into {missing[0]} (data/README.md)" if missing else "funnel report"


def _weekly(chosen: Settings, facts: list[str], today: dt.date) -> list[str]:
    """Say how far data, editions and narrative have come; return what comes next in the week."""
    with Warehouse.of(chosen) as warehouse:
        last = warehouse.last_day()
        newest = report_date_for(warehouse, today, None)
    facts.append(f"The data end on {last}; the newest edition they allow is that of {newest}.")
    editions = archived(chosen.path("archive"))
    if not editions or editions[-1].report_date < newest:
        facts.append(
            f"The last edition in the archive is of {editions[-1].report_date}."
            if editions
            else "No edition yet."
        )
        bring = "funnel sync" if chosen.account is not None else ""
        return [step for step in (bring, "funnel report") if step]
    facts.append(f"The edition of {newest} is made: {editions[-1].folder}")
    narrative = chosen.path("narrative") / f"{newest}.md"
    return [
        f"edit {narrative}, look with: funnel report --date {newest} --draft",
        f"funnel report --date {newest} (when the narrative is ready; it becomes a correction)",
        "bring newer data, then: funnel report",
    ]
