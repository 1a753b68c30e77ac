"""What `funnel init` does: it looks into data, writes a report repository, and brings one up to date."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import typer
from pydantic import ValidationError

from funnel import errors, validation
from funnel.cli.common import chosen_words, now, say
from funnel.settings import Language, Settings, Stage, load
from funnel.settings_accounts import ACCOUNTS
from funnel.template import files as parts
from funnel.template import product, project, written
from funnel.template import update as updating
from funnel.template.account import account
from funnel.template.proposal import USUAL, Proposal
from funnel.template.settings_text import Answers, settings_text

BY_API = {account.key: account for account in ACCOUNTS}
FILES = "data/files"
"""Where a company puts its files if it names no folder."""


class Given(NamedTuple):
    """The options of `funnel init` as they were given."""

    kind: str | None
    data: Path | None
    company: str | None
    currency: str | None
    timezone: str | None
    lang: str
    host: str | None
    jobs: str | None
    wheel: str | None


def write(folder: Path | None, given: Given, kinds: Sequence[str]) -> None:
    """Write a report repository, asking at a terminal for what is missing.

    Raises:
        InputError: an option cannot be used, or is missing where nobody can be asked.
    """
    kind, data, company, currency, timezone, lang, host, jobs, wheel = given
    folder = Path(_asked(str(folder) if folder else None, "DIR", "Folder of the new repository"))
    (chosen,) = chosen_words("--from", _asked(kind, "--from", f"Data: {', '.join(kinds)}"), kinds, most=1)
    project.require_free(folder, data)
    (language,) = chosen_words("--lang", lang, get_args(Language), most=1)
    hosts = _hosts(jobs)
    named = product.product(wheel)
    if chosen == "demo":
        _only_demo(data=data, company=company, currency=currency, timezone=timezone, host=host)
        own = {name: path.read_bytes() for name, path in parts.demo_files().items()}
        notes: list[str] = []
    else:
        answers = _answers(chosen, company, currency, timezone, "ru" if language == "ru" else "en", host)
        found = _look(chosen, data, folder, answers, host)
        own = {"funnel.yml": settings_text(found, answers).encode()}
        notes = [*found.notes, *_doubts(found, answers)]
    names = project.write(folder, chosen, hosts, own, named, data)
    _tell(folder, names, notes, named)


def _asked(given: str | None, option: str, question: str) -> str:
    """Return what was given, or ask at a terminal.

    Raises:
        InputError: it was not given, and there is nobody to ask.
    """
    if given:
        return given
    if not sys.stdin.isatty():
        raise errors.InputError("Something is missing.", [errors.Problem(option, "is not given", question)])
    return str(typer.prompt(question, err=True))


def _answers(
    kind: str,
    company: str | None,
    currency: str | None,
    timezone: str | None,
    language: Language,
    host: str | None,
) -> Answers:
    """Return what is known of the company, asked for at a terminal, and checked as the settings check it.

    Raises:
        InputError: all that cannot be used.
    """
    if sys.stdin.isatty():
        company = company or str(typer.prompt("Company", default="", show_default=False, err=True))
        timezone = timezone or str(typer.prompt("Time zone", default="UTC", err=True))
        asked = "Currency (empty: as the data say)"
        currency = currency or str(typer.prompt(asked, default="", show_default=False, err=True))
    answers = Answers(company or "", timezone or "", (currency or "").upper(), language)
    given: dict[str, object] = {name: getattr(answers, name) for name in ("company", "timezone", "currency")}
    key = kind if kind in BY_API else "amocrm"
    given[key] = {"host": host} if host else None
    problems: list[errors.Problem] = []
    try:
        Settings(stages=(Stage(key="sale"),), **{key: value for key, value in given.items() if value})
    except ValidationError as error:
        problems = validation.problems(error, Settings, lambda key: f"--{key.partition('.')[2] or key}")
    if not answers.company.isprintable():
        problems.append(errors.Problem("--company", "holds a line break or a control character", "one line"))
    if problems:
        raise errors.InputError("An option cannot be used.", problems)
    return answers


def _hosts(jobs: str | None) -> tuple[str, ...]:
    there = parts.job_kinds()
    if jobs is None:
        return there
    return () if jobs.strip() == "none" else tuple(chosen_words("--jobs", jobs, there))


def _look(kind: str, data: Path | None, folder: Path, answers: Answers, host: str | None) -> Proposal:
    from funnel.template import canonical, sheet  # slow to load, and not needed for an update

    if kind in BY_API and data is None:
        return account(BY_API[kind], host)
    if data is not None:
        if kind == "files":
            try:
                return canonical.look(data, folder, answers.timezone or "UTC")
            except errors.InputError as refused:
                raise sheet.instead(data, refused) from refused
        return sheet.look(data, folder, kind)
    note = (
        f"no data were looked into: put files into {folder / FILES}; set stages and attributes in funnel.yml"
    )
    return Proposal(USUAL, source=[FILES], notes=[note])


def _doubts(found: Proposal, answers: Answers) -> list[str]:
    """Say what was taken for want of an answer."""
    doubts = []
    if not answers.timezone:
        doubts.append("the time zone was not named, so UTC is taken: timezone in funnel.yml")
    if not answers.currency:
        why = "by the data" if found.currency else "since none was named"
        doubts.append(f"amounts are taken as {found.currency or 'USD'}, {why}: currency in funnel.yml")
    if not answers.company:
        doubts.append("the company has no name yet: company in funnel.yml")
    return doubts


def _only_demo(**given: object) -> None:
    """Refuse options that say something of a company, since the demo has its own.

    Raises:
        InputError: all of them.
    """
    wrong = [f"--{name}" for name, value in given.items() if value is not None]
    if wrong:
        problems = [
            errors.Problem(name, "says something of a company; the demo is one of its own") for name in wrong
        ]
        raise errors.InputError("An option does not go with --from demo.", problems)


def _tell(folder: Path, names: list[str], notes: list[str], named: product.Product) -> None:
    from funnel.template.standing import standing

    say(f"Written: {len(names)} files of a report repository in {folder}")
    settings = load(folder / "funnel.yml")
    say(f"Stages: {' -> '.join(settings.steps)}")
    shown = ", ".join(settings.slices) or "none"
    say(f"Attributes: {', '.join(settings.attributes) or 'none'}; the report shows {shown}")
    if notes:
        say("Look at this; funnel.yml says the rest:")
    for note in notes:
        say(f"  - {note}")
    if not named.pinned:
        say("  - requirements.txt does not name the product yet: funnel init --update DIR --wheel WHEEL")
    say("Next:")
    for step in (f"cd {shlex.quote(str(folder))}", *standing(folder / "funnel.yml", now().date()).next):
        say(f"  {step}")


def update(folder: Path, wheel: str | None, dry_run: bool) -> None:
    """Say what the installed version has otherwise, change what nobody edited, ask before removing."""
    note = written.read(folder)
    named = product.product(wheel)
    steps = updating.plan(folder, note, named)
    said = {
        "added": "new",
        "changed": "not edited here, so it is replaced",
        "yours": "edited here, so it is kept; this version would change:",
        "removed by you": "removed here, and it stays so",
    }
    for step in steps:
        if step.what in ("gone", "renamed"):
            now = f"is now {step.to}" if step.to else "is no more in this version"
            kept = "" if step.untouched else "; it was edited here, so it is kept: carry over what you need"
            say(f"{step.name}: {now}{kept}")
            continue
        say(f"{step.name}: {said[step.what]}")
        for line in updating.difference(folder, step) if step.what == "yours" else ():
            say(f"    {line}")
    if dry_run:
        say("Nothing was changed.")
        return
    old = [step.name for step in steps if step.what in ("gone", "renamed") and step.untouched]
    remove = old if old and _agreed(old) else []
    updating.apply(folder, note, steps, remove, named)
    done = sum(step.what in ("added", "changed") for step in steps)
    say(f"{folder} is at version {product.version()}: {done} files written, {len(remove)} removed.")


def _agreed(names: list[str]) -> bool:
    """Ask before removing; without a terminal nothing is removed."""
    if not sys.stdin.isatty():
        say(f"Not removed, since nobody can be asked here: {', '.join(names)}")
        return False
    return bool(typer.confirm(f"Remove {', '.join(names)}?", default=False, err=True))
