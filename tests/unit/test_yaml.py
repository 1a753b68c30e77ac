"""YAML that somebody wrote to break the reader, or by mistake: an error with its line, and soon."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from funnel.errors import SettingsError
from funnel.present.parts import theme
from funnel.settings import Settings, load
from funnel.sources.initiatives import read_initiatives
from funnel.yaml_loader import load as load_yaml

GOOD = "stages: [{key: sale}]\n"
BOMB = "x0: &x0 [a,a,a,a,a,a,a,a,a]\n" + "".join(
    f"x{level}: &x{level} [{','.join([f'*x{level - 1}'] * 9)}]\n" for level in range(1, 10)
)
MERGES = "x0: &x0 {a: 1, b: 2}\n" + "".join(
    f"x{level}: &x{level} {{<<: [{','.join([f'*x{level - 1}'] * 9)}]}}\n" for level in range(1, 10)
)
BROKEN = [
    ("company: !!bool zzz\n", "line 2: 'zzz' cannot be read as yes or no"),
    ("company: !!int zzz\n", "line 2: 'zzz' cannot be read as a whole number"),
    ("company: !!int ''\n", "line 2: '' cannot be read as a whole number"),
    ("company: !!int '0o9'\n", "line 2: '0o9' cannot be read as a whole number"),
    ("company: !!float zz\n", "line 2: 'zz' cannot be read as a number"),
    ("company: !!timestamp [a]\n", "line 2"),
    ("company: !!binary zz!\n", "line 2: failed to decode base64 data"),
    ('company: "\\U00110000"\n', "line 2: a character cannot be"),
    ('company: "\\ud800"\n', "line 2: '\\ud800' cannot be read as a text"),
    (f"cohorts: {'9' * 5000}\n", "line 2: '99999999999999999999'... (5,000 characters) cannot be read"),
    (f"cohorts: 0x{'f' * 9000}\n", "(9,002 characters) cannot be read as a whole number"),
    (f"cohorts: 1{':10' * 3000}\n", "(9,001 characters) cannot be read as a whole number"),
    (f"cohorts: 1.{'0' * 3000}\n", "(3,002 characters) cannot be read as a number"),
    (f"company: {'[' * 3000}\n", "line 2: it is nested more than 50 levels deep"),
    (f"company: {'[' * 3000}{']' * 3000}\n", "line 2: it is nested more than 50 levels deep"),
    (f"company: {'{a: ' * 3000}\n", "line 2: it is nested more than 50 levels deep"),
    (f"company:\n{'- ' * 3000}a\n", "line 3: it is nested more than 50 levels deep"),
    ("".join(f"{' ' * depth}a:\n" for depth in range(600)), "line 51: it is nested more than 50 levels deep"),
    ("company: &a [*a]\n", "line 2: a part refers to itself"),
    ("company: &a {b: *a}\n", "line 2: a part refers to itself"),
    (BOMB + "company: *x9\n", "with its references written out it has more than 100,000 parts"),
    (MERGES + "company: *x9\n", "with its references written out it has more than 100,000 parts"),
    ("# " + "x" * 1_000_000, "the file is longer than 1,000,000 characters"),
    ("company: !!python/object/apply:os.system [id]\n", "line 2: could not determine a constructor"),
    ("company: *nothing\n", "line 2: found undefined alias"),
    ("? [a]\n: b\n", "line 2: found unhashable key"),
    ("? {a: b}\n: c\n", "line 2: found unhashable key"),
    ("company: a\0b\n", "special characters are not allowed"),
]


KINDS = (
    "bool", "int", "float", "timestamp", "binary", "set", "omap", "pairs", "null", "str", "seq", "map",
    "merge", "value",
)  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BROKEN, ids=[message[:50] for _, message in BROKEN])
def test_what_cannot_be_read_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "funnel.yml"
    path.write_text(GOOD + text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 3000


def test_one_such_file_among_initiatives_leaves_the_others_working(tmp_path: Path) -> None:
    (tmp_path / "good.yml").write_text(
        "title: A\nowner: head of sales\nstart: 2022-01-31\n"
        "hypotheses: [{metric: target_rate, change: 0.2}]\ncost: {money: 100}\n"
    )
    for number, (text, _) in enumerate(BROKEN):
        (tmp_path / f"bad-{number}.yml").write_text(text, encoding="utf-8")
    (tmp_path / "latin.yml").write_bytes(b"title: caf\xe9\n")
    settings = Settings.model_validate({"stages": [{"key": "target"}, {"key": "sale"}]})
    entries, problems = read_initiatives(tmp_path, settings)
    assert [entry.id for entry in entries] == ["good"]
    told = {Path(problem.where.split(",")[0]).stem for problem in problems}
    assert told == {"latin", *(f"bad-{number}" for number in range(len(BROKEN)))}


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    """Within 600 MB of addresses, of which Python with the settings takes about 200."""
    pytest.importorskip("resource", reason="this system cannot limit memory")
    path = tmp_path / "funnel.yml"
    path.write_text(GOOD + BOMB + "company: *x9\n")
    script = f"""
        import pathlib, resource
        from funnel.errors import SettingsError
        from funnel.settings import Settings, load
        resource.setrlimit(resource.RLIMIT_AS, (600_000_000, 600_000_000))
        try:
            load(pathlib.Path({str(path)!r}))
        except SettingsError:
            print("told")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "told\n", done.stderr


