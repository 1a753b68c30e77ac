"""The archive is append-only and an edition appears whole or not at all."""

import datetime as dt
import json
from pathlib import Path

import pytest

from funnel.errors import InputError, MissingError
from funnel.publish import archive
from funnel.publish.archive import editions_before
from funnel.publish.earlier import forecasts

D = dt.date(2022, 9, 26)
MANIFEST = {"as_of": ["2022-09-26", "2022-09-26T08:00:00"]}


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    folder = tmp_path / "staged"
    (folder / "tables").mkdir(parents=True)
    (folder / "report.html").write_text("page")
    (folder / "tables" / "cohorts.csv").write_text("a\n1\n")
    return folder


def test_an_edition_holds_the_hash_of_every_file(staged: Path, tmp_path: Path) -> None:
    folder, new = archive.put(staged, tmp_path / "archive", D, MANIFEST)
    assert new
    manifest = json.loads((folder / "manifest.json").read_text())
    assert sorted(manifest["outputs"]) == ["report.html", "tables/cohorts.csv"]
    # sha256 of the four bytes b"page", from an independent tool
    assert manifest["outputs"]["report.html"].startswith("3660315a9af3df25")


def test_attributes_keep_their_order_which_says_how_pairs_are_named(staged: Path, tmp_path: Path) -> None:
    settings = {"attributes": {"region": {}, "channel": {}, "campaign": {}}}
    archive.put(staged, tmp_path / "archive", D, {**MANIFEST, "settings": settings})
    (kept,) = archive.archived(tmp_path / "archive")
    assert list(kept.manifest.settings["attributes"]) == ["region", "channel", "campaign"]


def test_the_same_edition_is_not_archived_twice(staged: Path, tmp_path: Path) -> None:
    first, _ = archive.put(staged, tmp_path / "archive", D, MANIFEST)
    second, new = archive.put(staged, tmp_path / "archive", D, {**MANIFEST, "made_at": "later"})
    assert (second, new) == (first, False)


def test_a_different_one_lies_beside_and_the_first_stays(staged: Path, tmp_path: Path) -> None:
    first, _ = archive.put(staged, tmp_path / "archive", D, MANIFEST)
    (staged / "report.html").write_text("corrected")
    second, _ = archive.put(staged, tmp_path / "archive", D, MANIFEST)
    assert second.name == "2022-09-26-r2"
    assert (first / "report.html").read_text() == "page"
    assert [item.revision for item in archive.archived(tmp_path / "archive")] == [1, 2]


def test_a_failed_move_leaves_nothing_behind(
    staged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.shutil, "copytree", full)
    with pytest.raises(OSError, match="No space"):
        archive.put(staged, tmp_path / "archive", D, MANIFEST)
    assert list((tmp_path / "archive").iterdir()) == []


def test_an_unfinished_folder_is_no_edition_and_does_not_stand_in_the_way(
    staged: Path, tmp_path: Path
) -> None:
    left = tmp_path / "archive" / ".2022-09-26.part"
    left.mkdir(parents=True)
    (left / "half").write_text("")
    folder, _ = archive.put(staged, tmp_path / "archive", D, MANIFEST)
    assert not (folder / "half").exists()
    assert not left.exists()


def test_the_previous_edition_is_the_last_revision_of_the_last_earlier_date(
    staged: Path, tmp_path: Path
) -> None:
    for text in ("one", "two"):
        (staged / "report.html").write_text(text)
        archive.put(staged, tmp_path / "archive", D, MANIFEST)
    before = editions_before(tmp_path / "archive", dt.date(2022, 10, 3))
    assert [item.folder.name for item in before] == ["2022-09-26-r2"]
    assert editions_before(tmp_path / "archive", D) == []


def test_an_edition_that_is_not_there_is_told_with_those_that_are(staged: Path, tmp_path: Path) -> None:
    archive.put(staged, tmp_path / "archive", D, MANIFEST)
    with pytest.raises(MissingError, match="there are: 2022-09-26"):
        archive.find(tmp_path / "archive", "2022-09-19")


def test_fewer_files_of_the_same_edition_are_no_new_edition(staged: Path, tmp_path: Path) -> None:
    (staged / "report.ru.html").write_text("page")
    first, _ = archive.put(staged, tmp_path / "archive", D, MANIFEST)
    (staged / "report.ru.html").unlink()
    assert archive.put(staged, tmp_path / "archive", D, MANIFEST) == (first, False)


def test_every_revision_can_be_named(staged: Path, tmp_path: Path) -> None:
    for text in ("one", "two"):
        (staged / "report.html").write_text(text)
        archive.put(staged, tmp_path / "archive", D, MANIFEST)
    named = {
        name: archive.find(tmp_path / "archive", name).folder.name
        for name in ("2022-09-26", "2022-09-26-r1", "2022-09-26-r2")
    }
    assert list(named.values()) == ["2022-09-26-r2", "2022-09-26", "2022-09-26-r2"]


@pytest.mark.parametrize("text", ["{", "{}", "[]", "\xff", "[" * 100_000, '{"as_of": ["2022-09-26"]}'])
def test_a_damaged_manifest_is_named_with_what_to_do(staged: Path, tmp_path: Path, text: str) -> None:
    folder, _ = archive.put(staged, tmp_path / "archive", D, MANIFEST)
    other, _ = archive.put(staged, tmp_path / "archive", dt.date(2022, 9, 19), MANIFEST)
    for damaged in (folder, other):
        (damaged / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as caught:
        archive.archived(tmp_path / "archive")
    said = str(caught.value)
    assert all(f"{damaged / 'manifest.json'}" in said for damaged in (folder, other))
    assert "To do: restore it with `git checkout`" in said


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "a\nError: none", "a\0b", "a" * 5000])
@pytest.mark.parametrize("key", ["outputs", "earlier"])
def test_a_manifest_that_names_what_is_no_path_in_its_folder_is_damaged(
    staged: Path, tmp_path: Path, key: str, name: str
) -> None:
    folder, _ = archive.put(staged, tmp_path / "archive", D, MANIFEST)
    content = json.loads((folder / "manifest.json").read_text())
    content[key] = {name: "0" * 64} if key == "outputs" else [name]
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="no path inside the folder") as caught:
        archive.archived(tmp_path / "archive")
    assert "\nError: none" not in str(caught.value)


def test_a_forecast_that_was_changed_or_lost_is_not_scored(staged: Path, tmp_path: Path) -> None:
    names = ("forecast.csv", "revenue.csv")
    for name in names:
        (staged / "tables" / name).write_text("cohort_week,week\n")
    folder, _ = archive.put(staged, tmp_path / "archive", D, MANIFEST)
    (edition,) = archive.archived(tmp_path / "archive")
    assert len(forecasts([edition])) == 1
    (folder / "tables" / names[0]).write_text('"')
    (folder / "tables" / names[1]).unlink()
    with pytest.raises(InputError) as caught:
        forecasts([edition])
    assert all(
        f"tables/{name}: missing or changed since it was archived" in str(caught.value) for name in names
    )
