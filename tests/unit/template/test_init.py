"""`funnel init`: what it proposes from files, and that it writes all or nothing."""

import io
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from funnel import settings
from funnel.settings import Settings
from funnel.template import files as parts
from funnel.template import project
from funnel.template.proposal import USUAL, Proposal
from funnel.template.settings_text import Answers, settings_text
from tests.unit.template.conftest import ENTRIES


def test_stages_attributes_and_currency_are_proposed_from_files(funnel: Any, files: Path) -> None:
    home = files.parent / "company"
    said = funnel("init", home, "--from", "files", "--data", files, "--timezone", "Europe/Moscow")
    assert said.code == 0, said.err
    made = settings.load(home / "funnel.yml")
    assert made.stage_keys == ("call", "visit", "agreed")
    assert set(made.attributes) == {"source", "owner"}
    assert made.slices == ("source", "owner")
    assert (made.currency, made.timezone, made.company) == ("EUR", "Europe/Moscow", "")
    assert [str(path) for path in made.source] == ["../their files"]
    text = (home / "funnel.yml").read_text(encoding="utf-8")
    assert "key: call, name: {en: Call}} # 3 leads; 67% of them went on" in text
    assert re.search(r"# phone: .* 1 value in 1 of 6 leads: telephone numbers", text)
    assert re.search(r"# won_by: .*: filled for won leads alone", text)
    assert "leads.created_at: 1 with an offset, converted, 3 without one" in said.err
    assert "1 days alone, 1 empty, set aside" in said.err
    assert "EUR 2, USD 1" in said.err and "rates: {USD: NUMBER}" in text
    assert "notes.csv" in said.err


def test_the_files_are_imported_without_an_edit_and_rows_without_a_date_are_told(
    funnel: Any, files: Path
) -> None:
    (files / "payments.csv").unlink()
    home = files.parent / "company"
    assert funnel("init", home, "--from", "files", "--data", files).code == 0
    said = funnel("--config", home / "funnel.yml", "import")
    assert "leads: read 6 = accepted 5 + rejected 1" in said.err
    assert "stage_entries: read 9 = accepted 9 + rejected 0" in said.err


@pytest.mark.parametrize(
    "name", ['ООО "Ромашка"', "Ben & Jerry's: #1 {ice}", "- no", "$company", "12", "Łódź 東京 🙂", "a\\tb"]
)
def test_a_company_may_have_any_name(funnel: Any, files: Path, name: str) -> None:
    home = files.parent / "company"
    assert funnel("init", home, "--from", "files", "--data", files, "--company", name).code == 0
    assert settings.load(home / "funnel.yml").company == name


def test_what_cannot_be_used_is_told_at_once_and_nothing_is_written(funnel: Any, files: Path) -> None:
    home = files.parent / "company"
    words = ("--company", "two\nlines", "--currency", "euro", "--timezone", "Europe/Moskow")
    said = funnel("init", home, "--from", "files", "--data", files, *words)
    assert said.code == 2
    assert all(option in said.err for option in ("--company", "--currency", "--timezone"))
    assert not home.exists()


def test_stages_that_can_be_no_key_get_one_and_a_line_that_says_what_they_mean(
    funnel: Any, files: Path
) -> None:
    (files / "stage_entries.csv").write_text(ENTRIES.replace("visit", "Визит").replace("lost", "Lost"))
    home = files.parent / "company"
    said = funnel("init", home, "--from", "files", "--data", files)
    assert said.code == 0, said.err
    meaning = settings.load(home / "funnel.yml").files["stage_entries.csv"].stages
    assert (meaning["Визит"], meaning["Lost"]) == ("vizit", "lost")


@pytest.mark.parametrize("missing", ["leads.csv", "stage_entries.csv"])
def test_a_missing_table_is_named(funnel: Any, files: Path, missing: str) -> None:
    (files / missing).unlink()
    said = funnel("init", files.parent / "company", "--from", "files", "--data", files)
    assert said.code == 2 and f"it holds no {missing.removesuffix('.csv')}" in said.err


