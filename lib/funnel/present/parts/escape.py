"""Untrusted text made harmless for each thing it is written into."""

from __future__ import annotations

import html
import re

_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\uf8ff]"
)
_BREAKS = re.compile(r"[\t\n\r\v\f\x85\u2028\u2029]+")
_MARKDOWN = re.compile(r"""[\\`*_{}\[\]<>#|~^$@"'&]|-(?=-)|\.(?=\.)|:(?=//)""")


def clean(text: str, limit: int = 60) -> str:
    r"""Return a value on one line, at most `limit` characters long.

    Control characters, and those that turn the direction of writing or cannot be seen (of private use too),
    become ``\ufffd``, so that a value never looks like another one.

    >>> clean("Anna\u202eevil\nline")
    'Anna�evil line'
    """
    line = _UNSEEN.sub("\ufffd", _BREAKS.sub(" ", text)).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def for_terminal(text: str, lines: bool = False) -> str:
    r"""Return text with control characters, and those that turn the direction of writing, in sight.

    Args:
        text: any.
        lines: whether it may hold line breaks and tabs of its own.

    >>> print(for_terminal("Anna\u202e\x1b[31m"))
    Anna\u202e\u001b[31m
    """
    kept = "\n\t" if lines else ""
    text = text.replace("\u00a0", " ").replace("\u202f", " ")  # no-break spaces, as in 5 %
    return "".join(c if c.isprintable() or c in kept else f"\\u{ord(c):04x}" for c in text)


_LONG_WORD = re.compile(r"[^\s/\\]{301,}")
_LONG_LINE = re.compile(r"[^\n]{4001,}")


def in_short(text: str) -> str:
    """Return a message with words (parts of paths) and lines that nobody would read to their end cut short.

    >>> in_short("in " + 400 * "x").endswith("xxx… (400 characters)")
    True
    """
    words = _LONG_WORD.sub(lambda found: f"{found[0][:100]}… ({len(found[0]):,} characters)", text)
    return _LONG_LINE.sub(lambda found: f"{found[0][:4000]}… ({len(found[0]):,} characters)", words)


def for_html(text: str) -> str:
    """Return text for an HTML element or attribute; also no back-tick, brace or shortcode survives.

    >>> for_html("<b>{{< x >}}`")
    '&lt;b&gt;&#123;&#123;&lt; x &gt;&#125;&#125;&#96;'
    """
    safe = html.escape(text, quote=True)
    return safe.replace("`", "&#96;").replace("{", "&#123;").replace("}", "&#125;")


def for_typst(text: str) -> str:
    r"""Return text as a Typst string literal.

    >>> for_typst('a "b" #c')
    '"a \\"b\\" #c"'
    """
    safe = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[`{}<>\n\r]", lambda found: f"\\u{{{ord(found[0]):x}}}", safe) + '"'


def for_markdown(text: str) -> str:
    r"""Return text that Pandoc reads as these very characters.

    >>> print(for_markdown("a*b <i> [x](y) Anna-Maria"))
    a\*b \<i\> \[x\](y) Anna-Maria
    """
    return _MARKDOWN.sub(r"\\\g<0>", text)
