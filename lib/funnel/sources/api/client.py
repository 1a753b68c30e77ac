"""One polite conversation with the API: paced, retried where that helps, silent after a refusal."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import ClassVar, TypeVar

import httpx
import tenacity
from pydantic import ValidationError

from funnel.errors import InputError, Problem, one_line
from funnel.gate.personal import blot
from funnel.settings_accounts import Account, is_loopback
from funnel.sources.api import bounded
from funnel.sources.api.clock import LONGEST, instant, retry_after
from funnel.sources.api.vendor import Vendor
from funnel.sources.api.wire import Wire, loads

NO_JSON = "no JSON"
PER_SECOND = 5
TRIES = 6
TIMEOUT = 60.0
Params = Mapping[str, str | int]
Body = Mapping[str, object]
Answer = TypeVar("Answer", bound=Wire)
Log = Callable[[float, str, int], None]
"""Told of every request: seconds since the client was made, path without query and secrets, status (0 = no
answer)."""
_DETAILS = ("detail", "title", "error_description", "message", "error")
"""Where a server says what it does not understand."""
_SAID = 10_000  # characters of it that are looked at
for _name in ("httpx", "httpcore"):
    logging.getLogger(
        _name
    ).disabled = True  # they log whole addresses, and a webhook's secret is in its address

_GROWING = tenacity.wait_exponential(multiplier=1, max=60)


class PageTooLarge(Exception):
    """The server gave up on a page (504); ask for a smaller one."""


class _Again(Exception):
    """This request may be tried again after a pause: of so many seconds, where the server says so."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


def _pause(call: tenacity.RetryCallState) -> float:
    """Return how long to wait: as long as the server asked for, else longer each time."""
    error = call.outcome.exception() if call.outcome else None
    asked = error.after if isinstance(error, _Again) else None
    return _GROWING(call) if asked is None else asked


