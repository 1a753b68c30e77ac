"""The content security policy of a page: nothing from outside, no inline handler, scripts by hash.

Inline styles are allowed: cells of tables carry their colour in `style=`, and a style reaches nothing by
itself, since images and fonts come from within the page alone.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
_DATA = re.compile(r"""\ssrc=(["'])data:[^,"']*?(;base64)?,([^"']*)\1""", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


def policy(scripts: Iterable[str] = ()) -> str:
    """Return the policy of a page that runs these scripts, given as they stand between their marks.

    >>> policy().split("; ")[:2]
    ["default-src 'none'", "script-src 'none'"]
    """
    allowed = " ".join(dict.fromkeys(map(_hash, scripts))) or "'none'"
    looks = ("style-src 'unsafe-inline' data:", "img-src data:", "font-src data:")
    return "; ".join(
        ("default-src 'none'", f"script-src {allowed}", *looks, "base-uri 'none'", "form-action 'none'")
    )


def _hash(script: str) -> str:
    """Hash a script as a browser does, which reads every line break as one sign."""
    text = script.replace("\r\n", "\n").replace("\r", "\n")
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def with_policy(page: str) -> str:
    """Return a page that another program made whole, with a policy that allows its own scripts alone.

    Scripts that stand in it as data become plain ones, since only those can be named by hash. It is for pages
    whose texts can hold no script (`builtin.inert`), so that all of its scripts are the program's own.
    """
    plain = _SCRIPT.sub(_inlined, page)
    scripts = [found[2] for found in _SCRIPT.finditer(plain)]
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(scripts)}">'
    return _HEAD.sub(lambda head: f"{head[0]}\n{meta}", plain, count=1)


def allowing(page: str, script: str) -> str:
    """Return a page whose policy allows one more script, which was put into it.

    >>> "script-src 'sha256-" in allowing(f'<meta content="{policy()}">', "x = 1")
    True
    """

    def more(said: re.Match[str]) -> str:
        before = "" if said[1] == "'none'" else f"{said[1]} "
        return f"script-src {before}{_hash(script)}"

    return re.sub(r"script-src ([^;]*)", more, page, count=1)


def _inlined(script: re.Match[str]) -> str:
    data = _DATA.search(script[1])
    if data is None:
        return script[0]
    content = base64.b64decode(unquote_to_bytes(data[3])) if data[2] else unquote_to_bytes(data[3])
    text = content.decode("utf-8", "replace").replace("</script", "<\\/script")
    return f"<script{_DATA.sub('', script[1])}>{text}</script>"
