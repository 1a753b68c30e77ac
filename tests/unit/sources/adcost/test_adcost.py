"""Ad-cost files of each platform in the shape it gives them."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from funnel.errors import InputError
from funnel.schema import Batch
from funnel.settings import Settings
from funnel.sources import describe, read


def settings(**ad_costs: object) -> Settings:
    given = {"stages": [{"key": "sale"}], "currency": "RUB", "rates": {"USD": 90}, "ad_costs": ad_costs}
    return Settings.model_validate(given)


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def rows(batch: Batch) -> list[tuple[str, str | None, str, int | None]]:
    spend = batch.tables["spend"].to_pylist()
    return [(str(s["date"]), s["campaign"], str(s["cost"]), s["clicks"]) for s in spend]


API = (
    '"Отчёт (2026-09-01 - 2026-09-02)"\nDate\tCampaignId\tCampaignName\tImpressions\tClicks\tCost\n'
    "2026-09-01\t111\tБренд\t1000\t50\t{0}\n2026-09-02\t111\tБренд\t900\t40\t{1}\nTotal rows: 2\n"
)
INTERFACE = (
    'Отчёт;"мастер";;;;;\nКлиент;acme;;;;;\nПериод;01.09.2026 - 02.09.2026;;;;;\n;;;;;;\n'
    "Дата;Кампания;№ Кампании;Устройство;Показы;Клики;Расход (руб.)\n"
    '01.09.2026;"Бренд; все";111;телефон;1 000;50;"1 234,56"\n'
    '02.09.2026;"Бренд; все";111;телефон;900;40;0,10\n'
    "Итого;;;;1 900;90;1 234,66\n"
)


def test_yandex_api_without_micros(tmp_path: Path) -> None:
    told: list[str] = []
    path = write(tmp_path, "y.tsv", API.format("1234.56", "0.10"))
    batch = read([path], settings(**{"y*": {"account": "acme", "vat": False}}), told.append)
    assert rows(batch) == [("2026-09-01", "Бренд", "1234.56", 50), ("2026-09-02", "Бренд", "0.10", 40)]
    first = batch.tables["spend"].to_pylist()[0]
    told_of = ("channel", "platform", "account", "campaign_id", "currency", "vat_included")
    assert [first[name] for name in told_of] == ["yandex", "yandex", "acme", "111", "RUB", "no"]
    assert any("1 rows of totals left out" in line for line in told)
    assert any("names no currency; taken as RUB" in line for line in told)
    assert batch.replaces["spend"].to_pylist() == [
        {"platform": "yandex", "account": "acme", "first": dt.date(2026, 9, 1), "last": dt.date(2026, 9, 2)}
    ]


def test_micros_are_never_taken_silently(tmp_path: Path) -> None:
    path = write(tmp_path, "y.tsv", API.format("1234560000", "100000"))
    with pytest.raises(InputError, match="set micros: true"):
        read([path], settings())
    assert [r[2] for r in rows(read([path], settings(**{"y*": {"micros": True}})))] == ["1234.56", "0.10"]
    assert [r[2] for r in rows(read([path], settings(**{"y*": {"micros": False}})))] == [
        "1234560000.00",
        "100000.00",
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1251"])
def test_yandex_interface(tmp_path: Path, encoding: str) -> None:
    batch = read([write(tmp_path, "отчёт.csv", INTERFACE, encoding)], settings())
    assert rows(batch) == [
        ("2026-09-01", "Бренд; все", "1234.56", 50),
        ("2026-09-02", "Бренд; все", "0.10", 40),
    ]
    assert batch.tables["spend"]["vat_included"].to_pylist() == ["unknown"] * 2


@pytest.mark.parametrize(
    ("header", "vat"),
    [("Расход (руб.), с НДС", "yes"), ("Расход, без НДС (руб.)", "no"), ("Расход (руб.)", "unknown")],
)
def test_vat_in_the_header(tmp_path: Path, header: str, vat: str) -> None:
    path = write(tmp_path, "x.csv", f'Дата;Кампания;"{header}"\n01.09.2026;Бренд;10,00\n')
    assert read([path], settings()).tables["spend"]["vat_included"].to_pylist() == [vat]


def test_vk_workbook_of_several_sheets(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["Сводка", "что-то"])
    sheet = book.create_sheet("Статистика")
    sheet.append(
        ["Дата", "ID кампании", "Кампания", "ID объявления", "Показы", "Клики", "Потрачено всего, ₽"]
    )
    sheet.append([dt.datetime(2026, 9, 1), 5, "Лето", 1, 100, 7, 100.1])
    sheet.append([dt.datetime(2026, 9, 1), 5, "Лето", 2, 100, 3, 0.2])
    sheet.append(["Итого", None, None, None, 200, 10, 100.3])
    path = tmp_path / "vk.xlsx"
    book.save(path)
    told: list[str] = []
    batch = read([path], settings(), told.append)
    assert rows(batch) == [("2026-09-01", "Лето", "100.30", 10)]
    assert batch.tables["spend"]["currency"].to_pylist() == ["RUB"]
    assert any("2 rows added up to 1" in line for line in told)


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8", ","), ("utf-16", "\t")])
def test_google(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = [
        ["Campaign report"], ["September 1, 2026 - September 2, 2026"],
        ["Day", "Campaign", "Currency code", "Cost", "Impr.", "Clicks"],
        ["2026-09-01", "Brand", "USD", '"1,234.56"', " --", "7"],
        ["2026-09-02", "Brand", "USD", "0.10", "5", "--"],
        ["Total: Account", "", "--", '"1,234.66"', "5", "7"],
    ]  # fmt: skip
    lines[1] = [f'"{lines[1][0]}"']
    path = write(tmp_path, "g.csv", "\n".join(delimiter.join(cells) for cells in lines) + "\n", encoding)
    batch = read([path], settings())
    assert rows(batch) == [("2026-09-01", "Brand", "1234.56", 7), ("2026-09-02", "Brand", "0.10", None)]
    assert batch.tables["spend"]["currency"].to_pylist() == ["USD", "USD"]


def test_dates_that_can_be_read_twice_need_the_settings(tmp_path: Path) -> None:
    path = write(tmp_path, "g.csv", "Day,Campaign,Currency code,Cost\n03/04/2026,Brand,USD,5\n")
    with pytest.raises(InputError, match="can be read as day/month or month/day"):
        read([path], settings())
    assert rows(read([path], settings(**{"g*": {"dates": "month-first"}})))[0][0] == "2026-03-04"
    assert rows(read([path], settings(**{"g*": {"dates": "day-first"}})))[0][0] == "2026-04-03"


META = "Reporting starts,Reporting ends,Campaign name,Amount spent (USD),Impressions,Link clicks\n"


def test_meta_days_and_periods(tmp_path: Path) -> None:
    text = META + "2026-09-01,2026-09-01,Лето,10.00,100,7\n2026-09-02,2026-09-04,Лето,10.00,100,7\n"
    path = write(tmp_path, "m.csv", text, "utf-8-sig")
    batch = read([path], settings())
    assert rows(batch) == [("2026-09-01", "Лето", "10.00", 7)]
    assert batch.tables["spend"]["currency"].to_pylist() == ["USD"]
    assert [(r.row, r.column) for r in batch.rejected] == [(2, "date")]
    assert "it spans several days" in batch.rejected[0].reason
    spread = read([path], settings(**{"m*": {"spread": True}}))
    assert rows(spread) == [
        ("2026-09-01", "Лето", "10.00", 7),
        ("2026-09-02", "Лето", "3.34", 3),
        ("2026-09-03", "Лето", "3.33", 2),
        ("2026-09-04", "Лето", "3.33", 2),
    ]
    assert sum(Decimal(r[2]) for r in rows(spread)) == Decimal(20)


def test_thousands_in_counts_and_counts_that_are_none(tmp_path: Path) -> None:
    text = META + '2026-09-01,2026-09-01,A,1,100,"1,000"\n2026-09-01,2026-09-01,B,1,100,many\n'
    batch = read([write(tmp_path, "m.csv", text)], settings())
    assert rows(batch) == [("2026-09-01", "A", "1.00", 1000)]
    assert (batch.rejected[0].row, batch.rejected[0].column) == (2, "clicks")


def test_a_row_with_an_unquoted_delimiter_is_not_misread(tmp_path: Path) -> None:
    path = write(tmp_path, "m.csv", META + "2026-09-01,2026-09-01,Лето, осень,10.00,100,7\n")
    batch = read([path], settings())
    assert rows(batch) == []
    assert "more than the 6 cells of the header" in batch.rejected[0].reason


def test_a_table_with_a_date_and_a_cost_is_not_taken_for_ads(tmp_path: Path) -> None:
    path = write(tmp_path, "orders.csv", "date,cost,customer\n2026-09-01,5,1\n")
    with pytest.raises(InputError, match="it is not a file we know"):
        read([path], settings())


def test_a_plain_table_of_several_accounts(tmp_path: Path) -> None:
    text = (
        "date,platform,account_id,campaign_id,campaign_name,cost,currency,vat_included,clicks\n"
        "2026-09-01,vk,a,1,Лето,10.5,RUB,yes,3\n2026-09-03,vk,b,2,Осень,4,USD,no,\n2026-09-02,vk,a,1,Лето,x,RUB,yes,3\n"
    )
    batch = read([write(tmp_path, "costs.csv", text)], settings())
    assert rows(batch) == [("2026-09-01", "Лето", "10.50", 3), ("2026-09-03", "Осень", "4.00", None)]
    assert batch.tables["spend"]["vat_included"].to_pylist() == ["yes", "no"]
    assert batch.read == {"spend": 3}
    assert batch.rejected[0].row == 3
    assert [r["account"] for r in batch.replaces["spend"].to_pylist()] == ["a", "b"]


def test_a_currency_without_a_rate_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "m.csv", META.replace("USD", "EUR") + "2026-09-01,2026-09-01,Лето,10.00,100,7\n")
    assert "a currency without a rate" in read([path], settings()).rejected[0].reason


def test_a_named_file_without_a_header_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row of it is the header of an ad-cost file"):
        read([write(tmp_path, "y.csv", "a;b\n1;2\n")], settings(**{"y*": {}}))


def test_a_dry_run_tells_platform_header_and_vat(tmp_path: Path) -> None:
    found = describe([write(tmp_path, "x.csv", INTERFACE)], settings())
    assert found[0].status == "ambiguous"
    assert found[0].text == "ad costs of yandex; header in row 5; VAT included: unknown"
    assert {(f.column, f.text) for f in found} >= {("Расход (руб.)", "cost"), ("Устройство", "passed over")}
