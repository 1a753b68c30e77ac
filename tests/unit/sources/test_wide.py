"""Wide sheets: one row a lead, a column of dates a stage, with everything that is odd about such dates."""

from pathlib import Path

import pytest

from funnel.errors import InputError, SettingsError
from funnel.schema import Batch
from funnel.settings import Settings, load
from funnel.sources import read

HEAD = "lead_id;created_at;Иван;Целевой;Квалификация;КП;Продажа;closed_at;lost_reason\n"


def settings(**wide: object) -> Settings:
    given = {
        "files": ["leads_wide*"],
        "stages": {"target": "Целевой", "qualified": "Квалификация", "proposal": "КП", "sale": "Продажа"},
        "lost": "closed_at",
        "lost_reason": "lost_reason",
    } | wide
    keys = ["target", "qualified", "proposal", "sale"]
    return Settings.model_validate(
        {"stages": [{"key": key} for key in keys], "wide": given, "currency": "RUB"}
    )


def sheet(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "leads_wide_1.csv"
    path.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def entries(batch: Batch) -> list[tuple[str, str, str]]:
    return [
        (e["stage"], str(e["entered_at"]), e["precision"]) for e in batch.tables["stage_entries"].to_pylist()
    ]


def test_dates_become_entries_and_empty_words_none(tmp_path: Path) -> None:
    path = sheet(tmp_path, "9001;01.09.2026 10:15:00;Иван;02.09.2026;05.09.2026 14:00;-;;не закрыта;")
    batch = read([path], settings())
    assert entries(batch) == [
        ("target", "2026-09-02 00:00:00", "day"),
        ("qualified", "2026-09-05 14:00:00", "second"),
    ]
    assert set(batch.tables["stage_entries"]["origin"].to_pylist()) == {"wide"}


def test_on_one_day_the_order_of_the_stages_counts_not_the_clock(tmp_path: Path) -> None:
    """Created at 10:15, target by date only, qualified at 15:00, the others by date only: none overtakes."""
    path = sheet(tmp_path, "1;01.09.2026 10:15:00;;01.09.2026;01.09.2026 15:00;01.09.2026;01.09.2026;;")
    assert entries(read([path], settings())) == [
        ("target", "2026-09-01 10:15:00", "day"),
        ("qualified", "2026-09-01 15:00:00", "second"),
        ("proposal", "2026-09-01 15:00:00", "day"),
        ("sale", "2026-09-01 15:00:00", "day"),
    ]


def test_dates_out_of_order_or_before_creation_stay_as_given_and_are_told(tmp_path: Path) -> None:
    told: list[str] = []
    path = sheet(tmp_path, "1;05.09.2026;;20.09.2026;10.09.2026;;;;", "2;05.09.2026;;01.09.2026;;;;;")
    batch = read([path], settings(), told.append)
    assert entries(batch) == [
        ("target", "2026-09-20 00:00:00", "day"),
        ("qualified", "2026-09-10 00:00:00", "day"),
        ("target", "2026-09-01 00:00:00", "day"),
    ]
    assert any("1 stage dates lie before the lead was created" in line for line in told)


def test_a_skipped_stage_and_a_lead_older_than_the_fields_add_nothing(tmp_path: Path) -> None:
    path = sheet(tmp_path, "1;01.09.2026;;;;;30.09.2026;;", "2;01.01.2020;;;;;;;")
    batch = read([path], settings())
    assert entries(batch) == [("sale", "2026-09-30 00:00:00", "day")]
    assert batch.tables["leads"].num_rows == 2


def test_a_date_of_closing_is_a_loss_with_a_reason_and_a_sale_without(tmp_path: Path) -> None:
    rules = {"lost": None, "closed": "closed_at", "stages": {"target": "Целевой"}}
    path = sheet(tmp_path, "1;01.09.2026;;;;;;03.09.2026;Дорого", "2;01.09.2026;;;;;;04.09.2026;")
    batch = read([path], settings(**rules))
    assert entries(batch) == [("lost", "2026-09-03 00:00:00", "day"), ("sale", "2026-09-04 00:00:00", "day")]
    assert batch.tables["stage_entries"]["reason"].to_pylist() == ["Дорого", None]


@pytest.mark.parametrize(("keeps", "replaced"), [("first", {"lead_id": ["1"]}), ("last", None)])
def test_another_date_corrects_or_adds_as_the_field_is_kept(
    tmp_path: Path, keeps: str, replaced: dict[str, list[str]] | None
) -> None:
    batch = read([sheet(tmp_path, "1;01.09.2026;;02.09.2026;;;;;")], settings(keeps=keeps))
    found = batch.replaces.get("stage_entries")
    assert (found.to_pydict() if found is not None else None) == replaced
    assert ("stage_entries" in batch.additions) == (keeps == "last")


def test_payments_and_attributes(tmp_path: Path) -> None:
    rules = {"paid_at": "Продажа", "amount": "Сумма", "attributes": {"manager": "Иван"}}
    head = HEAD.replace("lost_reason\n", "lost_reason;Сумма\n")
    path = sheet(tmp_path, "1;01.09.2026;Ольга;;;;09.09.2026;;;150000,50", "2;01.09.2026;;;;;;;;", head=head)
    batch = read([path], settings(**rules))
    assert batch.tables["leads"]["manager"].to_pylist() == ["Ольга", None]
    assert [str(p["amount"]) for p in batch.tables["payments"].to_pylist()] == ["150000.50"]


def test_a_budget_without_a_day_of_payment_is_no_payment_yet(tmp_path: Path) -> None:
    rules = {"paid_at": "Продажа", "amount": "Сумма"}
    head = HEAD.replace("lost_reason\n", "lost_reason;Сумма\n")
    path = sheet(tmp_path, "1;01.09.2026;;;;;;;;150000,50", head=head)
    batch = read([path], settings(**rules))
    assert not batch.rejected
    assert batch.tables["payments"].num_rows == 0


def test_unreadable_dates_and_contradicting_rows_are_set_aside(tmp_path: Path) -> None:
    path = sheet(
        tmp_path,
        "1;01.09.2026;;скоро;;;;;",
        "2;01.09.2026;;;;;;;",
        "2;01.09.2026;;02.09.2026;;;;;",
        "3;01.09.2026;;;;;;;",
    )
    batch = read([path], settings())
    assert batch.tables["leads"]["lead_id"].to_pylist() == ["3"]
    assert batch.read["leads"] == 4
    assert "the date of target cannot be read" in next(r.reason for r in batch.rejected if r.row == 1)


def test_slashes_need_the_settings(tmp_path: Path) -> None:
    path = sheet(tmp_path, "1;01.01.2026;;03/04/2026;;;;;")
    with pytest.raises(InputError, match=r"the date of target: 1 dates can be read .* set wide\.dates"):
        read([path], settings())
    assert entries(read([path], settings(dates="month-first"))) == [("target", "2026-03-04 00:00:00", "day")]


def test_a_missing_column_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no column 'Квалификация'.*did you mean 'Квалифкация'"):
        read([sheet(tmp_path, head=HEAD.replace("Квалификация", "Квалифкация"))], settings())


def test_settings_that_do_not_fit_the_funnel_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "funnel.yml"
    path.write_text(
        "stages: [{key: target}]\n"
        "wide: {files: [a], stages: {targt: x}, personal: [phon]}\n"
        "exports: {pipelines: {P: {S: sold}}, attributes: {phone: 'field:x'}, personal: [phone]}\n"
    )
    with pytest.raises(SettingsError) as caught:
        load(path)
    text = str(caught.value)
    assert "wide.stages: 'targt' is no stage; did you mean 'target'?" in text
    assert "wide.personal: 'phon' is no attribute" in text
    assert "exports.pipelines.P.S: 'sold' is no stage; allowed: lead, target, lost" in text
    path.write_text("stages: [{key: target}]\nad_costs: {'y*.csv': {platfrm: yandex, vat: yes}}\n")
    with pytest.raises(
        SettingsError, match=r"ad_costs\.y\*\.csv\.platfrm: unknown key; did you mean 'platform'"
    ):
        load(path)
