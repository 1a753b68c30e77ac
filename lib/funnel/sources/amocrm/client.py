"""One polite conversation with the API: paced, retried where that helps, silent after a refusal."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TypeVar

import httpx
import tenacity
from pydantic import ValidationError

from funnel.errors import InputError, Problem
from funnel.gate.personal import blot
from funnel.settings_sources import AmoSettings, is_loopback
from funnel.sources.amocrm import hosts
from funnel.sources.amocrm.clock import LONGEST, instant, retry_after
from funnel.sources.amocrm.credentials import Credentials
from funnel.sources.amocrm.wire import Wire, loads

NO_JSON = "no JSON"
PER_SECOND = 5
TRIES = 6
TIMEOUT = 60.0
Params = Mapping[str, str | int]
Answer = TypeVar("Answer", bound=Wire)
Log = Callable[[float, str, int], None]
"""Told of every request: seconds since the client was made, path without query, status (0 = no answer)."""


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
    """Reads from one account.

    Args:
        settings: the account.
        credentials: the token.
        now: UTC; against it an access token's end is judged.
        pace: the rate limit.
        log: told of every request.

    Attributes:
        server_time: what the server's last answer said its own time was (`Date`); None where it says none.

    Raises:
        InputError: the account lies where the token may not go.
    """

    def __init__(
        self,
        settings: AmoSettings,
        credentials: Credentials,
        now: dt.datetime,
        pace: Pace | None = None,
        log: Log | None = None,
    ) -> None:
        hosts.require_safe(settings.host, credentials.host)
        self._credentials, self._now, self._log = credentials, now, log
        self._pace = pace or Pace()
        self._start = self._pace.clock()
        self._host = settings.host
        self._bearer: str | None = None
        self._refused = False
        self.server_time: dt.datetime | None = None
        self._http = httpx.Client(
            base_url=settings.base_url,
            timeout=TIMEOUT,
            follow_redirects=False,  # a redirect would carry the token to another host
            trust_env=not is_loopback(settings.host),
            headers={"User-Agent": "funnel-cohort-report", "Accept": "application/json"},
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(
        self, path: str, params: Params, answer: type[Answer], *, shrinkable: bool = False
    ) -> Answer | None:
        """Read one answer; None when there is nothing (204).

        Args:
            path: behind `/api/v4/`.
            params: the query.
            answer: what to take from the answer.
            shrinkable: the caller can ask for a smaller page, so a 504 is told instead of tried again.

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
            content = retrying(self._get, path, params, shrinkable)
        except tenacity.RetryError as error:
            reason = str(error.last_attempt.exception())
            if reason == NO_JSON:
                raise self._error(
                    f"the answer to {path} cannot be read: it is no JSON",
                    "is amocrm.host the address of the account?",
                ) from None
            raise self._error(f"no answer after {TRIES} tries ({reason})", "try again later") from None
        if content is None:
            return None
        try:
            return answer.model_validate(content)
        except ValidationError as error:
            # Never pydantic's own text: it quotes what was received.
            places = sorted({".".join(map(str, item["loc"])) or "the whole" for item in error.errors()})
            wrong = f"the answer to {path} cannot be read: {', '.join(places[:3])}"
            raise self._error(wrong, "is amocrm.host the address of the account?") from None

    def _get(self, path: str, params: Params, shrinkable: bool) -> object:
        answer = self._authorised(path, params)
        status = answer.status_code
        if status == 204 or (status == 200 and not answer.content):
            return None
        if status == 200:
            try:
                return loads(answer.content)
            except ValueError:
                raise _Again(NO_JSON) from None
        if status == 504 and shrinkable:
            raise PageTooLarge
        if status == 429 or status >= 500:
            raise self._again(answer)
        if status == 403:
            self._refused = True
            raise self._error(
                "access is refused (403): the token's user has too few rights, this address is not on the "
                "account's list of allowed addresses, or the account is blocked after too many requests",
                "look into the account before the next sync; nothing was tried again",
            )
        if status == 401:
            raise self._error("the token is not accepted (401)", "generate a new one and set it")
        if status == 402:
            raise self._error("the account is not paid for (402)", "pay, or import the interface's exports")
        if status < 400:
            raise self._error(
                f"it answers with a redirect ({status})", "set amocrm.host to the account's own host"
            )
        raise self._error(
            f"the request to {path} is not understood ({status}{self._detail(answer)})", "report this"
        )

    def _again(self, answer: httpx.Response) -> _Again | InputError:
        """Say that the request may be tried again, and when; or that this would take too long."""
        wanted = retry_after(answer.headers.get("Retry-After", ""), self.server_time or self._now)
        if wanted is None or wanted <= LONGEST:
            return _Again(f"status {answer.status_code}", wanted)
        return self._error(
            f"the server wants to be left alone for {wanted:,.0f} seconds ({answer.status_code})",
            "sync again then; what was read so far is kept",
        )

    def _authorised(self, path: str, params: Params) -> httpx.Response:
        """Ask with a valid token; a refused one is renewed once."""
        self._bearer = self._bearer or self._credentials.bearer(self._now, self._exchange)
        answer = self._ask(path, params)
        if answer.status_code != 401:
            return answer
        self._bearer = self._credentials.bearer(self._now, self._exchange, renew=True)
        return answer if self._bearer is None else self._ask(path, params)

    def _ask(self, path: str, params: Params) -> httpx.Response:
        request = self._http.build_request(
            "GET", f"/api/v4/{path}", params=dict(params), headers={"Authorization": f"Bearer {self._bearer}"}
        )
        try:
            return self._send(request)
        except httpx.TransportError as error:
            raise _Again(type(error).__name__) from None

    def _send(self, request: httpx.Request) -> httpx.Response:
        if self._refused:
            raise self._error("access was refused before (403)", "look into the account first")
        self._pace.wait()
        seconds, status = self._pace.clock() - self._start, 0
        try:
            answer = self._http.send(request)
            status = answer.status_code
            self.server_time = instant(answer.headers.get("Date", "")) or self.server_time
            return answer
        finally:
            self._pace.done()
            if self._log is not None:
                self._log(seconds, request.url.path, status)

    def _exchange(self, body: Mapping[str, str]) -> bytes:
        """Post to the token endpoint. Never tried again: the old refresh token may be spent already."""
        try:
            answer = self._send(self._http.build_request("POST", "/oauth2/access_token", json=dict(body)))
        except httpx.TransportError as error:
            raise self._error(
                f"the token cannot be renewed ({type(error).__name__})", "try again later"
            ) from None
        if answer.status_code != 200:
            self._refused = self._refused or answer.status_code == 403
            raise self._error(
                f"the token cannot be renewed ({answer.status_code})",
                "authorise the integration anew and put the new code into the OAuth file",
            )
        return answer.content

    def _error(self, wrong: str, todo: str) -> InputError:
        return InputError("amoCRM cannot be read.", [Problem(self._host, wrong, todo=todo)])

    def _detail(self, answer: httpx.Response) -> str:
        """Return what the server says is wrong, short, without anything personal and without the token."""
        try:
            content = json.loads(answer.content)
            detail = str(content.get("detail") or content.get("title") or "")
        except (ValueError, AttributeError):
            return ""
        text = detail.replace(self._bearer, "[token]") if self._bearer else detail
        return f": {blot(text)[:200]}" if text else ""
