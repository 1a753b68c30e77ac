"""Which settings would read a file of deals: from its header and from the stages that stand in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from funnel.gate.personal import blot
from funnel.settings import LEAD, LOST, Settings
from funnel.settings_exports import Export
from funnel.sources import table_file as tables
from funnel.sources.exports import outcome as outcomes
from funnel.sources.exports.matching import alias_names, block_of
from funnel.sources.exports.outcome import folded
from funnel.sources.exports.seen import Seen, columns_at, look
from funnel.sources.exports.stage_guess import in_order, mapped
from funnel.sources.header_text import normal
from funnel.sources.profiles import recognised
from funnel.sources.proposal import Proposal, key_of, line

SALE = "sale"
_ANY = "all deals"


def propose(path: Path, sheet: str, settings: Settings | None) -> Proposal | None:
    """Propose settings for a file of deals; None if its header is that of no CRM.

    Args:
        path: the file.
        sheet: of a workbook, '' else.
        settings: the stages that are to be used; None: stages are proposed too, as the CRM has them.

    Raises:
        InputError: the file cannot be read.
    """
    rows = tables.head(path, sheet)
    rules = (block_of(path, rows, settings) if settings else None) or Export()
    own = {**(alias_names(rules, settings) if settings else {}), **rules.columns}
    match = recognised(rows, path.name, own)
    if match is None:
        return None
    seen = look(path, sheet, match.profile, match.row, rules, own)
    return Lines(seen, rules, settings).proposal()


class Lines:
    """A proposal on its way to become lines.

    Args:
        seen: what stands in the files of one block.
        rules: the block, as far as it is known.
        settings: the stages to be used; None: they are proposed too.
        whole: what stands in the files of all blocks, where there are several: it tells the stages.
        pipelines: whether leads bear their pipeline; None: if the files have several.
        notes: what is to be told besides.
    """

    def __init__(
        self,
        seen: Seen,
        rules: Export,
        settings: Settings | None,
        whole: Seen | None = None,
        *,
        pipelines: bool | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.seen, self.rules, self.settings = seen, rules, settings
        self.whole = whole = whole or seen
        several = sum(bool(name) for name in seen.stages) > 1
        self.several = several if pipelines is None else pipelines
        self.notes: list[str] = list(notes)
        self.key = rules.key
        names = list(dict.fromkeys(stage for stages in whole.stages.values() for stage in stages if stage))
        opened = [name for name in names if self._is(name, outcomes.OPEN)]
        self.ordered, sure = in_order(opened, whole.chance)
        if settings:
            self.stages: dict[str, str] = {}
            called = {stage.key: tuple(stage.name.values()) for stage in settings.stages}
            self.meaning = mapped(self.ordered, settings.stage_keys, called)
            self.last = settings.stage_keys[-1]
        else:
            self.meaning = {}
            self.stages = {}
            for number, name in enumerate(self.ordered):
                same = next((other for other in self.meaning if folded(other) == folded(name)), None)
                if same:
                    self.meaning[name] = self.meaning[same]
                elif number == 0:
                    self.meaning[name] = LEAD
                else:
                    self.meaning[name] = key_of(name, list(self.stages))
                    self.stages[self.meaning[name]] = name
            self.last = SALE
            self.stages[SALE] = next((name for name in names if self._is(name, outcomes.WON)), "Won")
        if not sure and len(self.ordered) > 1:
            self.notes.append(
                "the order of the stages is a guess: put them in the order in which deals go on"
            )

    def _is(self, stage: str, state: str) -> bool:
        found = [value for (_, name), value in self.whole.states.items() if name == stage]
        return state in found and (state != outcomes.OPEN or set(found) == {outcomes.OPEN})

    def _means(self, pipeline: str, stage: str) -> str:
        state = self.whole.states.get((pipeline, stage), outcomes.OPEN)
        if state == outcomes.WON or self._is(stage, outcomes.WON):
            return self.last
        if state == outcomes.LOST_STATE or self._is(stage, outcomes.LOST_STATE):
            return LOST
        return self.meaning.get(stage, LEAD)

    def proposal(self) -> Proposal:
        """Return the lines, with what they rest on."""
        seen = self.seen
        dates, ends = self._date_columns()
        body = [line("profile", seen.profile.name, 2)]
        if self.rules.files:
            body.append(line("files", list(self.rules.files), 2))
        if self.rules.id_prefix:
            body.append(line("id_prefix", self.rules.id_prefix, 2))
        if self.rules.aliases:
            body.append(line("aliases", str(self.rules.aliases), 2))
        body += [line(name, list(names), 2) for name, names in self.rules.columns.items()]
        if seen.dates:
            body.append(line("dates", seen.dates, 2, "the dates with slashes in it can only be so"))
        elif seen.unsettled:
            body.append("  # dates: day-first # or month-first: nothing in the file tells")
            self.notes.append(
                f"set {self.key}.dates to day-first or month-first: no date in the file settles it"
            )
        body += self._pipelines()
        if dates:
            body.append("  stages: # columns with the date a deal came to a stage")
            body += [line(key, names if len(names) > 1 else names[0], 4) for key, names in dates.items()]
        body += [line(name, names if len(names) > 1 else names[0], 2) for name, names in ends.items()]
        attributes = self._attributes()
        if attributes:
            body.append("  attributes: # column of the leads -> where it comes from")
            body += [line(name, source, 4) for name, source in attributes.items()]
        if seen.currency and "currency_column" not in seen.layout.fields and seen.layout.currency is None:
            body.append(line("currency", seen.currency, 2))
        if seen.reasons:
            names = ", ".join(f"{blot(name)} ({count})" for name, count in seen.reasons.most_common())
            body.append(
                line("drop", {"lost_reason": [blot(name) for name in seen.reasons]}, 2).replace(
                    "  drop", "  # drop", 1
                )
            )
            self.notes.append(
                f"these reasons of a loss may be no leads at all: {names}; `drop` leaves them out"
            )
        self._more_notes()
        counts = {name: int(seen.counts.get(name, 0)) for name in ("rows", "won", "lost", "open")}
        return Proposal(
            "exports", f"an export of {seen.profile.title}", seen.profile.name,
            "\n".join(["exports:", *body]) + "\n", counts, tuple(self.notes), self.stages, seen.currency,
            tuple(attributes),
        )  # fmt: skip

    def _pipelines(self) -> list[str]:
        if "stage" not in self.seen.layout.fields:
            return []
        body = [
            "  pipelines: # pipeline -> stage in the file -> stage of the funnel, lead (none yet) or lost"
        ]
        for pipeline, stages in sorted(self.seen.stages.items(), key=lambda item: -sum(item[1].values())):
            if not any(stages):
                continue
            body.append(line(blot(pipeline) or _ANY, "", 4).rstrip("' "))
            states = {outcomes.OPEN: 0, outcomes.WON: 1, outcomes.LOST_STATE: 2}
            order = {name: n for n, name in enumerate(self.ordered)}
            for stage in sorted(
                (name for name in stages if name),
                key=lambda name: (states[self.seen.states[pipeline, name]], order.get(name, 0)),
            ):
                key = self._means(pipeline, stage)
                note = f"{stages[stage]:,} deals" + self._doubt(stage, key)
                body.append(line(blot(stage), key, 6, note))
        return body

    def _doubt(self, stage: str, key: str) -> str:
        if stage in self.seen.guessed:
            return "; check"
        if not self.settings or key in (LOST, self.last) or folded(stage) == folded(key):
            return ""
        return "; check"

    def _date_columns(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Return the columns of dates by the stage they mean, and those of the two ends."""
        stages: dict[str, list[str]] = {}
        ends: dict[str, list[str]] = {}
        pipelines = sorted((name for name in self.seen.stages if name), key=len, reverse=True)
        known = {folded(name): name for stages_ in self.seen.stages.values() for name in stages_}
        words = outcomes.Words.of(self.seen.profile.won_words, self.seen.profile.lost_words)
        for header in self.seen.header:
            match = next(
                (m for form in self.seen.profile.date_columns if (m := re.match(form, normal(header)))), None
            )
            if not match:
                continue
            stage = match["stage"]
            for pipeline in pipelines:
                stage = stage.removesuffix(f" ({folded(pipeline)})")
            if stage not in known and stage.endswith(")"):
                stage = stage.rpartition(" (")[0] if words.state(stage) == outcomes.OPEN else stage
            state = words.state(stage)
            if state == outcomes.LOST_STATE:
                ends.setdefault("lost", []).append(header)
            elif state == outcomes.WON:
                stages.setdefault(self.last, []).append(header)
            elif stage in known:
                key = self._means("", known[stage])
                if key == LOST:
                    ends.setdefault("lost", []).append(header)
                elif key != LEAD:
                    stages.setdefault(key, []).append(header)
            else:
                self.notes.append(f"the column {header!r} is of a stage in which no deal stands: not used")
        order = [*self.stages] or list(self.settings.stage_keys if self.settings else ())
        return {key: stages[key] for key in order if key in stages}, ends

    def _attributes(self) -> dict[str, str]:
        seen, found = self.seen, {}
        if self.settings and self.rules.attributes:
            return dict(self.rules.attributes)
        for name, sources in seen.profile.attributes.items():
            for source in sources:
                if source == "responsible" and "responsible" in seen.layout.fields:
                    found[name] = source
                elif places := columns_at(seen.header, seen.profile, [source]):
                    found[name] = seen.header[places[0]].strip()
                if name in found:
                    break
        if self.several:
            found["pipeline"] = "pipeline"
        return found

    def _more_notes(self) -> None:
        seen = self.seen
        for finding in seen.layout.findings:
            if finding.status == "unverified":
                self.notes.append(f"column {finding.column}: {finding.text}")
        if seen.profile.close_date == "expected" and "closed" in seen.layout.fields:
            self.notes.append("the date of closing of an open deal is a forecast, and is not read")
        self.notes.append(
            "times are taken as those of the funnel's time zone; if the file's are others, set "
            f"{self.key}.timezone"
        )
