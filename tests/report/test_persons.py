"""Planted persons are looked for in every file that is published, and in all that the commands print."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from funnel import settings
from funnel.simulate import World, simulate, write
from funnel.warehouse import Warehouse
from tests.conftest import new_project

MAIL, PHONE, NAME = "petrova@mail.example", "+7 916 123-45-67", "Петрова Анна Ильинична"
PHONES = (
    PHONE,
    "8–916–123–45–67",
    "８９１６１２３４５６７",
    "8\u00a0916\u00a0123\u00a045\u00a067",
    "тел. 916-123-45-67",
)
MAILS = (MAIL, "petrova%40mail.example", "petrova＠mail.example", '"petrova"@mail.example')
PLANTED = re.compile(r"petrova|[9９]\W*[1１]\W*[6６]\W*[1１]\W*[2２]\W*[3３]\W*[4４]|Петрова", re.IGNORECASE)
SHOWN = "Иван Сидоров"
FORMATS = "html,pdf,xlsx,docx,pptx"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company whose canonical files hold persons wherever a person can stand."""
    folder = new_project(tmp_path_factory.mktemp("persons"))
    text = (folder / "funnel.yml").read_text(encoding="utf-8")
    (folder / "funnel.yml").write_text(re.sub(r"(?m)^source:.*$", "source: [in]", text), encoding="utf-8")
    write(simulate(World(weeks=40, leads_per_week=60.0), 5), folder / "in")
    leads = pd.read_parquet(folder / "in" / "leads.parquet")
    number = range(len(leads))
    leads["manager"] = [SHOWN if n % 3 else f"Олег, {PHONES[n % 5]}" for n in number]
    leads["region"] = [MAILS[n % 16 // 4] if n % 4 == 0 else "Север" for n in number]
    leads["client_name"] = [f"{NAME} {n}" for n in number]
    leads["Телефон"] = PHONE
    leads["hint"] = [f"звонить {PHONES[n % 5]}" if n % 2 else None for n in number]
    newest = leads.index[-80:]
    renamed = {old: f"{old}-{MAIL}" for old in leads.loc[newest, "lead_id"]}
    leads["lead_id"] = leads["lead_id"].replace(renamed)
    leads.to_parquet(folder / "in" / "leads.parquet")
    entries = pd.read_parquet(folder / "in" / "stage_entries.parquet")
    entries["lead_id"] = entries["lead_id"].replace(renamed)
    entries["reason"] = [
        f"ушёл к {MAILS[n % 4]}" if stage == "lost" else None for n, stage in enumerate(entries["stage"])
    ]
    entries.to_parquet(folder / "in" / "stage_entries.parquet")
    payments = pd.read_parquet(folder / "in" / "payments.parquet")
    payments["lead_id"] = payments["lead_id"].replace(renamed)
    payments.to_parquet(folder / "in" / "payments.parquet")
    spend = pd.read_parquet(folder / "in" / "spend.parquet")
    spend["campaign"] = [f"{name} {PHONE}" for name in spend["campaign"]]
    spend.to_parquet(folder / "in" / "spend.parquet")
    return folder


def texts_of(path: Path) -> str:
    """Return all that a published file says."""
    if path.suffix in (".xlsx", ".docx", ".pptx"):
        with zipfile.ZipFile(path) as book:
            return " ".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    if path.suffix == ".pdf":
        done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True)
        return done.stdout
    return path.read_text(encoding="utf-8", errors="replace")


@pytest.mark.poppler
@pytest.mark.slow
def test_no_planted_person_is_in_any_published_file_or_printed(project: Path, funnel: Any) -> None:
    def run(*words: str) -> Any:
        return funnel("--config", project / "funnel.yml", *words)

    assert run("import").code in (0, 1)
    made = run("report", "--renderer", "builtin", "--lang", "en,ru", "--no-import", "--formats", FORMATS)
    assert made.code == 0, made.err
    files = [
        path
        for folder in ("archive", "narrative")
        for path in (project / folder).rglob("*")
        if path.is_file()
    ]
    assert {path.suffix for path in files} >= {
        *(".html", ".pdf", ".xlsx", ".csv", ".json", ".md", ".docx", ".pptx"),
    }
    said = {str(path): texts_of(path) for path in files}
    (day,) = {path.name for path in (project / "archive").iterdir() if path.is_dir()}
    for words in (
        ("cohorts", "--date", day, "--by", "manager"),
        ("cohorts", "--date", day, "--by", "hint"),
        ("cohorts", "--date", day, "--by", "client_name"),
        ("deviations", "--date", day),
        ("costs", "--date", day, "--by", "campaign"),
        ("check",),
    ):
        told = run(*words)
        said[" ".join(words)] = told.out + told.err
    found = {where: PLANTED.findall(text)[:3] for where, text in said.items() if PLANTED.search(text)}
    assert not found
    assert SHOWN in "".join(said.values()), "names of managers are listed, so they are shown"
    kept = b"".join(path.read_bytes() for path in (project / "data" / "imports").rglob("*.json"))
    assert "petrova" not in kept.decode()


@pytest.mark.parametrize("stored", ["new", "old"])
def test_what_the_settings_allow_by_name_stays(tmp_path: Path, funnel: Any, stored: str) -> None:
    """Also of a warehouse that an older version filled without blotting."""
    base = "schema: 2\ntimezone: UTC\nstages: [{key: sale}]\nsource: [leads.csv]\n"
    allowed = f"{base}attributes: {{contact: {{en: Contact, personal: allowed}}}}\n"
    config = tmp_path / "funnel.yml"
    config.write_text(allowed)
    (tmp_path / "leads.csv").write_text(f"lead_id,created_at,contact\n1,2022-09-05,{MAIL}\n2,2022-09-05,b\n")
    assert funnel("--config", config, "import").code == 0
    by = ("cohorts", "--date", "2022-09-12", "--by", "contact", "--format", "csv")
    assert MAIL in funnel("--config", config, *by).out
    config.write_text(f"{base}attributes: {{contact: {{}}}}\n")
    if stored == "new":
        assert funnel("--config", config, "import").code == 0
    told = funnel("--config", config, *by)
    assert "[personal]" in told.out
    assert MAIL not in told.out
    config.write_text(base)
    hidden = funnel("--config", config, *by)
    assert hidden.code == 2
    assert "no lead has the attribute 'contact'" in hidden.err
    config.write_text(f"{base}attributes: {{contact: {{personal: maybe}}}}\n")
    wrong = funnel("--config", config, "check")
    assert wrong.code == 2
    assert "'maybe'" in wrong.err
    assert "allowed" in wrong.err


def test_hidden_columns_still_count_in_the_hash_of_the_inputs(tmp_path: Path, funnel: Any) -> None:
    config = tmp_path / "funnel.yml"
    config.write_text(
        "schema: 2\ntimezone: UTC\nstages: [{key: sale}]\nsource: [leads.csv]\nattributes: {email: {}}"
    )
    (tmp_path / "leads.csv").write_text(f"lead_id,created_at,email\n1,2022-09-05,{MAIL}\n")
    assert funnel("--config", config, "import").code == 0
    from datetime import date, datetime

    from funnel.dates import AsOf

    as_of = AsOf(date(2022, 9, 12), datetime(2100, 1, 1))
    prints = []
    for attributes in ("{email: {}}", "{}"):
        config.write_text(re.sub(r"attributes: .*", f"attributes: {attributes}", config.read_text()))
        chosen = settings.load(config)
        with Warehouse.open(chosen.path("warehouse"), chosen) as house:
            prints.append((house.fingerprint(as_of), house.attributes()))
    assert prints[0][0] == prints[1][0]
    assert (prints[0][1], prints[1][1]) == (("email",), ())
