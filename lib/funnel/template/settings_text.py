"""The text of a company's `funnel.yml`: every key explained, with what was found in the data filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import Template

from funnel import versions
from funnel.settings import Language
from funnel.template.files import PROJECT
from funnel.template.proposal import Proposal, ProposedAttribute, ProposedStage, title

_BARE = re.compile(r"[A-Za-z][A-Za-z_/]*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_SOURCES = """\
# Data of other kinds; `funnel import --dry-run FILE` proposes the lines, docs/sources explains them.
# amocrm: {host: acme.amocrm.ru} # the account that `funnel sync` reads by its API; one at most, or else:
#   bitrix24: {host: acme.bitrix24.ru} # docs/sources/bitrix24.md
#   hubspot: {host: api.hubapi.com} # docs/sources/hubspot.md
#   pipedrive: {host: acme.pipedrive.com} # docs/sources/pipedrive.md
# exports: {pipelines: {Основная: {Новая заявка: lead}}} # what the stages of a CRM's export mean
# wide: {files: ["leads_wide*"], stages: {sale: Дата оплаты}} # a sheet with a column of dates for each stage
# events: {files: ["log*"], lead_id: id, stage: step, entered_at: time, stages: {Paid: sale}} # a log
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the user says of the company; '' for what is left to the data or to the usual."""

    company: str = ""
    timezone: str = ""
    currency: str = ""
    language: Language = "en"


def settings_text(proposal: Proposal, answers: Answers) -> str:
    """Return the text of `funnel.yml`."""
    template = Template((PROJECT / "funnel.yml").read_text(encoding="utf-8"))
    return template.substitute(
        schema=versions.SETTINGS,
        company=scalar(answers.company),
        timezone=scalar(answers.timezone or "UTC"),
        currency=scalar(answers.currency or proposal.currency or "USD"),
        language=answers.language,
        rates="\n".join(_rates(proposal.rates)),
        stages="\n".join(_stage(stage, answers.language) for stage in proposal.stages),
        attributes="\n".join(_attributes(proposal.attributes, answers.language)),
        slices=f"slices: [{', '.join(map(scalar, proposal.slices))}] # those that the report itself shows",
        source=f"source: [{', '.join(map(scalar, proposal.source))}]",
        block=proposal.block,
        first=proposal.stages[0].key,
        sources=_SOURCES if not proposal.block else "",
    )


def scalar(text: str) -> str:
    r"""Return a text as YAML that stays a text, whatever stands in it.

    >>> print(scalar("Europe/Moscow"), scalar('ООО "Ромашка"'), scalar("no"), scalar("12"))
    Europe/Moscow "ООО \"Ромашка\"" "no" "12"
    """
    bare = _BARE.fullmatch(text) and text.casefold() not in _WORDS
    return text if bare else json.dumps(text, ensure_ascii=False)


def comment(text: str) -> str:
    r"""Return a text as it can stand behind a # on one line.

    >>> comment("two\nlines")
    'two lines'
    """
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _stage(stage: ProposedStage, language: Language) -> str:
    note = f" # {comment(stage.note)}" if stage.note else ""
    return f"  - {{key: {scalar(stage.key)}, name: {{{language}: {scalar(stage.name)}}}}}{note}"


def _attributes(attributes: Sequence[ProposedAttribute], language: Language) -> Iterator[str]:
    if not any(item.proposed for item in attributes):
        yield "attributes: {}"
    else:
        yield "attributes:"
    for item in attributes:
        line = f"{scalar(item.column)}: {{{language}: {scalar(title(item.column))}}}"
        yield f"  {line} # {comment(item.note)}" if item.proposed else f"  # {line} # {comment(item.note)}"


def _rates(currencies: Sequence[str]) -> Iterator[str]:
    usual = "# rates: {EUR: 1.08} # units of `currency` for one unit of another currency"
    if not currencies:
        yield usual
    else:
        asked = ", ".join(f"{code}: NUMBER" for code in currencies)
        yield f"# rates: {{{asked}}} # fill in each NUMBER: units of `currency` for one unit of the other"
