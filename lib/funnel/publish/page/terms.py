"""Heads of tables that lead to what they mean: the words stand under the pointer, the definition below."""

from __future__ import annotations

import html
import re

from funnel.present.parts.escape import for_html
from funnel.present.parts.texts import Texts

_HEADS = {
    "col_cohort": "cohort",
    "col_age": "age",
    "stage_overall": "overall",
    "col_at_the_end": "expected",
    "col_interval": "interval",
}
"""Heads by the key of their text, and the term that defines them."""
_HEAD = re.compile(r"(<th\b[^>]*>)([^<]+)(</th>)")


def defined(page: str, texts: Texts) -> str:
    """Return a page whose heads lead to the definitions that stand in it.

    Args:
        page: the body of a page; without definitions it stays as it is.
        texts: the language.
    """
    meanings: dict[str, str] = {}

    def place(term: str, words: str) -> None:
        nonlocal page
        begins = rf"<p>(?=<strong>{re.escape(for_html(words))}\.</strong>\s*(.*?)</p>)"
        found = re.search(begins, page, re.DOTALL)
        if found:
            said = html.unescape(re.sub("<[^>]*>", "", found[1]))
            meanings[term] = for_html(" ".join(said.split()))
            page = f'{page[: found.start()]}<p id="def-{term}">{page[found.end() :]}'

    for term in _HEADS.values():
        place(term, texts.t(f"term_{term}"))
    terms = {for_html(texts.t(key)): term for key, term in _HEADS.items() if term in meanings}

    def head(found: re.Match[str]) -> str:
        term = terms.get(found[2])
        if term is None:
            return found[0]
        link = f'<a class="term" href="#def-{term}" title="{meanings[term]}">{found[2]}</a>'
        return f"{found[1]}{link}{found[3]}"

    return _HEAD.sub(head, page)
