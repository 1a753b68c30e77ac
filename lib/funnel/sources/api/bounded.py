"""An answer taken in whole, within what any answer is: so long, packed so, and so slow, but no more.

A server may send a byte a minute without end, and a kilobyte packed twice can unfold to gigabytes.
"""

from __future__ import annotations

import contextlib
import threading

import httpx

LONGEST = 32_000_000
"""Bytes of one answer, unpacked: a page of 250 deals has a few million; made of nothing but brackets, so many
take the most memory that a command may."""
SLOWEST = 300.0
"""Seconds from the question to the end of its answer."""
PACKED = ("", "identity", "gzip", "deflate")
ACCEPTED = "gzip, deflate"
"""Once at most: of what is packed in another way a small piece may unfold to anything."""
_OF_TRANSPORT = (b"content-encoding", b"content-length", b"transfer-encoding")


class Boundless(Exception):
    """An answer is more than any answer is: what, and what to do."""


def take_in(http: httpx.Client, request: httpx.Request) -> httpx.Response:
    """Send a request and return its whole answer, unpacked.

    Raises:
        Boundless: it is too long, packed in a way that has no bound, or not there in time.
        RequestError: there is none.
    """
    answers: list[httpx.Response] = []
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            answers.append(_read(http.send(request, stream=True)))
        except BaseException as error:
            errors.append(error)

    asking = threading.Thread(target=ask, daemon=True)  # one that is given up keeps nobody from ending
    asking.start()
    asking.join(SLOWEST)
    if errors:
        raise errors[0]
    if not answers:
        what = f"an answer is not whole after {SLOWEST:,.0f} seconds"
        raise Boundless(what, "sync again later; what was read so far is kept")
    return answers[0]


def _read(answer: httpx.Response) -> httpx.Response:
    content = bytearray()
    with contextlib.closing(answer):
        packed = answer.headers.get("content-encoding", "").strip().lower()
        if packed not in PACKED:
            raise Boundless(f"an answer is packed as {packed[:40]!r}", "ask the vendor: it was not asked for")
        for piece in answer.iter_bytes(1 << 16):
            content += piece
            if len(content) > LONGEST:
                what = f"an answer has more than {LONGEST // 1_000_000} MB"
                raise Boundless(what, "look into the account, or ask the vendor: no page is so long")
    # As bytes, which need not be ASCII: a server's own name, a cookie.
    headers = [(name, value) for name, value in answer.headers.raw if name.lower() not in _OF_TRANSPORT]
    return httpx.Response(answer.status_code, headers=headers, content=bytes(content), request=answer.request)
