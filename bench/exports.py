"""What an amoCRM export of 200,000 rows and 80 columns takes to import: time and memory, CSV and XLSX.

    python bench/exports.py [ROWS] [FOLDER]

The files are invented and written without a library. Nearly every cell is filled, which is worse than real
exports. XLSX twice: with shared strings, as spreadsheet programs save, and with inline strings, as exporters
stream. The bar: 30 s and 1 GB each.
"""

from __future__ import annotations

import csv
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

HEAD = [
    "ID",
    "Название сделки",
    "Бюджет ₽",
    "Ответственный",
    "Дата создания сделки",
    "Кем создана сделка",
    "Дата редактирования",
    "Кем редактирована",
    "Дата закрытия",
    "Теги",
    "Примечание",
    "Примечание 2",
    "Этап сделки",
    "Воронка",
    "Полное имя контакта",
    "Компания контакта",
    "Ответственный за контакт",
    "Компания",
    "Рабочий телефон",
    "Мобильный телефон",
    "Рабочий email",
    "Личный email",
    "Источник",
    "Товар",
    "Источник",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "Регион",
]
COLUMNS = 80
SETTINGS = """timezone: Europe/Moscow
currency: RUB
stages: [{key: target}, {key: qualified}, {key: proposal}, {key: sale}]
exports:
  pipelines:
    Основная:
      {Новая: lead, В работе: target, Договор: qualified, Счёт: proposal,
       Успешно реализовано: sale, Закрыто и не реализовано: lost}
  attributes: {manager: responsible, channel: utm_source, campaign: utm_campaign, region: "field:Регион",
    product: "field:Товар", origin: "field:Источник"}
"""
STAGES = (
    "Новая",
    "В работе",
    "Договор",
    "Счёт",
    "Успешно реализовано",
    "Закрыто и не реализовано (Дорого (не смог))",
)


def rows(count: int) -> Iterator[list[str]]:
    """Invent leads; every cell is filled."""
    dice = random.Random(3)
    more = [f"Поле {number}" for number in range(COLUMNS - len(HEAD))]
    yield [*HEAD, *more]
    for number in range(count):
        day = f"{dice.randint(1, 28):02}.{dice.randint(1, 12):02}.2025"
        stage = dice.choice(STAGES)
        closed = f"{day} 18:30:00" if stage[0] in "УЗ" else "не закрыта"
        person = f"Персона {dice.randrange(10**6)}"
        yield [
            str(10_000_000 + number), f"Заявка {number}", str(dice.randint(1, 500) * 1000),
            f"Менеджер {number % 9}", f"{day} 09:{number % 60:02}:11", "Робот", f"{day} 17:00:01",
            f"Менеджер {number % 7}", closed, "опт, сайт", f"Звонил дважды,\nпросил счёт № {number}", "",
            stage, "Основная", person, "ООО", "Менеджер 1", "ООО", f"'+7999{dice.randrange(10**7):07}", "",
            f"p{number}@mail.example", "", "сайт", f"Товар {number % 50}", "",
            "yandex", "cpc", f"c{number % 200}", "", f"k{number % 1000}", f"Регион {number % 80}",
            *(f"значение {place} {number % (7 * place + 3)}" for place in range(len(more))),
        ]  # fmt: skip


def letters(place: int) -> str:
    return chr(65 + place) if place < 26 else chr(64 + place // 26) + chr(65 + place % 26)


def write_csv(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows(count))


def write_xlsx(path: Path, count: int, *, shared: bool) -> None:
    """Write a sheet of text cells; ids and budgets are numbers."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    names = [letters(place) for place in range(COLUMNS)]
    known: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {main} xmlns:r="{kinds}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        relations = [
            ("r1", "worksheet", "worksheets/sheet1.xml"),
            ("r2", "sharedStrings", "sharedStrings.xml"),
        ]
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            + "".join(f'<Relationship Id="{i}" Type="{kinds}/{t}" Target="{p}"/>' for i, t, p in relations)
            + "</Relationships>",
        )
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f"<worksheet {main}><sheetData>".encode())
            for number, row in enumerate(rows(count), start=1):
                cells = []
                for name, text in zip(names, row, strict=True):
                    if not text:
                        continue
                    if name in "AC" and number > 1:
                        cells.append(f'<c r="{name}{number}"><v>{text}</v></c>')
                    elif shared:
                        index = known.setdefault(text, len(known))
                        cells.append(f'<c r="{name}{number}" t="s"><v>{index}</v></c>')
                    else:
                        cells.append(f'<c r="{name}{number}" t="inlineStr"><is><t>{text}</t></is></c>')
                sheet.write(f'<row r="{number}">{"".join(cells)}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as strings:
            strings.write(f"<sst {main}>".encode())
            for text in known:
                strings.write(f"<si><t>{text}</t></si>".encode())
            strings.write(b"</sst>")


def measure(folder: Path, file: Path) -> None:
    """Import one file in this process and say what it took."""
    from funnel.settings import load
    from funnel.sources import read

    start, cpu = time.perf_counter(), time.process_time()
    batch = read([file], load(folder / "funnel.yml"))
    took, worked = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    leads = batch.tables["leads"].num_rows
    print(
        f"{file.name}: {file.stat().st_size / 1e6:.0f} MB, {leads:,} leads, "
        f"{took:.1f} s ({worked:.1f} s of CPU), peak {peak:.0f} MB"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "funnel.yml").write_text(SETTINGS, encoding="utf-8")
        files = {
            "amocrm_export_leads_2026-01-05.csv": lambda path: write_csv(path, count),
            "amocrm_export_leads_2026-01-06.xlsx": lambda path: write_xlsx(path, count, shared=True),
            "amocrm_export_leads_2026-01-07.xlsx": lambda path: write_xlsx(path, count, shared=False),
        }
        for name, write in files.items():
            if not (folder / name).exists():
                write(folder / name)
            subprocess.run([sys.executable, __file__, "--one", str(folder), str(folder / name)], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
