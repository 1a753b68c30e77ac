from __future__ import annotations

import html

import pypandoc
import pytest

from funnel.present.parts.escape import clean, for_html, for_markdown

HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd()|'/C calc'!A0",
    '#read("/etc/passwd") $x^2$ `code`',
    "**bold** _it_ ~~s~~ [a](http://b)",
    "{{< include /etc/passwd >}}",
    "@fig-history ^[note] a--b...",
    "\\alpha \"quoted\" 'single'",
    "```{=typst}",
    "& &amp; http://evil.example",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_reads_back_as_the_same_characters(text: str) -> None:
    made = pypandoc.convert_text(
        f"A {for_markdown(text)} z", "plain", "markdown+autolink_bare_uris", extra_args=["--wrap=none"]
    )
    assert made.strip() == f"A {text} z"


@pytest.mark.parametrize("text", HOSTILE)
def test_html_reads_back_as_the_same_characters(text: str) -> None:
    made = for_html(text)
    assert html.unescape(made) == text
    assert not set(made) & set("<>`{}\"'")


def test_a_value_cannot_turn_or_hide_text() -> None:
    assert clean("ab\u202ecd\u2066\u200b\x1b[31m") == "ab\ufffdcd\ufffd\ufffd\ufffd[31m"
    assert clean(" two\r\nlines\u2028here ") == "two lines here"
    assert clean("\ud800") == "\ufffd"


def test_a_long_value_is_cut() -> None:
    assert clean("x" * 100, 10) == "x" * 9 + "…"
