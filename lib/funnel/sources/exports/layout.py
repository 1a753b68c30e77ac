"""Which column of a file of deals means what, from its header alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from funnel.errors import Problem, nearest
from funnel.gate.personal import PERSONAL
from funnel.settings_exports import COLUMN_FIELDS, ColumnField, Export, Wide
from funnel.sources.findings import Finding, Status
from funnel.sources.header_text import normal, without_currency
from funnel.sources.profiles import Profile, names_of, profiles

REQUIRED: tuple[ColumnField, ...] = ("lead_id", "created_at")
TIMES: tuple[ColumnField, ...] = (
    "created_at",
    "updated_at",
    "stage_changed_at",
    "closed",
    "won",
    "lost",
)
"""Meanings of columns of times."""
_AT_HAND: dict[str, ColumnField] = {"responsible": "responsible", "pipeline": "pipeline", "tags": "tags"}
Places = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where what is read stands, in the header; of several of one name the first filled cell counts.

    Attributes:
        fields: meaning -> positions.
        stages: stage key -> positions of its columns of dates.
        attributes: attribute -> positions.
        filters: header of `where` or `drop` -> positions.
        guesses: columns that may say whether a deal is won, where nothing was named for it.
        currency: of the amount, from its header; '' for a dollar sign, None for nothing.
        findings: what is to be told, one for each column.
        problems: what stops the import.
    """

    fields: dict[ColumnField, Places]
    stages: dict[str, Places]
    attributes: dict[str, Places]
    filters: dict[str, Places]
    guesses: Places
    currency: str | None
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]

    @property
    def used(self) -> Places:
        """The positions of all columns that are read."""
        groups = (self.fields, self.stages, self.attributes, self.filters)
        named = {place for group in groups for places in group.values() for place in places}
        return tuple(sorted(named | set(self.guesses)))


def lay_out(
    header: Sequence[str],
    rules: Export,
    profile: Profile,
    where: str,
    more: dict[ColumnField, tuple[str, ...]] | None = None,
) -> Layout:
    """Find the columns that the settings and the profile name.

    Args:
        header: the header.
        rules: the settings.
        profile: whose export it is.
        where: the file, for messages.
        more: further names of columns, from the file of aliases.
    """
    return _Finder(header, rules, profile, where, more or {}).layout()


