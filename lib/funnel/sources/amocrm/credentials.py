"""The token: from the environment or a file outside the repository; never shown, never kept with the data."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from funnel.errors import FunnelError, InputError, MissingError, Problem
from funnel.settings_accounts import AmoSettings
from funnel.sources.api import secrets
from funnel.sources.api.vendor import Vendor

VENDOR = Vendor("amocrm", "amoCRM", ("amocrm.ru", "amocrm.com", "kommo.com"))
TOKEN, TOKEN_FILE, OAUTH_FILE = (VENDOR.variable(what) for what in ("token", "token_file", "oauth_file"))
WARN_DAYS = 14
UNUSED_DAYS = 90
"""A refresh token that is not used for so long ends: widely said, not found in the documentation."""
_EARLY = 60  # seconds before its end at which an access token is no longer used


class _Grant(BaseModel):
    """The OAuth file. `code` is used once, in place of a refresh token, within 20 minutes of being given.

    Times are unix seconds: `expires_at` of the access token, `renewed_at` of the refresh token's making.
    """

    model_config = ConfigDict(extra="forbid")
    client_id: str
    client_secret: SecretStr
    redirect_uri: str
    code: SecretStr | None = None
    refresh_token: SecretStr | None = None
    access_token: SecretStr | None = None
    expires_at: int = 0
    renewed_at: int = 0


class _Tokens(BaseModel):
    """The answer of the token endpoint."""

    access_token: SecretStr
    refresh_token: SecretStr
    expires_in: int


Exchange = Callable[[Mapping[str, str]], bytes]
"""Posts a JSON body to the token endpoint and returns the body of the answer."""


@dataclass
class Credentials:
    """A long-lived token, or an OAuth file that is refreshed.

    Attributes:
        token: the long-lived token.
        file: the OAuth file; None for a long-lived token.
        host: the host that was named beside the token, to which it may go though it is not the vendor's.
        note: what the user should know about the file that the token came from.
    """

    token: str = field(default="", repr=False)
    file: Path | None = None
    host: str = ""
    note: str = ""

    def bearer(self, now: dt.datetime, exchange: Exchange, *, renew: bool = False) -> str | None:
        """Return a token to use now; None when it was refused (`renew`) and cannot be renewed.

        A new refresh token is on the disk, whole, before the access token that came with it is used.
        """
        if self.file is None:
            return None if renew else self.token
        grant = _read_grant(self.file)
        fresh = grant.access_token is not None and grant.expires_at - _EARLY > now.timestamp()
        if grant.access_token is not None and fresh and not renew:
            return grant.access_token.get_secret_value()
        body = {
            "client_id": grant.client_id,
            "client_secret": grant.client_secret.get_secret_value(),
            "redirect_uri": grant.redirect_uri,
        }
        if grant.code is not None:
            body |= {"grant_type": "authorization_code", "code": grant.code.get_secret_value()}
        else:
            refresh = grant.refresh_token.get_secret_value() if grant.refresh_token else ""
            body |= {"grant_type": "refresh_token", "refresh_token": refresh}
        _write_grant(self.file, grant)  # shows that the new token can be saved, before the old one is spent
        try:
            tokens = _Tokens.model_validate_json(exchange(body))
        except ValidationError:
            raise InputError("The answer of amoCRM's token endpoint cannot be read.") from None
        _write_grant(
            self.file,
            grant.model_copy(
                update={
                    "code": None,
                    "refresh_token": tokens.refresh_token,
                    "access_token": tokens.access_token,
                    "expires_at": int(now.timestamp()) + tokens.expires_in,
                    "renewed_at": int(now.timestamp()),
                }
            ),
        )
        return tokens.access_token.get_secret_value()

    def warning(self, now: dt.datetime) -> str:
        """Return a sentence when a long-lived token, or an unused refresh token, ends within two weeks.

        Otherwise an empty string. An access token is renewed by itself, so it needs no warning.

        Raises:
            InputError: the long-lived token has ended.
        """
        if self.file is not None:
            return _unused(self.file, now)
        end = expiry(self.token)
        if end is None:
            return ""
        when = end.strftime("%Y-%m-%d")
        todo = "generate a new one: the integration's page, Keys and scopes"
        if end <= now:
            raise InputError(
                "The amoCRM token has ended.", [Problem("token", f"it ended on {when}", todo=todo)]
            )
        left = (end - now).days
        return f"The amoCRM token ends on {when}, in {left} days; {todo}." if left < WARN_DAYS else ""


def _unused(file: Path, now: dt.datetime) -> str:
    """Warn of a refresh token that hardly anybody uses; a file that does not say its age has its own."""
    grant = _read_grant(file)
    if grant.refresh_token is None:
        return ""
    renewed = dt.datetime.fromtimestamp(grant.renewed_at or file.stat().st_mtime, dt.UTC)
    end = renewed + dt.timedelta(days=UNUSED_DAYS)
    left = (end - now).days
    if left >= WARN_DAYS:
        return ""
    ends = f"ends on {end:%Y-%m-%d}, in {left} days" if left >= 0 else f"has ended on {end:%Y-%m-%d}"
    return (
        f"The amoCRM refresh token was made on {renewed:%Y-%m-%d}; unused for three months, it {ends}. "
        "To do: sync every week, which renews it; if it is refused, authorise the integration anew."
    )


def expiry(token: str) -> dt.datetime | None:
    """Return when a long-lived token (a JWT) ends, UTC; None when it does not say."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return dt.datetime.fromtimestamp(int(claims["exp"]), dt.UTC)
    except (binascii.Error, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None


def from_environment(environ: Mapping[str, str], repo: Path, host: str = "") -> Credentials:
    """Find the token: exactly one of the three variables must be set.

    Args:
        environ: the environment; its `FUNNEL_AMOCRM_HOST` names a host to which the token may go.
        repo: the folder in which no token may lie.
        host: what the command line names instead of the environment.

    Raises:
        MissingError: none is set, or the file is not there.
        InputError: several are set, a file lies inside the repository or can be read by others, the token is
            not one, or the host is no host.
    """
    named = secrets.named_host(VENDOR, AmoSettings, environ, host)
    form = "a JSON file with client_id, client_secret, redirect_uri, refresh_token"
    found = secrets.find(VENDOR, environ, repo, "token", {OAUTH_FILE: form})
    if found.name == OAUTH_FILE and found.file is not None:
        _read_grant(found.file)
        return Credentials(file=found.file, host=named, note=found.note)
    return Credentials(token=secrets.token(VENDOR, found), host=named, note=found.note)


def _read_grant(path: Path) -> _Grant:
    try:
        grant = _Grant.model_validate_json(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise MissingError(f"The OAuth file {path} cannot be read: {error.strerror}") from None
    except (ValidationError, UnicodeDecodeError) as error:
        # Never pydantic's own text: it quotes the input.
        items = error.errors() if isinstance(error, ValidationError) else []
        keys = {".".join(str(part) for part in item["loc"]) for item in items} - {""}
        problem = Problem(
            str(path), f"missing or wrong: {', '.join(sorted(keys)) or 'not a JSON object'}",
            ", ".join(_Grant.model_fields),
        )  # fmt: skip
        raise InputError("The OAuth file cannot be used.", [problem]) from None
    if grant.code is None and grant.refresh_token is None:
        problem = Problem(str(path), "neither code nor refresh_token is given", "one of the two")
        raise InputError("The OAuth file cannot be used.", [problem])
    return grant


def _write_grant(path: Path, grant: _Grant) -> None:
    """Replace the file in one step, readable by its owner alone."""
    content = {
        key: value.get_secret_value() if isinstance(value, SecretStr) else value
        for key, value in grant
        if value
    }
    try:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=f".{os.getpid()}.part"
        )
    except OSError as error:
        raise FunnelError(
            f"The OAuth file {path} cannot be written ({error.strerror}), and a renewed token must be saved. "
            "To do: make its folder writable, or make room on the disk."
        ) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