def test_a_folder_that_is_not_empty_stays_as_it_is(funnel: Any, files: Path, tmp_path: Path) -> None:
    home = tmp_path / "company"
    home.mkdir()
    (home / "report.qmd").write_text("mine")
    said = funnel("init", home, "--from", "files", "--data", files)
    assert said.code == 2 and "is not empty; it holds report.qmd" in said.err
    assert [path.name for path in home.iterdir()] == ["report.qmd"]
    assert (home / "report.qmd").read_text() == "mine"


def test_an_empty_clone_and_the_data_themselves_may_be_there(
    funnel: Any, files: Path, tmp_path: Path
) -> None:
    home = tmp_path / "company"
    (home / ".git").mkdir(parents=True)
    files.rename(home / "export")
    assert funnel("init", home, "--from", "files", "--data", home / "export").code == 0
    assert [str(path) for path in settings.load(home / "funnel.yml").source] == ["export"]
    again = funnel("init", home, "--from", "files", "--data", home / "export")
    assert again.code == 2 and "funnel init --update" in again.err


def test_a_file_of_the_data_is_never_written_over(funnel: Any, files: Path, tmp_path: Path) -> None:
    home = tmp_path / "company"
    home.mkdir()
    (files / "README.md").write_text("about our data")
    files.rename(home / "data")
    said = funnel("init", home, "--from", "files", "--data", home / "data")
    assert said.code == 2 and "README.md: is there already" in said.err
    assert (home / "data" / "README.md").read_text() == "about our data"
    assert sorted(path.name for path in home.iterdir()) == ["data"]


def test_no_right_to_write_leaves_nothing(
    funnel: Any, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, write = tmp_path / "company", Path.write_bytes

    def refused(path: Path, content: bytes) -> int:
        if path.name == "report.qmd":
            raise PermissionError(13, "Permission denied", str(path))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", refused)
    said = funnel("init", home, "--from", "files", "--data", files)
    assert said.code == 2 and "it cannot be written (Permission denied)" in said.err
    assert not home.exists()


def test_nobody_is_asked_where_there_is_no_terminal(funnel: Any, tmp_path: Path) -> None:
    assert "--from: is not given" in funnel("init", tmp_path / "company").err
    assert "DIR: is not given" in funnel("init").err


def test_every_key_of_the_settings_is_explained(funnel: Any, files: Path) -> None:
    home = files.parent / "company"
    assert funnel("init", home, "--from", "files", "--data", files).code == 0
    text = (home / "funnel.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:# +)?([a-z_0-9]+):", text, flags=re.MULTILINE))
    keys = {field.alias or name for name, field in Settings.model_fields.items()} - {"root"}
    assert keys <= named, keys - named
    shown = yaml.safe_load(re.sub(r"^# (?=[a-z_]+: )", "", text.split("# targets:")[0], flags=re.MULTILINE))
    usual = {name: field.default for name, field in Settings.model_fields.items()}
    for name in ("reach", "horizon_weeks", "cohorts", "young_weeks", "reading_age"):
        assert shown[name] == usual[name], name


def test_nothing_of_the_demo_and_no_path_of_the_library_is_in_a_company(funnel: Any, files: Path) -> None:
    home = files.parent / "company"
    assert funnel("init", home, "--from", "files", "--data", files).code == 0
    names = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    assert not names & set(parts.demo_files()) - {"funnel.yml"}
    for name in sorted(names - {"requirements/report.lock"}):
        assert "lib/funnel" not in (home / name).read_text(encoding="utf-8"), name


def test_the_demo_is_the_root_of_this_repository(funnel: Any, tmp_path: Path) -> None:
    assert funnel("init", tmp_path / "demo", "--from", "demo").code == 0
    root = Path(__file__).parents[3]
    same = [*parts.demo_files(), "report.qmd", "_quarto.yml", "_brand.yml", "narrative/README.md"]
    same += [path.relative_to(root).as_posix() for path in (root / "notebooks").glob("*.ipynb")]
    assert len(same) > 15
    for name in same:
        assert (tmp_path / "demo" / name).read_bytes() == (root / name).read_bytes(), name


