"""The token: where it may come from, that it is renewed safely, and that it never shows."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
from pathlib import Path

import pytest

from funnel.errors import FunnelError, InputError, MissingError
from funnel.sources.amocrm import Credentials, credentials, from_environment
from standin.server import Api, Drop
from standin.truth import Player, expected

NOW = dt.datetime(2022, 9, 26, tzinfo=dt.UTC)


def jwt(end: dt.datetime) -> str:
    claims = (
        base64.urlsafe_b64encode(json.dumps({"exp": int(end.timestamp())}).encode()).rstrip(b"=").decode()
    )
    return f"head.{claims}.sign"


def oauth_file(folder: Path, **changes: object) -> Path:
    content = {"client_id": "id-1", "client_secret": "client-secret-1", "redirect_uri": "https://x.example",
               "refresh_token": "refresh-secret-0", **changes}  # fmt: skip
    path = folder / "oauth.json"
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
    path.chmod(0o600)
    return path


def oauth_api(told, **options) -> Api:
    player = Player(told.stories)
    player.advance(told.end)
    grants = {"client_id": "id-1", "client_secret": "client-secret-1", "refresh_token": "refresh-secret-0"}
    return Api(player.world, grants=grants, tokens={}, **options)


def test_the_token_comes_from_exactly_one_place(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    file = tmp_path / "token"
    file.write_text("\ufeffBearer abc.def-1\n", encoding="utf-8")
    file.chmod(0o600)
    assert from_environment({credentials.TOKEN: " abc "}, repo).token == "abc"
    assert from_environment({credentials.TOKEN_FILE: str(file)}, repo).token == "abc.def-1"
    with pytest.raises(MissingError, match=r"no token is given\. Allowed: one of FUNNEL_AMOCRM_TOKEN"):
        from_environment({}, repo)
    with pytest.raises(InputError, match="FUNNEL_AMOCRM_TOKEN and FUNNEL_AMOCRM_TOKEN_FILE are set"):
        from_environment({credentials.TOKEN: "a", credentials.TOKEN_FILE: str(file)}, repo)
    with pytest.raises(MissingError, match="names a file that is not there"):
        from_environment({credentials.OAUTH_FILE: str(tmp_path / "none.json")}, repo)


def test_a_file_inside_the_project_is_refused_also_through_a_link(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "token").write_text("abc")
    (tmp_path / "link").symlink_to(repo / "token")
    for path in (repo / "token", repo / ".." / "repo" / "token", tmp_path / "link"):
        with pytest.raises(InputError, match="inside the project"):
            from_environment({credentials.TOKEN_FILE: str(path)}, repo)


@pytest.mark.parametrize("text", ["two words", "line\nbreak", "кириллица", "Bearer "])
def test_what_is_no_token_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="the value is no token") as caught:
        from_environment({credentials.TOKEN: text}, tmp_path / "repo")
    assert text not in str(caught.value)


def test_a_token_that_ends_soon_is_warned_of_and_an_ended_one_is_refused() -> None:
    assert Credentials(jwt(NOW + dt.timedelta(days=90))).warning(NOW) == ""
    assert Credentials("no-jwt").warning(NOW) == ""
    warning = Credentials(jwt(NOW + dt.timedelta(days=5, hours=1))).warning(NOW)
    assert warning.startswith("The amoCRM token ends on 2022-10-01, in 5 days;")
    with pytest.raises(InputError, match="it ended on 2022-09-25"):
        Credentials(jwt(NOW - dt.timedelta(days=1))).warning(NOW)


def test_a_refresh_token_that_nobody_uses_is_warned_of_before_its_three_months_are_over(
    tmp_path: Path,
) -> None:
    def warning(days: int, **changes: object) -> str:
        made = (NOW - dt.timedelta(days=days)).timestamp()
        path = oauth_file(tmp_path, renewed_at=int(made), **changes)
        return Credentials(file=path).warning(NOW)

    assert warning(70) == ""
    assert "made on 2022-07-08; unused for three months, it ends on 2022-10-06, in 10 days." in warning(80)
    assert "it has ended on 2022-09-25" in warning(91)
    assert warning(91, refresh_token=None, code="code-secret") == ""
    path = oauth_file(tmp_path)
    os.utime(path, ((NOW - dt.timedelta(days=85)).timestamp(),) * 2)
    assert "in 5 days" in Credentials(file=path).warning(NOW)  # the age of the file, where it says none


def test_the_token_is_not_in_its_own_repr() -> None:
    assert "geheim" not in repr(Credentials("geheim"))


def test_a_sync_over_tokens_that_end_renews_them_and_equals_the_truth(account, told, tmp_path: Path) -> None:
    api = oauth_api(told, access_uses=12)
    here = account(api)
    path = oauth_file(tmp_path)
    here.sync(told.end, credentials=Credentials(file=path))
    assert here.warehouse.tables() == expected(told.stories, told.end)
    saved = json.loads(path.read_text())
    assert saved["renewed_at"] == told.end
    assert len(api.tokens) > 2
    assert saved["refresh_token"] == api.grants["refresh_token"] != "refresh-secret-0"
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.glob(".oauth*")) == []


def test_the_access_token_is_used_again_until_its_end(account, told, tmp_path: Path) -> None:
    api = oauth_api(told)
    here = account(api)
    path = oauth_file(tmp_path)
    for later in (0, 3600, 2 * 86400):
        here.sync(told.end + later, credentials=Credentials(file=path))
    assert [entry[1] for entry in api.log].count("POST") == 2


def test_the_new_refresh_token_is_on_the_disk_before_the_new_access_token_is_used(
    account, told, tmp_path: Path
) -> None:
    api = oauth_api(told)
    path = oauth_file(tmp_path)
    seen = []

    def look(number: int) -> None:
        if number == 2:
            seen.append(json.loads(path.read_text())["refresh_token"])
            raise Drop

    api.before = look
    here = account(api)
    here.sync(told.end, credentials=Credentials(file=path))
    assert seen == ["refresh-secret-1"]


def test_a_file_that_cannot_be_written_is_told_before_the_refresh_token_is_spent(
    account, told, tmp_path: Path, monkeypatch
) -> None:
    api = oauth_api(told)
    path = oauth_file(tmp_path)

    def full(**options: object):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(credentials.tempfile, "mkstemp", full)
    with pytest.raises(FunnelError, match=r"cannot be written \(No space left on device\)"):
        account(api).sync(told.end, credentials=Credentials(file=path))
    assert api.log == []


def test_an_authorisation_code_is_exchanged_once(account, told, tmp_path: Path) -> None:
    api = oauth_api(told)
    api.grants["code"] = "code-secret"
    path = oauth_file(tmp_path, refresh_token=None, code="code-secret")
    account(api).sync(told.end, credentials=Credentials(file=path))
    assert "code" not in json.loads(path.read_text())


def test_a_spent_refresh_token_is_told_once_and_the_file_stays(account, told, tmp_path: Path) -> None:
    api = oauth_api(told)
    path = oauth_file(tmp_path, refresh_token="spent-secret")
    before = json.loads(path.read_text())
    with pytest.raises(InputError, match=r"the token cannot be renewed \(400\)") as caught:
        account(api).sync(told.end, credentials=Credentials(file=path))
    assert json.loads(path.read_text()) == before
    assert len(api.log) == 1
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "missing or wrong: not a JSON object"),
        ('{"client_id": "a", "client_secret": "planted-1"}', "missing or wrong: redirect_uri"),
        (
            '{"client_id": "a", "client_secret": "planted-1", "redirect_uri": "u", "password": "planted-2"}',
            "missing or wrong: password",
        ),
        (
            '{"client_id": "a", "client_secret": "planted-1", "redirect_uri": "u"}',
            "neither code nor refresh_token",
        ),
    ],
)
def test_an_oauth_file_that_cannot_be_used_is_told_without_its_content(
    tmp_path: Path, content, message
) -> None:
    path = tmp_path / "oauth.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(FunnelError, match=message) as caught:
        from_environment({credentials.OAUTH_FILE: str(path)}, tmp_path / "repo")
    assert "planted" not in str(caught.value)
