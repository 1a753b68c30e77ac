"""The narrative's file: the program's draft until somebody edits it, then the analyst's own."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from funnel.edition.model import Edition
from funnel.edition.unmet import Weight
from funnel.errors import InputError, Problem, nearest
from funnel.present.parts.cite import citing, names
from funnel.present.parts.texts import Said, Texts
from funnel.publish import drafted
from funnel.publish.files import write_text
from funnel.settings import Language, Settings

_CITED = re.compile(r"(?<!\{)\{\{<\s*var\s+n\.([^\s>]+)\s*>\}\}")
_DATED = re.compile(r"\d{4}-\d\d-\d\d\b")
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_HIGH = re.compile(r"^ {0,3}#{1,2}(?:\s+(.*))?$")
_UNDERLINE = re.compile(r"^ {0,3}(?:=+|-+)\s*$")
_WORDS = re.compile(r"^ {0,3}[^\s#>|+*-]")
"""A line of a paragraph, which a line of signs under it makes a heading."""


@dataclass(frozen=True, slots=True)
class Narrative:
    """The narrative of an edition.

    Attributes:
        path: its file.
        values: what can be cited in it, see `present.narrative.catalogue`.
        moved: sentences of an edited one whose numbers have moved since they were written.
    """

    path: Path
    values: Mapping[str, str]
    moved: tuple[str, ...] = ()


def path_of(settings: Settings, report_date: dt.date, language: Language) -> Path:
    """Return where the narrative of a report date and language is."""
    suffix = "" if language == settings.language else f".{language}"
    return settings.path("narrative") / f"{report_date}{suffix}.md"


def require_fit(settings: Settings, report_date: dt.date, languages: Sequence[Language]) -> None:
    """Look at the narratives there are, before anything is computed for them.

    Raises:
        InputError: one cites a name that is not in the catalogue, has headings above `###`, which would break
            up the report's own sections, or lies outside the project; all that is wrong.
    """
    problems: list[Problem] = []
    for language in languages:
        path = path_of(settings, report_date, language)
        _require_own(path, settings.root)
        if path.exists():
            problems += unfit(path, settings)
    if problems:
        raise InputError("The narrative cannot be shown.", problems)


def unfit(path: Path, settings: Settings) -> list[Problem]:
    """Return what is wrong with a narrative: names that cannot be cited, headings that are too high."""
    text, known = path.read_text(encoding="utf-8-sig", errors="replace"), names(settings)
    problems = [
        Problem(
            f"{path}, line {text.count(chr(10), 0, call.start()) + 1}",
            f"n.{call[1]} cannot be cited{nearest(call[1], known)}",
            "a name that METHODS.md lists under “Citable values”, such as n.overall",
        )
        for call in _CITED.finditer(text)
        if call[1] not in known
    ]
    return problems + [
        Problem(f"{path}, line {number}", f"the heading {words!r} is too high", f"### {words}")
        for number, words in high_headings(text)
    ]


def narrative_for(edition: Edition, language: Language) -> Narrative:
    """Return the narrative of an edition: drafted if there is none, anew if nobody edited the draft.

    An edited one is never touched. What was drafted is kept beside it, see `drafted`.

    Raises:
        InputError: see `require_fit`.
    """
    settings = edition.settings
    path = path_of(settings, edition.report_date, language)
    _require_own(path, settings.root)
    texts = Texts(language)
    values = _values(edition, texts)
    draft, said = drafted_with(edition, language, values)
    write_text(said_in(settings, language), _as_json(edition.report_date, said, values))
    known = drafted.read(path)
    fresh = not path.exists() or known.untouched(path.read_text(encoding="utf-8-sig", errors="replace"))
    known = known.again(draft, values)
    if fresh:
        write_text(path, draft)
    drafted.write(path, known)
    require_fit(settings, edition.report_date, [language])
    return Narrative(path, values, tuple(known.moved(path.read_text(encoding="utf-8-sig", errors="replace"))))


def said_in(settings: Settings, language: Language) -> Path:
    """Return the file that holds what each sentence of the newest draft says: its key and its values."""
    return settings.path("run") / f"said.{language}.json"


def drafted_with(edition: Edition, language: Language, values: Mapping[str, str]) -> tuple[str, list[Said]]:
    """Return the draft of a narrative, and every text that was filled for it and stands in it.

    Args:
        edition: the edition.
        language: of the draft.
        values: what can be cited.
    """
    said: list[Said] = []
    draft = _draft(edition, Texts(language, said), values)
    return draft, [one for one in said if _stands(one.words, draft)]


def _stands(words: str, draft: str) -> bool:
    from funnel.present.parts.escape import for_markdown  # heavy, and needed once a week

    return words in draft or for_markdown(words) in draft or words.lower() in draft


def _as_json(date: dt.date, said: Sequence[Said], values: Mapping[str, str]) -> str:
    """Return what was said as the file `said_in` holds it: what is cited is written out."""
    sentences = [
        {
            "key": one.key,
            "values": {
                name: resolved(value, values) if isinstance(value, str) else value
                for name, value in one.values.items()
            },
            "words": resolved(one.words, values),
        }
        for one in said
    ]
    return json.dumps({"date": date.isoformat(), "said": sentences}, ensure_ascii=False, indent=1) + "\n"


def looked_at(settings: Settings) -> list[tuple[Weight, Problem]]:
    """Return what is wrong with the narratives there are, and the sentences whose numbers have moved."""
    found: list[tuple[Weight, Problem]] = []
    for path in sorted(settings.path("narrative").glob("*.md")):
        if not _DATED.match(path.name):
            continue
        found += [("problem", one) for one in unfit(path, settings)]
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        for sentence in drafted.read(path).moved(text):
            wrong, todo = f"numbers have moved since “{sentence}” was written", "correct it, or cite them"
            found.append(("remark", Problem(str(path), wrong, "", todo)))
    return found


def resolved(text: str, values: Mapping[str, str]) -> str:
    """Return a narrative with what it cites written out, to be read without the report."""
    return _CITED.sub(lambda call: values.get(call[1], call[0]), text)


def _require_own(path: Path, root: Path) -> None:
    """Refuse a narrative outside the project, or a link to a file elsewhere: it would be archived."""
    folder = path.parent.resolve()
    if not folder.is_relative_to(root.resolve()):
        problem = Problem(
            "funnel.yml, key narrative", f"{path.parent} lies outside the project", "a folder in it"
        )
    elif not path.resolve().is_relative_to(folder):
        problem = Problem(str(path), "is a link to a file elsewhere", "a file of its own", "write it there")
    else:
        return
    raise InputError("The narrative cannot be shown.", [problem])


def _values(edition: Edition, texts: Texts) -> dict[str, str]:
    from funnel.present.narrative.catalogue import citable  # heavy, and needed once a week

    return citable(
        edition.shown_table(),
        edition.shown_equal_age(),
        edition.results,
        edition.report_date,
        edition.settings,
        texts,
        edition.initiatives,
        edition.in_detail(),
        edition.imports,
        edition.problems,
    )


def _draft(edition: Edition, texts: Texts, values: Mapping[str, str]) -> str:
    from funnel.present.attention.words import paragraphs  # heavy, and needed once a week
    from funnel.present.narrative.in_short import in_short
    from funnel.present.narrative.narrative import draft
    from funnel.present.parts.escape import for_markdown
    from funnel.present.parts.gate_words import sentences

    settings, shown, cite = edition.settings, edition.in_detail(), citing(values)
    cohorts, equal_age = edition.shown_table(), edition.shown_equal_age()
    text = draft(
        cohorts,
        equal_age,
        {name: edition.slices(name) for name in settings.slices},
        edition.imports,
        edition.problems,
        edition.restated if edition.previous else None,
        settings,
        texts,
        edition.results,
        paragraphs(edition.results, shown, edition.initiatives, edition.news_since, settings, texts),
        edition.data_end,
        cite,
    )
    since = edition.news_since
    short = in_short(cohorts, equal_age, edition.results, shown, since, settings, texts, cite)
    told = "".join(
        f"- **{for_markdown(one)}**\n" for one in sentences(edition.findings, settings, texts, page=True)
    )
    return f"{told}{short}\n{text}" if told or short else text


def high_headings(text: str) -> list[tuple[int, str]]:
    r"""Return line number and words of the headings of the first two levels; code is passed over.

    >>> high_headings("# One\n### Three\nTwo\n---\n")
    [(1, 'One'), (3, 'Two')]
    """
    found, fence, above = [], "", ""
    for number, line in enumerate(text.splitlines(), start=1):
        mark = _FENCE.match(line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence:
            if heading := _HIGH.match(line):
                found.append((number, (heading[1] or "").strip(" #")))
            elif _UNDERLINE.match(line) and _WORDS.match(above):
                found.append((number - 1, above.strip()))
        above = line
    return found
