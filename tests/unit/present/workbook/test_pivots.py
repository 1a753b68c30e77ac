"""The pivots' parts: valid, consistent with the flat data, and right at every grouping.

Order of elements and attributes: ECMA-376 part 1, 18.10 (CT_PivotCacheDefinition, CT_CacheField,
CT_SharedItems, CT_pivotTableDefinition, CT_PivotField, ...), the same as in pivots that Excel 2010 to 2021
saved; `extLst` holds Microsoft's extensions ([MS-XLSX] 2.6.1, 2.6.3).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import re
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import PurePosixPath
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import range_boundaries

from funnel.present.parts.texts import Texts
from funnel.present.workbook import write_workbook
from funnel.settings import WorkbookSize
from tests.unit.present.workbook.conftest import CHANNELS, REPORT, STAGES

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
DAY = dt.timedelta(days=1)
LABELS = {"": "not given", "web": "web (2)", "_x0041_": "_x005F_x0041_", "наш сайт\u202e": "наш сайт�"}
TABLES = ["xl/pivotTables/pivotTable1.xml", "xl/pivotTables/pivotTable2.xml"]
CACHE, RECORDS = "xl/pivotCache/pivotCacheDefinition1.xml", "xl/pivotCache/pivotCacheRecords1.xml"
CHILDREN = {
    "pivotCacheDefinition": "cacheSource cacheFields extLst",
    "extLst": "ext",
    "cacheSource": "worksheetSource",
    "cacheFields": "cacheField",
    "cacheField": "sharedItems",
    "sharedItems": "s n d",
    "pivotCacheRecords": "r",
    "pivotTableDefinition": "location pivotFields rowFields rowItems colFields colItems pageFields "
    "dataFields pivotTableStyleInfo extLst",
    "pivotFields": "pivotField",
    "pivotField": "items",
    "items": "item",
    "rowFields": "field",
    "colFields": "field",
    "rowItems": "i",
    "colItems": "i",
    "i": "x",
    "pageFields": "pageField",
    "dataFields": "dataField",
}
ATTRIBUTES = {
    "pivotCacheDefinition": "id refreshOnLoad refreshedBy refreshedDate createdVersion refreshedVersion "
    "minRefreshableVersion recordCount",
    "cacheSource": "type",
    "worksheetSource": "name",
    "ext": "uri",
    "cacheFields": "count",
    "cacheField": "name numFmtId formula databaseField",
    "sharedItems": "containsSemiMixedTypes containsNonDate containsDate containsString containsBlank "
    "containsNumber containsInteger minValue maxValue minDate maxDate count",
    "pivotCacheRecords": "count",
    "pivotTableDefinition": "name cacheId applyNumberFormats applyBorderFormats applyFontFormats "
    "applyPatternFormats applyAlignmentFormats applyWidthHeightFormats dataCaption errorCaption "
    "showError updatedVersion minRefreshableVersion useAutoFormatting itemPrintTitles createdVersion indent "
    "compact outline outlineData compactData multipleFieldFilters",
    "location": "ref firstHeaderRow firstDataRow firstDataCol rowPageCount colPageCount",
    "pivotField": "axis dataField compact numFmtId dragToRow dragToCol dragToPage showAll sortType "
    "defaultSubtotal",
    "item": "t sd x",
    "i": "t r i",
    "x": "v",
    "field": "x",
    "pageField": "fld item hier",
    "dataField": "name fld subtotal baseField baseItem numFmtId",
    "pivotTableStyleInfo": "name showRowHeaders showColHeaders showRowStripes showColStripes showLastColumn",
}
SLICED = "{http://schemas.microsoft.com/office/spreadsheetml/2009/9/main}"
EXTENSIONS = {
    "{725AE2AE-9491-48be-B2B4-4EB974FC3084}": [f"{SLICED}pivotCacheDefinition"],
    "{962EF5D1-5CA2-4c93-8EF4-DBF5C05439D2}": [f"{SLICED}pivotTableDefinition"],
}
OPERANDS = re.compile(r"(?:IF\(.+=0,1/0,)?('[^']+'|\w+)/('[^']+'|\w+)\)?")
COUNTED = {name for name, listed in ATTRIBUTES.items() if "count" in listed.split()} | {
    "pivotFields", "items", "rowFields", "rowItems", "colFields", "colItems", "pageFields", "dataFields",
}  # fmt: skip


def parts(path):
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name).decode("utf-8") for name in package.namelist()}


def tag(element):
    return element.tag.removeprefix(MAIN)


@pytest.fixture
def path(contents, write):
    return write(contents)


@pytest.fixture
def package(path):
    return parts(path)


def in_order(found, allowed):
    """Tell whether names stand in the order of the allowed ones."""
    places = [allowed.index(name) for name in found]
    return places == sorted(places)


@pytest.mark.parametrize("name", [CACHE, RECORDS, *TABLES])
def test_elements_and_attributes_are_those_of_the_standard_in_its_order(package, name):
    for element in ElementTree.fromstring(package[name]).iter():
        kind = tag(element)
        if kind in ("r", "s", "n", "d", "m") or (kind == "x" and name == RECORDS):
            continue
        if kind.startswith("{"):
            continue  # in an extension
        children = CHILDREN.get(kind, "").split()
        if kind == "ext":
            assert EXTENSIONS[element.attrib["uri"]] == [child.tag for child in element]
            continue
        assert {tag(child) for child in element} <= set(children), kind
        assert in_order([tag(child) for child in element], children), kind
        allowed = [*ATTRIBUTES.get(kind, "").split(), *(["count"] if kind in COUNTED else [])]
        given = [key.split("}")[-1] for key in element.attrib]
        assert set(given) <= set(allowed), (kind, given)
        assert in_order(given, allowed), (kind, given)
        if "count" in element.attrib and kind != "sharedItems":
            assert int(element.attrib["count"]) == len(element), kind
        if kind == "sharedItems" and len(element):
            assert int(element.attrib["count"]) == len(element)


def test_every_relation_leads_to_a_part_that_has_a_type(package):
    types = set(re.findall('PartName="/([^"]+)"', package["[Content_Types].xml"]))
    for name, text in package.items():
        if not name.endswith(".rels"):
            assert name in types or name == "[Content_Types].xml", name
            continue
        folder = PurePosixPath(name).parent.parent
        for target in re.findall('Target="([^"]+)"', text):
            plain = target.lstrip("/") if target.startswith("/") else str(folder / target)
            while ".." in plain:
                plain = re.sub(r"[^/]+/\.\./", "", plain, count=1)
            assert plain in package, (name, target)
    cached = ElementTree.fromstring(package["xl/workbook.xml"]).find(f".//{MAIN}pivotCache")
    relation = cached.attrib[f"{RELATION}id"]
    assert f'Id="{relation}"' in package["xl/_rels/workbook.xml.rels"]
    for table in TABLES:
        assert ElementTree.fromstring(package[table]).attrib["cacheId"] == cached.attrib["cacheId"]
    order = [tag(child) for child in ElementTree.fromstring(package["xl/workbook.xml"])]
    assert order[-3:] == ["calcPr", "pivotCaches", "extLst"]


def test_it_is_refreshed_when_opened(package):
    assert ElementTree.fromstring(package[CACHE]).attrib["refreshOnLoad"] == "1"


def cache(package):
    """Return names of the fields, their items and their formulas."""
    fields = ElementTree.fromstring(package[CACHE]).findall(f".//{MAIN}cacheField")
    names = [field.attrib["name"] for field in fields]
    items = [[item.attrib["v"] for item in field.iterfind(f"{MAIN}sharedItems/*")] for field in fields]
    formulas = {
        field.attrib["name"]: field.attrib["formula"] for field in fields if "formula" in field.attrib
    }
    return names, items, formulas


def test_cached_records_and_items_are_the_flat_data(path, package):
    sheet = openpyxl.load_workbook(path).worksheets[-1]
    names, items, formulas = cache(package)
    head, *rows = sheet.iter_rows(values_only=True)
    assert list(head) == names[: len(head)] and set(names[len(head) :]) == set(formulas)
    source = ElementTree.fromstring(package[CACHE]).find(f".//{MAIN}worksheetSource").attrib
    (table,) = sheet.tables.values()
    assert (source, table.ref) == ({"name": table.displayName}, sheet.dimensions)
    records = ElementTree.fromstring(package[RECORDS]).findall(f"{MAIN}r")
    assert len(records) == len(rows) == int(ElementTree.fromstring(package[CACHE]).attrib["recordCount"])
    for record, row in zip(records, rows, strict=True):
        assert len(record) == len(head)
        for number, (cell, value) in enumerate(zip(record, row, strict=True)):
            if tag(cell) == "x":
                item = items[number][int(cell.attrib["v"])]
                assert item == (f"{value:%Y-%m-%dT00:00:00}" if hasattr(value, "year") else str(value))
            else:
                assert float(cell.attrib["v"]) == value


def test_items_differ_without_regard_to_case_and_fields_too(package):
    names, items, _ = cache(package)
    for listed in [names, *items]:
        assert len({item.casefold() for item in listed}) == len(listed)
    channels = items[names.index("Channel")]
    assert {"Web", "web (2)", "not given"} <= set(channels)  # kept apart, as in the report
    assert len(channels) == len(CHANNELS)
    captions = re.findall('<dataField name="([^"]+)"', package[TABLES[0]])
    assert len({caption.casefold() for caption in captions}) == len(captions)
    assert not {caption.casefold() for caption in captions} & {name.casefold() for name in names}


def test_dates_say_their_range_as_excel_does(package):
    fields = ElementTree.fromstring(package[CACHE]).findall(f".//{MAIN}cacheField")
    about = next(one for one in fields if one.attrib["name"] == "Cohort week").find(f"{MAIN}sharedItems")
    days = [pd.Timestamp(item.attrib["v"]) for item in about][::-1]
    assert pd.Timestamp(about.attrib["minDate"]) == days[0]
    assert pd.Timestamp(about.attrib["maxDate"]) == days[-1] + pd.Timedelta(days=1)
    assert all(day.weekday() == 0 for day in days)


@pytest.mark.parametrize("number", [0, 1])
def test_a_pivot_has_every_field_every_item_and_a_place_for_its_filters(package, number):
    root = ElementTree.fromstring(package[TABLES[number]])
    names, items, formulas = cache(package)
    fields = root.findall(f"{MAIN}pivotFields/{MAIN}pivotField")
    assert len(fields) == len(names)
    axes = {"axisRow": [], "axisPage": []}
    shown = {int(field.attrib["fld"]) for field in root.find(f"{MAIN}dataFields")}
    for at, field in enumerate(fields):
        assert ("dataField" in field.attrib) == (at in shown)
        assert ("dragToRow" in field.attrib) == (names[at] in formulas)
        if items[at]:
            listed = [item.attrib for item in field.iterfind(f"{MAIN}items/*")]
            assert [item.get("x") for item in listed] == [*map(str, range(len(items[at]))), None]
            assert listed[-1] == {"t": "default"}
            if "axis" in field.attrib:
                axes[field.attrib["axis"]].append(at)
    assert [int(field.attrib["x"]) for field in root.find(f"{MAIN}rowFields")] == axes["axisRow"]
    pages = root.find(f"{MAIN}pageFields")
    assert sorted(int(page.attrib["fld"]) for page in pages) == axes["axisPage"]
    rows = len(root.find(f"{MAIN}rowFields"))
    location = root.find(f"{MAIN}location").attrib
    left, top, right, bottom = range_boundaries(location["ref"])
    assert bottom - top == len(root.find(f"{MAIN}rowItems"))
    assert right - left + 1 - rows == len(root.find(f"{MAIN}dataFields")) == len(root.find(f"{MAIN}colItems"))
    assert int(location["firstDataCol"]) == rows
    assert int(location["rowPageCount"]) == len(pages) and top - len(pages) - 1 >= 3


def reading(path, sheet, package, number):
    """Return the numbers of a pivot before its refresh: by field for each row label."""
    worksheet = openpyxl.load_workbook(path)[sheet]
    root = ElementTree.fromstring(package[TABLES[number]])
    names, _, _ = cache(package)
    shown = [field.attrib for field in root.find(f"{MAIN}dataFields")]
    head, *rows = [
        [cell.value for cell in row] for row in worksheet[root.find(f"{MAIN}location").attrib["ref"]]
    ]
    side = len(root.find(f"{MAIN}rowFields"))
    assert head[:side] == [names[int(field.attrib["x"])] for field in root.find(f"{MAIN}rowFields")]
    assert head[side:] == [field["name"] for field in shown]
    fields = [names[int(field["fld"])] for field in shown]
    labels = [next(cell for cell in row[:side] if cell is not None) for row in rows]
    return [
        (label, dict(zip(fields, row[side:], strict=True))) for label, row in zip(labels, rows, strict=True)
    ]


def test_each_formula_on_the_pivots_totals_gives_the_reports_ratio(path, package, contents):
    _, _, formulas = cache(package)
    assert len(formulas) == 9
    rows = reading(path, "Pivot", package, 0)
    weeks = {label.date(): numbers for label, numbers in rows if hasattr(label, "date")}
    report = contents.cohorts.drop(index=4).set_index("cohort_week")
    assert sorted(weeks) == sorted(week.date() for week in contents.cohorts["cohort_week"])
    for week, numbers in weeks.items():
        names = {"Target, share": "target_rate", "Overall": "overall_rate"}
        for name, formula in formulas.items():
            above, below = (numbers[field.strip("'")] for field in OPERANDS.fullmatch(formula).groups())
            value = above / below if below else "–"
            assert numbers[name] == (value if value == "–" else pytest.approx(value))
            if name in names and pd.Timestamp(week) in report.index:
                assert value == pytest.approx(report.loc[pd.Timestamp(week), names[name]])


@pytest.fixture
def partly(contents):
    """No spend is known of two cohorts; the forecast of the newest three is not reliable yet."""
    flat = contents.flat.copy()
    weeks = sorted(flat["cohort_week"].unique())
    flat["spend"] = flat["spend"].where(~flat["cohort_week"].isin(weeks[2:4]), None)
    flat["expected_sales"] = flat["expected_sales"].where(~flat["cohort_week"].isin(weeks[-3:]))
    return dataclasses.replace(contents, flat=flat)


def test_what_is_not_known_is_blank_and_never_nothing(partly, write):
    path = write(partly)
    package = parts(path)
    sheet = openpyxl.load_workbook(path)["Data"]
    head, *rows = sheet.iter_rows(values_only=True)
    data = pd.DataFrame(rows, columns=head)
    flat = partly.flat
    assert data["Ad spend"].isna().tolist() == flat["spend"].isna().tolist()
    assert data["Expected sales"].isna().tolist() == flat["expected_sales"].isna().tolist()
    said = data["Reliability of the forecast"].map({"reliable": False, "not reliable yet": True})
    assert said.tolist() == flat["expected_sales"].isna().tolist()
    names, _, _ = cache(package)
    places = [names.index(name) for name in ("Ad spend", "Expected sales")]
    fields = ElementTree.fromstring(package[CACHE]).findall(f".//{MAIN}cacheField")
    for place, blank in zip(places, (flat["spend"].isna(), flat["expected_sales"].isna()), strict=True):
        assert fields[place].find(f"{MAIN}sharedItems").attrib["containsBlank"] == "1"
        records = ElementTree.fromstring(package[RECORDS]).findall(f"{MAIN}r")
        assert [tag(record[place]) == "m" for record in records] == blank.tolist()


def test_no_cost_and_no_conversion_is_made_of_what_is_not_known(partly, write):
    path = write(partly)
    package = parts(path)
    rows = reading(path, "Pivot", package, 0)
    weeks = [numbers for label, numbers in rows if hasattr(label, "date")]
    for numbers in weeks[-2:]:
        assert numbers["Ad spend"] is None
        costs = ("Cost per conversion: Lead", "Cost per conversion: Sale", "Returned of ad spend")
        assert {numbers[name] for name in costs} == {"–"}
    for numbers in weeks[:3]:
        assert (numbers["Expected sales"], numbers["Expected conversion"]) == (None, "–")
    known = partly.flat[partly.flat["expected_sales"].notna()]
    total = rows[-1][1]
    assert total["Expected conversion"] == pytest.approx(known["expected_sales"].sum() / known["leads"].sum())
    _, _, formulas = cache(package)
    assert formulas["Cost per conversion: Lead"] == "IF('Ad spend'=0,1/0,'Ad spend'/Leads)"
    assert formulas["Expected conversion"] == "'Expected sales'/'Leads with forecast'"
    book = openpyxl.load_workbook(path)
    texts = Texts("en")
    note = f"{texts.t('wb_pivot_doubt')} {texts.t('wb_pivot_spend', n=2)}"
    assert book["Pivot"]["A2"].value.endswith(note) and "2 weeks" in note


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_is_nowhere_known_has_no_column(contents, write, language):
    nothing = contents.flat.assign(spend=None, expected_sales=float("nan"))
    path = write(dataclasses.replace(contents, flat=nothing), language)
    texts = Texts(language)
    names, _, formulas = cache(parts(path))
    gone = [texts.t(f"wb_{name}") for name in ("spend", "expected_sales", "expected_rate", "roas", "trust")]
    assert not set(gone) & set(names) and len(formulas) == 5
    assert texts.t("wb_pivot_no_forecast") in openpyxl.load_workbook(path).worksheets[1]["A2"].value


def test_it_opens_on_the_last_cohorts_newest_first_and_the_older_ones_folded(path, package, contents):
    rows = reading(path, "Pivot", package, 0)
    labels = [label for label, _ in rows]
    weeks = [label for label in labels if hasattr(label, "date")]
    assert labels[0] == "last 13 cohorts" and labels[-2:] == ["older", "Grand total"]
    assert weeks == sorted(contents.cohorts["cohort_week"], reverse=True)
    ages = [numbers["Age, weeks"] for label, numbers in rows if hasattr(label, "date")]
    assert ages == list(range(13))
    assert rows[0][1]["Age, weeks"] == 0 and rows[-2][1]["Age, weeks"] == 13  # of the youngest


def test_every_level_adds_up_to_the_flat_data(path, package, contents):
    flat, rows = contents.flat, reading(path, "Pivot", package, 0)
    last = flat[flat["cohort_week"].isin(contents.cohorts["cohort_week"])]
    quarters = [numbers for label, numbers in rows if isinstance(label, str) and " Q" in label]
    weeks = [numbers for label, numbers in rows if hasattr(label, "date")]
    managers = reading(path, "Manager by stage", package, 1)
    assert [label for label, _ in managers] == ["Anna", "Boris", "not given", "Grand total"]
    parts = [quarters, weeks, rows[:1], [numbers for _, numbers in managers[:-1]]]
    for level in [[one[1] if isinstance(one, tuple) else one for one in part] for part in parts]:
        assert sum(numbers["Leads"] for numbers in level) == last["leads"].sum()
        spend = sum(numbers["Ad spend"] for numbers in level)
        assert spend == pytest.approx(float(sum(last["spend"])))
    for total, part in ((rows[-1][1], flat), (managers[-1][1], last)):
        assert total["Leads"] == part["leads"].sum()
        assert total["Overall"] == pytest.approx(part["sale"].sum() / part["leads"].sum())


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_the_totals_cover_stands_over_them(contents, write, language):
    book = openpyxl.load_workbook(write(contents, language))
    texts = Texts(language)
    weeks = contents.flat["cohort_week"]
    covers = texts.t("wb_covers", n=15, first=texts.date(weeks.min()), last=texts.date(REPORT - DAY))
    young = texts.t("wb_covers_unripe", n=4, weeks=4)
    assert book.worksheets[1]["A3"].value == f"{covers} {young}"
    first = contents.cohorts["cohort_week"].min()
    covers = texts.t("wb_covers", n=13, first=texts.date(first), last=texts.date(REPORT - DAY))
    assert book.worksheets[2]["A3"].value == f"{covers} {young}"


def test_a_company_without_payments_has_no_revenue_instead_of_none(contents, write):
    flat = contents.flat.assign(payments=0, revenue=Decimal(0))
    path = write(dataclasses.replace(contents, flat=flat))
    names, _, _ = cache(parts(path))
    assert not {"Payments", "Revenue", "Returned of ad spend"} & set(names)
    assert Texts("en").t("wb_pivot_no_payments") in openpyxl.load_workbook(path)["Pivot"]["A2"].value


def test_a_young_company_has_all_its_cohorts_unfolded(contents, write):
    last = contents.flat[contents.flat["cohort_week"].isin(contents.cohorts["cohort_week"])]
    path = write(dataclasses.replace(contents, flat=last.reset_index(drop=True)))
    package = parts(path)
    assert "Cohorts" not in cache(package)[0] and 'sd="0"' not in package[TABLES[0]]
    labels = [label for label, _ in reading(path, "Pivot", package, 0)]
    assert labels[0] == "2022 Q3" and sum(hasattr(label, "date") for label in labels) == 13


def test_sums_that_leave_out_what_is_unknown_show_no_zero(package):
    names, _, _ = cache(package)
    formats = dict(re.findall(r'<numFmt numFmtId="(\d+)" formatCode="([^"]*)"', package["xl/styles.xml"]))
    root = ElementTree.fromstring(package[TABLES[0]])
    used = {
        names[int(one.attrib["fld"])]: formats.get(one.attrib["numFmtId"])
        for one in root.find(f"{MAIN}dataFields")
    }
    for name in ("Ad spend", "Expected sales"):
        assert used[name].endswith(";&quot;–&quot;")


def test_of_too_many_rows_the_newest_cohorts_are_kept_and_it_is_said(contents, settings, tmp_path):
    path = tmp_path / "small.xlsx"
    size = WorkbookSize.model_construct(rows=100)
    cut = replace(contents, left_out=["region"])
    write_workbook(path, cut, settings.model_copy(update={"workbook": size}), Texts("en"))
    sheet = openpyxl.load_workbook(path)
    head, *rows = sheet["Data"].iter_rows(values_only=True)
    kept = {row[head.index("Cohort week")] for row in rows}
    assert kept == set(sorted(contents.flat["cohort_week"].unique())[-3:])
    said = Texts("en").t("wb_pivot_cut", first=Texts("en").date(min(kept).date()), n="100")
    assert said in sheet["Pivot"]["A2"].value
    assert "Not among the data: region." in sheet["Pivot"]["A2"].value


@pytest.mark.parametrize("seed", range(20))
def test_under_any_filter_the_records_add_up_to_an_independent_count(package, contents, seed):
    """What Excel has to add up by, against the rows of the flat data before any of this code saw them."""
    draw = random.Random(seed)
    names, items, _ = cache(package)
    flat, kept = contents.flat, pd.Series(True, index=contents.flat.index)
    wanted = {}
    for name, column in zip(
        ("Channel", "Manager", "=HYPERLINK(1)"), ("attr_0", "attr_1", "attr_2"), strict=True
    ):
        if draw.random() < 0.7:
            value = draw.choice(sorted(flat[column].unique()))
            kept &= flat[column] == value
            wanted[names.index(name)] = LABELS.get(value, value)
    if draw.random() < 0.5:
        kept &= flat["cohort_week"] > pd.Timestamp(REPORT) - pd.Timedelta(weeks=5)
        wanted[names.index("Ripe")] = "no"
    sums = dict.fromkeys(("Leads", *map(str.capitalize, STAGES), "Revenue"), 0.0)
    for record in ElementTree.fromstring(package[RECORDS]):
        cells = [cell.attrib["v"] for cell in record]
        if all(items[at][int(cells[at])] == value for at, value in wanted.items()):
            for name in sums:
                sums[name] += float(cells[names.index(name)])
    counted = flat[kept]
    assert sums.pop("Revenue") == pytest.approx(float(sum(counted["revenue"])))
    assert list(sums.values()) == counted[["leads", *STAGES]].sum().tolist()


def test_the_library_that_knows_pivots_reads_them(path):
    book = openpyxl.load_workbook(path)
    for name, rows in (("Pivot", 3), ("Manager by stage", 1)):
        (pivot,) = book[name]._pivots
        assert len(pivot.rowFields) == rows
        assert pivot.cache.refreshOnLoad and len(pivot.cache.records.r) == pivot.cache.recordCount


def test_stages_with_odd_names_give_formulas_that_quote_them(contents, settings, tmp_path):
    names = ["Q1", "It's/ours", 'A<B&"C"', "leads"]
    stages = [
        stage.model_copy(update={"name": {"en": name}})
        for stage, name in zip(settings.stages, names, strict=True)
    ]
    odd = settings.model_copy(update={"stages": tuple(stages)})
    path = tmp_path / "odd.xlsx"
    write_workbook(path, contents, odd, Texts("en"))
    _, _, formulas = cache(parts(path))
    assert "'Q1'/Leads" in formulas.values()
    assert "'It''s/ours'/'Q1'" in formulas.values()
    assert "'leads (2)'/'A<B&\"C\"'" in formulas.values()