def test_a_wheel_is_laid_beside_its_hash(funnel: Any, files: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "funnel_cohort_report-9.9-py3-none-any.whl"
    wheel.write_bytes(b"abc")
    home = tmp_path / "company"
    words = ("--from", "files", "--data", files)
    assert funnel("init", home, *words, "--wheel", wheel).code == 0
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2: SHA-256 of "abc"
    text = (home / "requirements.txt").read_text()
    assert text.endswith(f"./wheels/{wheel.name} --hash=sha256:{known}\n")
    assert (home / "wheels" / wheel.name).read_bytes() == b"abc"
    address = f"https://files.example/{wheel.name}"
    for wrong in (address, f"http://files.example/{wheel.name}#sha256={known}", tmp_path / "other.whl"):
        assert funnel("init", tmp_path / "second", *words, "--wheel", wrong).code == 2
    secret = funnel(
        "init",
        tmp_path / "second",
        *words,
        "--wheel",
        f"https://bob:pass@files.example/{wheel.name}#sha256={known}",
    )
    assert secret.code == 2 and "pass@" not in secret.err
    assert funnel("init", tmp_path / "second", *words, "--wheel", f"{address}#sha256={known}").code == 0
    assert f"@ {address} --hash=sha256:{known}" in (tmp_path / "second" / "requirements.txt").read_text()


def test_jobs_are_copied_as_they_stand(
    funnel: Any, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = tmp_path / "jobs"
    (jobs / "one" / ".ci").mkdir(parents=True)
    (jobs / "one" / ".ci" / "weekly.yml").write_text("job: 1\n")
    (jobs / "two").mkdir()
    (jobs / "two" / "crontab").write_text("0 7 * * 1\n")
    monkeypatch.setattr(parts, "JOBS", jobs)
    words = ("--from", "files", "--data", files)
    assert funnel("init", tmp_path / "company", *words, "--jobs", "one").code == 0
    assert (tmp_path / "company" / ".ci" / "weekly.yml").read_text() == "job: 1\n"
    assert not (tmp_path / "company" / "crontab").exists()
    assert "one, two" in funnel("init", tmp_path / "third", *words, "--jobs", "three").err


def test_what_is_managed_holds_no_settings_data_or_words_of_the_company() -> None:
    names = set(project.managed(()))
    assert "funnel.yml" not in names and not any(name.startswith("data/demo") for name in names)
    assert {"report.qmd", "_quarto.yml", "_brand.yml", ".gitignore", "Makefile", "README.md"} <= names


def test_an_account_is_named_or_left_as_a_comment(funnel: Any, tmp_path: Path) -> None:
    said = funnel("init", tmp_path / "named", "--from", "amocrm", "--host", "acme.amocrm.ru")
    assert said.code == 0 and said.err.strip().endswith("funnel sync amocrm --suggest-mapping")
    found = settings.load(tmp_path / "named" / "funnel.yml").amocrm
    assert found is not None and found.host == "acme.amocrm.ru"
    assert funnel("init", tmp_path / "unnamed", "--from", "amocrm").code == 0
    path = tmp_path / "unnamed" / "funnel.yml"
    assert settings.load(path).amocrm is None
    lines = path.read_text(encoding="utf-8").splitlines()
    first = lines.index("# amocrm:")
    lines[first : first + 5] = [line.removeprefix("# ") for line in lines[first : first + 5]]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = settings.load(path).amocrm
    assert found is not None and found.attributes["manager"] == "responsible"
    wrong = funnel("init", tmp_path / "third", "--from", "amocrm", "--host", "localhost:x@evil.example")
    assert wrong.code == 2 and "--host" in wrong.err and not (tmp_path / "third").exists()


def test_the_demo_takes_nothing_of_a_company(funnel: Any, tmp_path: Path) -> None:
    said = funnel("init", tmp_path / "demo", "--from", "demo", "--company", "Acme", "--currency", "EUR")
    assert said.code == 2 and "--company" in said.err and "--currency" in said.err
    assert not (tmp_path / "demo").exists()


class Typed(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_at_a_terminal_it_asks_for_what_is_missing(
    funnel: Any, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = files.parent / "company"
    monkeypatch.setattr("sys.stdin", Typed(f"{home}\nfiles\nAcme\nEurope/Riga\n\n"))
    said = funnel("init", "--data", files)
    assert said.code == 0, said.err
    made = settings.load(home / "funnel.yml")
    assert (made.company, made.timezone, made.currency) == ("Acme", "Europe/Riga", "EUR")


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
@pytest.mark.parametrize(
    "date", ["$(shell touch stolen)", "x; touch stolen", "`touch stolen`", "2026-01-05 x"]
)
def test_the_companys_makefile_takes_a_date_alone(funnel: Any, files: Path, date: str) -> None:
    home = files.parent / "company"
    assert funnel("init", home, "--from", "files", "--data", files).code == 0
    done = subprocess.run(["make", "report", f"DATE={date}", "FUNNEL=true"], cwd=home, capture_output=True)
    assert done.returncode != 0 and b"is no date" in done.stderr
    assert not (home / "stolen").exists()
    good = ["make", "report", "DATE=2026-01-05", "FUNNEL=true"]
    assert subprocess.run(good, cwd=home, capture_output=True).returncode == 0


def test_every_example_of_the_settings_is_accepted(tmp_path: Path) -> None:
    text = settings_text(Proposal(USUAL, source=["x"]), Answers())
    shown = re.sub(r"^# (?=[a-z_]+: |targets:|  - )", "", text, flags=re.MULTILINE)
    assert shown.count("\n#") < text.count("\n#") / 2
    (tmp_path / "funnel.yml").write_text(shown, encoding="utf-8")
    made = settings.load(tmp_path / "funnel.yml")
    assert made.targets and made.plan and made.wide and made.events and made.exports and made.amocrm
    for other in ("bitrix24", "hubspot", "pipedrive"):
        swapped = re.sub(
            rf"^#   (?={other}:)", "", re.sub(r"(?m)^(?=amocrm:)", "# ", shown), flags=re.MULTILINE
        )
        (tmp_path / "funnel.yml").write_text(swapped, encoding="utf-8")
        found = settings.load(tmp_path / "funnel.yml").account
        assert found is not None and found.key == other


@pytest.mark.parametrize("crm", ["bitrix24", "hubspot", "pipedrive"])
def test_an_account_of_another_crm_is_written_and_says_what_comes_next(
    funnel: Any, tmp_path: Path, crm: str
) -> None:
    host = {"bitrix24": "acme.bitrix24.ru", "hubspot": "api.hubapi.com", "pipedrive": "acme.pipedrive.com"}[
        crm
    ]
    said = funnel("init", tmp_path / "named", "--from", crm, "--host", host)
    assert said.code == 0, said.err
    assert said.err.strip().endswith(f"funnel sync {crm} --suggest-mapping")
    found = settings.load(tmp_path / "named" / "funnel.yml").account
    assert found is not None and (found.key, found.host) == (crm, host)
    assert (tmp_path / "named" / found.page).is_file()
    unnamed = funnel("init", tmp_path / "unnamed", "--from", crm)
    there = settings.load(tmp_path / "unnamed" / "funnel.yml").account
    assert unnamed.code == 0 and (there is not None) == (crm == "hubspot")  # its accounts share one host
    wrong = funnel(
        "init", tmp_path / "third", "--from", crm, "--host", "https://acme.example/rest/1/planted99/"
    )
    assert wrong.code == 2 and "--host" in wrong.err and "planted" not in wrong.err


def test_the_next_step_can_be_pasted_where_the_folder_has_spaces_and_quotes(funnel: Any, files: Path) -> None:
    home = files.parent / "Отчёт №2 'x'"
    said = funnel("init", home, "--from", "files", "--data", files)
    step = said.err.split("Next:")[1].strip().splitlines()[0]
    assert shlex.split(step) == ["cd", str(home)]
