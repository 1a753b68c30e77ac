"""Which column of an export is which field, from its header alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from funnel.errors import Problem, nearest
from funnel.settings import Settings
from funnel.sources.exports.aliases import (
    FIELDS,
    PERSONAL,
    REQUIRED,
    Aliases,
    Field,
)
from funnel.sources.findings import Finding, Status
from funnel.sources.header_text import normal, without_currency

AT_HAND: dict[str, Field] = {"responsible": "responsible", "pipeline": "pipeline"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the fields and attributes stand.

    Attributes:
        fields: field -> positions of its columns; several of the same name are coalesced, the first filled
            one counts.
        attributes: attribute -> positions.
        currency: of the budget, from its header; '' for a dollar sign, None for nothing.
        findings: what is to be told, one for each column.
        problems: what stops the import.
    """

    fields: dict[Field, tuple[int, ...]]
    attributes: dict[str, tuple[int, ...]]
    currency: str | None
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]

    @property
    def used(self) -> tuple[int, ...]:
        """The positions of all columns that are read."""
        return tuple(
            sorted({p for group in (self.fields, self.attributes) for ps in group.values() for p in ps})
        )


def is_export(header: Sequence[str], names: Aliases) -> bool:
    """Whether a header is that of an export: it has an id, a date of creation and a stage."""
    there = {normal(name) for name in header}
    return all(any(normal(alias.header) in there for alias in names[field]) for field in REQUIRED)


def lay_out(header: Sequence[str], names: Aliases, settings: Settings, where: str) -> Layout:
    """Find the fields and the configured attributes in a header."""
    plain = [normal(name) for name in header]
    money = [without_currency(name) for name in header]
    findings: list[Finding] = []
    fields: dict[Field, tuple[int, ...]] = {}
    currency = None
    for field in FIELDS:
        words = [word for word, _ in money] if field == "budget" else plain
        hits = [
            (alias, tuple(place for place, word in enumerate(words) if word == normal(alias.header)))
            for alias in names[field]
        ]
        hits = [(alias, places) for alias, places in hits if places]
        if not hits:
            continue
        (alias, places), *others = hits
        fields[field] = places
        currency = (
            next((money[p][1] for p in places if money[p][1] is not None), None)
            if field == "budget"
            else currency
        )
        status: Status = "recognised" if alias.verified else "unverified"
        text = field if alias.verified else f"{field}, by a name never seen in a real export: check it"
        if len(places) > 1:
            status, text = (
                "ambiguous",
                f"{field}; {len(places)} columns of this name: the first filled one counts",
            )
        findings.append(Finding(where, header[places[0]].strip(), status, text))
        findings += [
            Finding(
                where,
                header[p].strip(),
                "ambiguous",
                f"could be {field} too; {header[places[0]].strip()!r} is used",
            )
            for _, more in others
            for p in more
            if p not in places
        ]
    problems = [_missing(field, names, header, where) for field in REQUIRED if field not in fields]
    attributes = _attributes(header, plain, fields, settings, where, findings, problems)
    used = {p for group in (fields, attributes) for places in group.values() for p in places}
    told = {finding.column for finding in findings}
    for place, name in enumerate(header):
        if place not in used and name.strip() not in told:
            personal = PERSONAL.search(plain[place])
            findings.append(
                Finding(where, name.strip(), "personal", "dropped while reading")
                if personal
                else Finding(where, name.strip(), "not used", "name it in exports.attributes to slice by it")
            )
    findings += [Finding(p.where, "", "not recognised", f"{p.wrong}; {p.todo}") for p in problems]
    return Layout(fields, attributes, currency, tuple(findings), tuple(problems))


def _attributes(
    header: Sequence[str],
    plain: Sequence[str],
    fields: dict[Field, tuple[int, ...]],
    settings: Settings,
    where: str,
    findings: list[Finding],
    problems: list[Problem],
) -> dict[str, tuple[int, ...]]:
    """Find the columns of the configured attributes."""
    found: dict[str, tuple[int, ...]] = {}
    wanted = settings.exports.attributes if settings.exports else {}
    for name, source in wanted.items():
        kind, _, rest = source.partition(":")
        if kind in ("responsible", "pipeline", "tags"):
            places = fields.get("tags" if kind == "tags" else AT_HAND[kind], ())
        else:
            word = normal(rest if kind == "field" else source)
            places = tuple(place for place, other in enumerate(plain) if other == word)
            several = len(places) > 1
            text = f"attribute {name}" + ("; the first filled column of this name counts" if several else "")
            findings += [
                Finding(where, header[p].strip(), "ambiguous" if several else "recognised", text)
                for p in places
            ]
        if not places and kind == "field":
            problems.append(
                Problem(
                    where,
                    f"exports.attributes.{name}: the export has no column {rest!r}{nearest(rest, header)}",
                    todo="correct the setting; funnel import --dry-run lists the columns",
                )
            )
        elif not places:
            findings.append(
                Finding(where, "", "not recognised", f"attribute {name} stays empty: no column {source}")
            )
        found[name] = places
    return found


def _missing(field: Field, names: Aliases, header: Sequence[str], where: str) -> Problem:
    known = [alias.header for alias in names[field]]
    guess = next((hint for hint in (nearest(name, header) for name in known) if hint), "")
    return Problem(
        where,
        f"no column is known as {field}{guess}",
        ", ".join(known),
        f"name it in the file of exports.aliases, such as {field}: [the header]",
    )