class Pace:
    """Lets requests through evenly, so that no second on the server's clock holds more than `per_second`.

    A request may go out one second after the fifth before it was answered: wherever between its sending and
    its answer that one was counted, it is over.

    Args:
        per_second: the limit; 0 lifts it.
        clock: seconds, monotonic.
        sleep: waits a number of seconds.
    """

    def __init__(
        self,
        per_second: int = PER_SECOND,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.per_second, self.clock, self.sleep = per_second, clock, sleep
        self._next = clock()
        self._ended: deque[float] = deque(maxlen=per_second)

    def wait(self) -> None:
        """Return when the next request may go out; `done` must follow."""
        if not self.per_second:
            return
        free = self._next
        if len(self._ended) == self.per_second:
            free = max(free, self._ended[0] + 1)
        now = self.clock()
        while now < free:
            self.sleep(free - now)
            now = self.clock()
        self._next = now + 1 / self.per_second

    def done(self) -> None:
        """Say that the request was answered, or failed."""
        self._ended.append(self.clock())


class Client:
    """Reads from one account. What differs between CRMs is said by the fields and methods of a subclass.

    Args:
        vendor: whose account it is.
        account: the account.
        named_host: the host that was named beside the token.
        now: UTC; stands for the server's time where it tells none.
        pace: the rate limit.
        log: told of every request.

    Attributes:
        per_second: requests a second, where no pace is given.
        prefix: of the path of every request; it may hold a secret.
        shown: the same without the secret.
        refusals: status -> what is wrong, with {} for the status, and what to do; any other has a general
            sentence.
        server_time: what the server's last answer said its own time was (`Date`); None where it says none.

    Raises:
        InputError: the account lies where the token may not go.
    """

    per_second: ClassVar[int] = PER_SECOND
    refusals: ClassVar[Mapping[int, tuple[str, str]]] = {}

    def __init__(
        self,
        vendor: Vendor,
        account: Account,
        named_host: str,
        now: dt.datetime,
        pace: Pace | None = None,
        log: Log | None = None,
    ) -> None:
        vendor.require_safe(account.host, named_host)
        self._vendor, self._host, self._now, self._log = vendor, account.host, now, log
        self._pace = pace or Pace(self.per_second)
        self._start = self._pace.clock()
        self._refused = False
        self.prefix = self.shown = "/"
        self.server_time: dt.datetime | None = None
        self._http = httpx.Client(
            base_url=account.base_url,
            timeout=TIMEOUT,
            follow_redirects=False,  # a redirect would carry the token to another host
            trust_env=not is_loopback(account.host),
            headers={
                "User-Agent": "funnel-cohort-report",
                "Accept": "application/json",
                "Accept-Encoding": bounded.ACCEPTED,
            },
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    # What a subclass says

    def headers(self, *, renew: bool = False) -> Mapping[str, str] | None:
        """Return the headers that show the token; None when it was refused (`renew`) and is the only one."""
        return None if renew else {}

    def hide(self, text: str) -> str:
        """Return a text of the server's without the token."""
        return text

    def wanted_pause(self, answer: httpx.Response) -> float | None:
        """Return how many seconds the server wants to be left alone; None where it does not say."""
        return retry_after(answer.headers.get("Retry-After", ""), self.server_time or self._now)

    # Asking

    def get(
        self,
        path: str,
        params: Params,
        answer: type[Answer],
        *,
        body: Body | None = None,
        shrinkable: bool = False,
        optional: bool = False,
    ) -> Answer | None:
        """Read one answer; None when there is nothing (204).

        Args:
            path: behind the prefix.
            params: the query.
            answer: what to take from the answer.
            body: what is posted; None gets.
            shrinkable: the caller can ask for a smaller page, so a 504 is told instead of tried again.
            optional: the caller can do without it: a refusal is no answer.

        Raises:
            PageTooLarge: 504 to a shrinkable request.
            InputError: refused, not allowed, not understood, or not there after several tries.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            stop=tenacity.stop_after_attempt(TRIES),
            wait=_pause,
            sleep=self._pace.sleep,
        )
        try:
            content = retrying(self._get, path, params, body, shrinkable, optional)
        except tenacity.RetryError as error:
            reason = str(error.last_attempt.exception())
            if reason == NO_JSON:
                raise self.error(
                    f"the answer to {path} cannot be read: it is no JSON", self._is_it_the_host()
                ) from None
            raise self.error(f"no answer after {TRIES} tries ({reason})", "try again later") from None
        if content is None:
            return None
        try:
            return answer.model_validate(content)
        except ValidationError as error:
            # Never pydantic's own text: it quotes what was received.
            places = sorted({".".join(map(str, item["loc"])) or "the whole" for item in error.errors()})
            wrong = f"the answer to {path} cannot be read: {', '.join(places[:3])}"
            raise self.error(wrong, self._is_it_the_host()) from None

    def post(self, path: str, body: Body, answer: type[Answer]) -> Answer | None:
        """Ask with a JSON body; see `get`."""
        return self.get(path, {}, answer, body=body)

    def _get(self, path: str, params: Params, body: Body | None, shrinkable: bool, optional: bool) -> object:
        answer = self._authorised(path, params, body)
        status = answer.status_code
        if status == 204:
            return None
        if status in (200, 207):
            try:
                return loads(answer.content)
            except (ValueError, RecursionError):
                raise _Again(NO_JSON) from None
        if status == 504 and shrinkable:
            raise PageTooLarge
        if status == 429 or status >= 500:
            raise self._again(answer)
        if optional and status in (403, 404):
            return None
        if status == 403:
            self._refused = True
        if status in self.refusals:
            wrong, todo = self.refusals[status]
            raise self.error(f"{wrong.format(status)}{self.detail(answer)}", todo)
        if status < 400:
            raise self.error(
                f"it answers with a redirect ({status})",
                f"set {self._vendor.key}.host to the account's own host",
            )
        raise self.error(
            f"the request to {path} is not understood ({status}{self.detail(answer)})", "report this"
        )

    def _again(self, answer: httpx.Response) -> _Again | InputError:
        """Say that the request may be tried again, and when; or that this would take too long."""
        wanted = self.wanted_pause(answer)
        if wanted is None or wanted <= LONGEST:
            return _Again(f"status {answer.status_code}", wanted)
        return self.error(
            f"the server wants to be left alone for {wanted:,.0f} seconds ({answer.status_code})",
            "sync again then; what was read so far is kept",
        )

    def _authorised(self, path: str, params: Params, body: Body | None) -> httpx.Response:
        """Ask with a valid token; a refused one is renewed once."""
        answer = self._ask(path, params, body, self.headers() or {})
        if answer.status_code != 401:
            return answer
        renewed = self.headers(renew=True)
        return answer if renewed is None else self._ask(path, params, body, renewed)

    def _ask(
        self, path: str, params: Params, body: Body | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        method = "GET" if body is None else "POST"
        try:
            request = self._http.build_request(
                method, f"{self.prefix}{path}", params=dict(params), json=body, headers=dict(headers)
            )
        except (UnicodeEncodeError, httpx.InvalidURL):  # of an id or a cursor that an answer gave
            raise self.error(f"an answer names what cannot be asked for ({path})", "report this") from None
        try:
            return self.send(request, f"{self.shown}{path}")
        except httpx.RequestError as error:
            raise _Again(type(error).__name__) from None

    def send(self, request: httpx.Request, shown: str) -> httpx.Response:
        """Send a request when its time has come, once.

        Args:
            request: what to send.
            shown: its path as it may be shown.
        """
        if self._refused:
            raise self.error("access was refused before (403)", "look into the account first")
        self._pace.wait()
        seconds, status = self._pace.clock() - self._start, 0
        try:
            answer = bounded.take_in(self._http, request)
            status = answer.status_code
            self.server_time = instant(answer.headers.get("Date", "")) or self.server_time
            return answer
        except bounded.Boundless as error:
            raise self.error(*error.args) from None
        finally:
            self._pace.done()
            if self._log is not None:
                self._log(seconds, shown, status)

    def error(self, wrong: str, todo: str) -> InputError:
        """Return an error about this account."""
        return InputError(f"{self._vendor.title} cannot be read.", [Problem(self._host, wrong, todo=todo)])

    def _is_it_the_host(self) -> str:
        return f"is {self._vendor.key}.host the address of the account?"

    def detail(self, answer: httpx.Response) -> str:
        """Return what the server says is wrong, short, without anything personal and without the token."""
        try:
            content = json.loads(answer.content)
            said = [content[name] for name in _DETAILS if isinstance(content.get(name), str)]
        except (ValueError, AttributeError, RecursionError):
            return ""
        text = self.hide(next((one for one in said if one), "")[:_SAID])
        return f": {one_line(blot(text)[:200])}" if text else ""


class TokenClient(Client):
    """Reads from one account with a token that lasts.

    Args:
        account: the account.
        token: what the header shows.
        named_host: the host that was named beside the token.
        now: UTC.
        pace: the rate limit; by default the vendor's.
        log: told of every request.

    Attributes:
        vendor: whose account it is.
        header: its name, and what stands in it before the token.
    """

    vendor: ClassVar[Vendor]
    header: ClassVar[tuple[str, str]] = ("Authorization", "Bearer ")

    def __init__(
        self,
        account: Account,
        token: str,
        named_host: str,
        now: dt.datetime,
        pace: Pace | None = None,
        log: Log | None = None,
    ) -> None:
        super().__init__(self.vendor, account, named_host, now, pace, log)
        self._token = token

    def headers(self, *, renew: bool = False) -> Mapping[str, str] | None:
        """Return the header with the token, the only one there is."""
        name, before = self.header
        return None if renew else {name: f"{before}{self._token}"}

    def hide(self, text: str) -> str:
        """Return a text without the token."""
        return text.replace(self._token, "[token]")
