"""One Markdown file, line by line: shortcodes, fences and comments, before Pandoc sees the text.

Pandoc's tree knows no lines, so whatever may have to be reported with one is found here.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

from funnel.publish.builtin.depth import Depth, too_much
from funnel.publish.builtin.problems import Place, Problems

OPEN, CLOSE = "\ue000", "\ue001"  # around the number of a shortcode in the text given to Pandoc
_MARK = re.compile(f"[{OPEN}{CLOSE}]|&#(?:x0*e00[01]|0*5734[45]);?|%EE%80%8[01]", re.IGNORECASE)
TOKEN = re.compile(f"{OPEN}([0-9]+){CLOSE}")
RAW_CLASS = "funnel-raw"
RAW_TARGETS = ("html", "typst")

_FENCE = re.compile(r"^(?P<lead>[\s>]*(?:[-*+]\s+|\d+[.)]\s+)?)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
_DIV = re.compile(r"^\s*:{3,}\s*(?P<rest>.*?)\s*:*\s*$")
_INLINE = re.compile(
    r"(?P<escape>\\[^A-Za-z0-9\s])"
    r"|(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n)[\s\S])+?(?<!`)(?P=ticks)(?!`)"
    r"(?P<rawcode>\{=[^}\n]*\})?)"
    r"|(?P<comment><!--[\s\S]*?-->)"
    r"|(?P<escaped>\{\{\{<[^\n]*?>\}\}\})"
    r"|(?P<short>\{\{<(?P<call>[^\n]*?)>\}\})"
    r"|(?P<broken>\{\{<)"
)
SHORTCODES = "embed, include, var, meta, pagebreak"


@dataclass(frozen=True, slots=True)
class Shortcode:
    """One ``{{< name arguments >}}`` and where it stands."""

    name: str
    arguments: tuple[str, ...]
    place: Place


@dataclass(slots=True)
class Source:
    """A scanned file.

    Attributes:
        name: path relative to the project, as errors name it.
        trusted: raw blocks may act (report.qmd), or are shown as text (everything included).
        text: what Pandoc reads: comments gone, shortcodes as numbered tokens; lines kept.
        first: line of the file on which `text` starts; 0 where it stands in none.
        bare: `text` with code blanked, to look for words in.
        divs: lines of the opening ``:::`` fences, in order.
    """

    name: str
    trusted: bool
    text: str = ""
    first: int = 1
    bare: str = ""
    divs: list[int] = field(default_factory=list)


def scan(
    name: str, text: str, first: int, trusted: bool, shortcodes: list[Shortcode] | None, problems: Problems
) -> Source:
    """Scan a file's text (without front matter); its shortcodes, if it may have any, go to `shortcodes`."""
    source = Source(name, trusted, first=first)
    if shortcodes is not None and (long := too_much(text)):
        problems.add(Place(name), long, todo="split it")
        return source
    text = unmarked(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    out: list[str] = []
    bare: list[str] = []
    prose: list[str] = []
    open_divs: list[int] = []

    def end_prose(line: int) -> None:
        if prose and shortcodes is None:
            out.extend(prose)
            bare.extend(prose)
            prose.clear()
        elif prose and shortcodes is not None:
            done, blanked = _inline("\n".join(prose), line - len(prose), source, shortcodes, problems)
            out.extend(done.split("\n"))
            bare.extend(blanked.split("\n"))
            prose.clear()

    fence = ""
    depth = Depth() if shortcodes is not None else None
    number = first - 1
    for number, line in enumerate(text.split("\n"), first):
        if fence:
            out.append(line)
            bare.append("")
            if "{{<" in line and shortcodes is not None:
                problems.add(Place(name, number), "a shortcode inside a code block", todo="move it out")
            if re.fullmatch(rf"[\s>]*{re.escape(fence[0])}{{{len(fence)},}}\s*", line):
                fence = ""
            continue
        start = _FENCE.match(line)
        if start:
            end_prose(number)
            fence = start["mark"]
            info = _info(start["info"].strip(), Place(name, number), trusted, problems)
            out.append(f"{start['lead']}{fence}{' ' + info if info else ''}")
            bare.append("")
            continue
        _div(line, Place(name, number), open_divs, source, problems)
        prose.append(line)
        if depth is not None and (deep := depth.wrong(line, len(open_divs))):
            problems.add(Place(name, number), deep)
            return source
    if fence:
        problems.add(Place(name), "a code block is not closed", todo=f"end it with a line {fence}")
    end_prose(number + 1)
    for opened in open_divs:
        problems.add(Place(name, opened), "this ::: block is not closed", todo="add a line ::: after it")
    source.text, source.bare = "\n".join(out), "\n".join(bare)
    return source


def _div(line: str, place: Place, opened: list[int], source: Source, problems: Problems) -> None:
    """Note a line that opens or closes a block."""
    div = _DIV.match(line)
    if div and div["rest"]:
        opened.append(place.line)
        source.divs.append(place.line)
    elif div and opened:
        opened.pop()
    elif div:
        problems.add(place, "::: closes a block that was not opened")


def unmarked(text: str) -> str:
    r"""Return a text in which nothing can be taken for our marks: as they are, by number or in an address.

    >>> unmarked("a\ue0000\ue001 &#xE000;1&#57345; %ee%80%801") == "a\ufffd0\ufffd \ufffd1\ufffd \ufffd1"
    True
    """
    return _MARK.sub("\ufffd", text)


def mark_raw(name: str, text: str, problems: Problems) -> Source:
    """Scan a notebook's Markdown: raw blocks count, and nothing in it is a shortcode."""
    return scan(name, text, 1, trusted=True, shortcodes=None, problems=problems)


def _info(info: str, place: Place, trusted: bool, problems: Problems) -> str:
    """Return the info string of a code fence as Pandoc shall read it."""
    raw = re.fullmatch(r"\{=([^}\s]+)\}", info)
    if raw and not trusted:
        return ""
    if raw and raw[1] in RAW_TARGETS:
        return f'{{.{RAW_CLASS} format="{raw[1]}"}}'
    if raw:
        problems.add(place, f"a raw block for {raw[1]}", "raw blocks {=html} and {=typst}")
    elif re.match(r"\{+\s*[A-Za-z]", info):
        problems.add(
            place,
            f"a code cell {info}",
            "code blocks that are shown, such as ```python",
            "compute in notebooks/ and embed the output",
        )
    return "" if raw or (info.startswith("{") and not info.startswith("{.")) else info


def _inline(
    text: str, line: int, source: Source, shortcodes: list[Shortcode], problems: Problems
) -> tuple[str, str]:
    """Return prose with shortcodes as tokens and without comments, and the same with code blanked."""

    def swap(match: re.Match[str]) -> str:
        def place() -> Place:  # counted where it is told alone: a long text may hold nothing but code
            return Place(source.name, line + text.count("\n", 0, match.start()))

        whole = match[0]
        if match["code"]:
            if "{{<" in whole:
                problems.add(place(), "a shortcode inside code", todo="move it out")
            if match["rawcode"] and source.trusted:
                problems.add(
                    place(), f"inline raw text {match['rawcode']}", "raw blocks {=html} and {=typst}"
                )
            return whole
        if match["escape"]:
            return whole
        if match["comment"]:
            return "\n" * whole.count("\n")
        if match["short"]:
            return _token(match["call"].strip(), place(), shortcodes, problems)
        if match["escaped"]:
            return re.sub(r"[^\w\s]", r"\\\g<0>", whole[1:-1])
        problems.add(place(), f"a shortcode that does not end on its line: {whole[:40]}", SHORTCODES)
        return ""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match[0]) if match["code"] else match[0]

    done = _INLINE.sub(swap, text)
    return done, _INLINE.sub(blank, done)


def _token(call: str, place: Place, shortcodes: list[Shortcode], problems: Problems) -> str:
    try:
        name, *arguments = shlex.split(call)
    except ValueError:
        name, arguments = "", []
    if not name:
        problems.add(place, f"a shortcode that cannot be read: {call!r}", SHORTCODES)
        return ""
    shortcodes.append(Shortcode(name, tuple(arguments), place))
    return f"{OPEN}{len(shortcodes)}{CLOSE}"