class _Finder:
    """The header, and what was found in it so far."""

    def __init__(
        self,
        header: Sequence[str],
        rules: Export,
        profile: Profile,
        where: str,
        more: dict[ColumnField, tuple[str, ...]],
    ) -> None:
        self.header, self.rules, self.profile, self.where, self.more = header, rules, profile, where, more
        self.plain = [normal(name) for name in header]
        self.bare = [profile.bare(name) for name in header]
        self.findings: list[Finding] = []
        self.problems: list[Problem] = []
        self.currency: str | None = None

    def layout(self) -> Layout:
        fields = {field: places for field in COLUMN_FIELDS if (places := self._field(field))}
        for field in REQUIRED:
            if field not in fields and not getattr(self.rules, field):
                self._missing(field)
        stages = {
            key: self._named(names, f"the date of {key}", f"stages.{key}")
            for key, names in self.rules.stages.items()
        }
        attributes = {
            name: self._attribute(name, source, fields) for name, source in self.rules.attributes.items()
        }
        filters = {
            name: self._filter(name, key, fields)
            for key in ("where", "drop")
            for name in getattr(self.rules, key)
        }
        guesses = self._guesses(fields)
        found = Layout(fields, stages, attributes, filters, guesses, self.currency, (), ())
        self._others(set(found.used) - set(guesses))
        self.findings += [
            Finding(problem.where, "", "not recognised", f"{problem.wrong}; {problem.todo}")
            for problem in self.problems
        ]
        return Layout(
            fields,
            stages,
            attributes,
            filters,
            guesses,
            self.currency,
            tuple(self.findings),
            tuple(self.problems),
        )

    def _places(self, name: str, *, money: bool = False) -> Places:
        """Return where a header stands; the CRM's prefix, and for money the currency, make no difference."""
        word = normal(name)
        exact = tuple(place for place, other in enumerate(self.plain) if other == word)
        if exact:
            return exact
        words = [without_currency(other)[0] for other in self.bare] if money else self.bare
        return tuple(place for place, other in enumerate(words) if other == word)

    def _field(self, field: ColumnField) -> Places:
        """Find a meaning's column: by the settings' names, then the profile's, the seen ones first."""
        own = getattr(self.rules, field)
        if own:
            return self._named(own, field, field, money=field == "amount")
        hits = [
            (name, seen, places)
            for name, seen in names_of(self.profile, field, self.more.get(field, ()))
            if (places := self._places(name, money=field == "amount"))
        ]
        if not hits:
            return ()
        (_, seen, places), *others = hits
        text = field if seen else f"{field}, by a name never seen in a real export: check it"
        self._tell(places, "recognised" if seen else "unverified", text, field)
        first = self.header[places[0]].strip()
        self.findings += [
            Finding(
                self.where, self.header[p].strip(), "ambiguous", f"could be {field} too; {first!r} is used"
            )
            for _, _, more in others
            for p in more
            if p not in places
        ]
        if field == "amount":
            self._take_currency(places)
        return places

    def _named(self, names: Sequence[str], what: str, key: str, *, money: bool = False) -> Places:
        """Find columns that the settings name; one that is not there stops the import."""
        found: list[int] = []
        for name in names:
            places = self._places(name, money=money)
            found += places
            if not places:
                wrong = f"it has no column {name!r} ({what}){nearest(name, self.header)}"
                todo = f"correct {self.rules.key}.{key}; funnel import --dry-run lists the columns"
                self.problems.append(Problem(self.where, wrong, todo=todo))
        if found:
            self._tell(tuple(found), "recognised", what, what)
            if money:
                self._take_currency(tuple(found))
        return tuple(dict.fromkeys(found))

    def _take_currency(self, places: Places) -> None:
        signs = (without_currency(self.bare[place])[1] for place in places)
        known = self.profile.columns.get("amount", ()) + self.profile.unverified.get("amount", ())
        if self.bare[places[0]] not in {normal(name) for name in known} or self.currency is None:
            self.currency = next((sign for sign in signs if sign is not None), None)

    def _tell(self, places: Places, status: Status, text: str, what: str) -> None:
        if len(places) > 1:
            same = len({self.plain[place] for place in places}) == 1
            kind = "columns of this name" if same else "columns"
            dates = what.startswith("the date of")
            rule = "the earliest date counts" if dates else "the first filled one counts"
            status, text = ("ambiguous" if same else status), f"{text}; {len(places)} {kind}: {rule}"
            shown = places[:1] if same else places
        else:
            shown = places
        self.findings += [Finding(self.where, self.header[place].strip(), status, text) for place in shown]

    def _attribute(self, name: str, source: str, fields: dict[ColumnField, Places]) -> Places:
        kind, _, rest = source.partition(":")
        field = _AT_HAND.get(kind)
        if field and field in fields and (not rest or kind == "tags"):
            return fields[field]
        places = self._places(rest if kind == "field" else source)
        if places:
            self._tell(places, "recognised", f"attribute {name}", "attribute")
        elif field == "pipeline" and len(self.rules.pipelines) == 1:
            (only,) = self.rules.pipelines
            text = f"attribute {name}: {only} for all of them, since the settings name no other"
            self.findings.append(Finding(self.where, "", "recognised", text))
        elif field or source.startswith("utm_"):
            text = f"attribute {name} stays empty: no column {source}"
            self.findings.append(Finding(self.where, "", "not recognised", text))
        else:
            wanted = rest if kind == "field" else source
            what = f"{self.rules.key}.attributes.{name}: the file has no column {wanted!r}"
            todo = "correct the setting; funnel import --dry-run lists the columns"
            self.problems.append(Problem(self.where, what + nearest(wanted, self.header), todo=todo))
        return places

    def _filter(self, name: str, key: str, fields: dict[ColumnField, Places]) -> Places:
        places = self._places(name) or next(
            (fields[f] for f in COLUMN_FIELDS if f == name and f in fields), ()
        )
        if not places and name != "lost_reason":
            what = f"{self.rules.key}.{key}: the file has no column {name!r}{nearest(name, self.header)}"
            self.problems.append(Problem(self.where, what, todo="correct the setting"))
        return places

    def _guesses(self, fields: dict[ColumnField, Places]) -> Places:
        """Return columns that may tell sales from losses and forecasts, where the settings name none."""
        if not isinstance(self.rules, Wide) or not fields.get("closed"):
            return ()
        if any(fields.get(field) for field in ("outcome", "is_won", "stage")):
            return ()
        names = {
            normal(name)
            for profile in profiles().values()
            for field in ("outcome", "stage")
            for name, _ in names_of(profile, field)
        }
        return tuple(place for place, word in enumerate(self.bare) if word in names)

    def _others(self, used: set[int]) -> None:
        told = {finding.column for finding in self.findings}
        for place, name in enumerate(self.header):
            if place in used or not name.strip() or name.strip() in told:
                continue
            personal = PERSONAL.search(self.plain[place])
            text = (
                "dropped while reading"
                if personal
                else f"name it in {self.rules.key}.attributes to slice by it"
            )
            self.findings.append(
                Finding(self.where, name.strip(), "personal" if personal else "not used", text)
            )

    def _missing(self, field: ColumnField) -> None:
        known = [name for name, _ in names_of(self.profile, field, self.more.get(field, ()))]
        guess = next((hint for hint in (nearest(name, self.header) for name in known) if hint), "")
        todo = f"name it: {self.rules.key}.{field}: [the header]"
        what = f"no column is known as {field}{guess}"
        self.problems.append(Problem(self.where, what, ", ".join(known), todo))
