"""In which encoding a text file is written; what is broken in it is counted, and stops nothing."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from funnel.sources.tabular import unreadable

_FOREIGN = {
    b"PK\x03\x04": "an XLSX workbook (or another ZIP file)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls), or one with a password",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "packed (gzip)",
    b"7z\xbc\xaf": "packed (7z)",
    b"Rar!": "packed (RAR)",
    b"%PDF": "a PDF",
}
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")  # a word with a letter beyond ASCII
_AROUND = 100_000  # bytes looked at where UTF-8 breaks
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding, and what the user should know of it; '' where it was no guess and nothing was broken."""

    name: str
    notice: str = ""


def encoding_of(path: Path) -> Encoding:
    """Find the encoding of a text file.

    Raises:
        InputError: it cannot be read, is empty, or is no text.
    """
    try:
        stat = path.stat()
        return _encoding_of(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise unreadable(str(path), f"it cannot be read ({error.strerror})") from error


@lru_cache(maxsize=64)
def _encoding_of(path: Path, size: int, changed: int) -> Encoding:
    """Find it once for a file as it is: that takes a look at all of it."""
    del size, changed
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00") and not _filled(path):
        raise unreadable(str(path), "it is empty", "export it again, with its header")
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise unreadable(str(path), f"its name says CSV, but it is {what}", "name it after what it is")
    bom = next((name for mark, name in _BOMS if head.startswith(mark)), "")
    if bom and bom != "utf-8-sig":
        return Encoding(bom)
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if not bom and zeros.count(0) > 0.4 * len(zeros):
            return Encoding(encoding)
    if _is_utf8(path):
        return Encoding(bom or "utf-8")
    broken, around, whole = _broken(path)
    text = around.decode("utf-8", "replace")
    foreign = sum(character > "\x7f" for character in text)
    if bom or text.count("\ufffd") < 0.2 * foreign:
        if not whole:
            what = "it is UTF-8 with a broken character at its very end"
            raise unreadable(str(path), what, "export the file again; it may have been cut off")
        what = (
            f"{broken:,} characters in it are broken, and are shown as \ufffd; export it again if they matter"
        )
        return Encoding(bom or "utf-8", what)
    name, title = ("cp1251", "Windows-1251") if _is_cyrillic(around) else ("cp1252", "Windows-1252")
    return Encoding(
        name, f"read as {title}, since it is not UTF-8; if its words look wrong, save it as UTF-8"
    )


def _filled(path: Path) -> bool:
    with path.open("rb") as stream:
        return any(piece.strip(b" \t\r\n\x00") for piece in iter(lambda: stream.read(_PIECE), b""))


def _is_utf8(path: Path) -> bool:
    """Whether a file is UTF-8 to its end, without holding it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _broken(path: Path) -> tuple[int, bytes, bool]:
    """Count what is not UTF-8; also the bytes around the first, and whether the last character is whole."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    count, first, before = 0, b"", b""
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            own = piece.count(b"\xef\xbf\xbd")  # such a character may stand in the file itself
            found = decoder.decode(piece).count("\ufffd") - own
            if found > 0 and not count:
                place = _first(before[-8:] + piece) - len(before[-8:])
                first = (before + piece)[max(0, len(before) + place - _AROUND) :][: 2 * _AROUND]
            count += max(found, 0)
            before = piece
        cut = decoder.decode(b"", final=True).count("\ufffd")
    return count + cut, first or before[-_AROUND:], not cut


def _first(content: bytes) -> int:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return len(content)


def _is_cyrillic(content: bytes) -> bool:
    """Whether whole words are beyond ASCII, as in Russian; in German or French a letter or two are."""
    words = [word for word in _WORD.findall(content) if len(word) > 2]
    whole = sum(1 for word in words if sum(byte >= 0x80 for byte in word) > 0.6 * len(word))
    return not words or 2 * whole >= len(words)