@pytest.mark.parametrize(
    "text", [f"color: {'[' * 3000}", "color: {palette: !!bool x}", "color: 1\n", "!!int x"]
)
def test_colours_that_cannot_be_read_are_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "_brand.yml").write_text(text)
    with pytest.raises(SettingsError, match="it holds no palette"):
        theme.read(tmp_path / "_brand.yml")


@given(st.text(alphabet="ab01[]{}:,-&*!<>|?'\"\\#%@ \n\tU.é~", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        load_yaml(text)
    except yaml.YAMLError:
        return


@given(
    st.sampled_from(KINDS),
    st.text(max_size=20),
)
def test_any_value_is_read_as_any_kind_or_refused(kind: str, text: str) -> None:
    quoted = "'" + "".join(sign for sign in text if sign.isprintable()).replace("'", "''") + "'"
    for value in (quoted, f"[{quoted}]", f"{{{quoted}: {quoted}}}"):
        try:
            load_yaml(f"a: !!{kind} {value}\n")
        except yaml.YAMLError:
            continue


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1_000\n", {"a": 1000}),
        ("a: 1:30\n", {"a": 90}),
        ("a: 0.25\nb: .inf\n", {"a": 0.25, "b": float("inf")}),
        ("a: 2022-02-30\n", {"a": "2022-02-30"}),
        ("a: &x {b: 1}\nc: {<<: *x, d: 2}\n", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        ("a: &x [1]\nb: *x\nc: *x\n", {"a": [1], "b": [1], "c": [1]}),
        ("", None),
    ],
)
def test_ordinary_yaml_is_read_as_ever(text: str, value: object) -> None:
    assert load_yaml(text) == value


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_what_is_no_file_is_told_and_leaves_the_others_working(tmp_path: Path) -> None:
    """A pipe would be waited for, a device read without end."""
    os.mkfifo(tmp_path / "pipe.yml")
    (tmp_path / "device.yml").symlink_to("/dev/zero")
    (tmp_path / "folder.yml").mkdir()
    with (tmp_path / "large.yml").open("wb") as file:
        file.truncate(10**10)
    entries, problems = read_initiatives(tmp_path, Settings(stages=[{"key": "sale"}]))
    assert entries == ()
    said = {Path(one.where).name: one.wrong for one in problems}
    assert {said[f"{name}.yml"] for name in ("pipe", "device", "folder")} == {"it is no file"}
    assert "more than 4,000,000 bytes" in said["large.yml"]
