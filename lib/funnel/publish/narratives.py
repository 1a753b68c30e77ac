"""The narrative's file: drafted once, then the analyst's own."""

from __future__ import annotations

import re
from pathlib import Path

from funnel.errors import InputError, Problem
from funnel.issue.model import Issue
from funnel.present.texts import Texts
from funnel.publish.files import write_text
from funnel.settings import Language

_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_HIGH = re.compile(r"^ {0,3}#{1,2}(?:\s+(.*))?$")
_UNDERLINE = re.compile(r"^ {0,3}(?:=+|-+)\s*$")
_WORDS = re.compile(r"^ {0,3}[^\s#>|+*-]")
"""A line of a paragraph, which a line of signs under it makes a heading."""


def narrative_for(issue: Issue, language: Language) -> Path:
    """Return the narrative of an issue, drafted if there is none yet; an existing one is never touched.

    Raises:
        InputError: it has headings above `###`, which would break up the report's own sections; all of them;
            or it lies outside the project.
    """
    settings = issue.settings
    suffix = "" if language == settings.language else f".{language}"
    path = settings.path("narrative") / f"{issue.report_date}{suffix}.md"
    _require_own(path, settings.root)
    if not path.exists():
        write_text(path, _draft(issue, Texts(language)))
    problems = [
        Problem(f"{path}, line {number}", f"the heading {words!r} is too high", f"### {words}")
        for number, words in high_headings(path.read_text(encoding="utf-8-sig", errors="replace"))
    ]
    if problems:
        raise InputError("The narrative cannot be shown.", problems)
    return path


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


def _draft(issue: Issue, texts: Texts) -> str:
    from funnel.present.attention_words import paragraphs  # heavy, and needed once a week
    from funnel.present.escape import for_markdown
    from funnel.present.gate_words import sentences
    from funnel.present.in_short import in_short
    from funnel.present.narrative import draft

    settings, shown = issue.settings, issue.in_detail()
    cohorts, equal_age = issue.cohort_table(), issue.equal_age_table()
    text = draft(
        cohorts,
        equal_age,
        {name: issue.slices(name) for name in settings.slices},
        issue.imports,
        issue.problems,
        issue.restated if issue.previous else None,
        settings,
        texts,
        issue.results,
        paragraphs(issue.results, shown, issue.initiatives, issue.news_since, settings, texts),
        issue.data_end,
    )
    short = in_short(cohorts, equal_age, issue.results, shown, settings, texts)
    told = "".join(
        f"- **{for_markdown(one)}**\n" for one in sentences(issue.findings, settings, texts, page=True)
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
