"""Slicers: their parts are those of [MS-XLSX] 2.6.59 to 2.6.85, as workbooks saved by Excel hold them.

How that was shown: docs/decisions/slicers.md. Required and allowed attributes are those of the schemas there.
"""

from __future__ import annotations

import re
import zipfile
from xml.etree import ElementTree

import openpyxl
import pytest

SLICED = "{http://schemas.microsoft.com/office/spreadsheetml/2009/9/main}"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
IGNORABLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Ignorable"
CACHES = [f"xl/slicerCaches/slicerCache{number}.xml" for number in range(1, 5)]
LISTS = ["xl/slicers/slicer1.xml", "xl/slicers/slicer2.xml"]
ALLOWED = {
    "slicerCacheDefinition": ({"name", "sourceName"}, {IGNORABLE}, ["pivotTables", "data"]),
    "pivotTables": (set(), set(), ["pivotTable"]),
    "pivotTable": ({"tabId", "name"}, set(), []),
    "data": (set(), set(), ["tabular"]),
    "tabular": ({"pivotCacheId"}, set(), ["items"]),
    "items": ({"count"}, set(), ["i"]),
    "i": ({"x", "s"}, set(), []),
    "slicers": (set(), {IGNORABLE}, ["slicer"]),
    "slicer": ({"name", "cache", "caption", "rowHeight"}, {"columnCount"}, []),
}


@pytest.fixture
def path(contents, write):
    return write(contents)


@pytest.fixture
def package(path):
    with zipfile.ZipFile(path) as found:
        return {name: found.read(name).decode("utf-8") for name in found.namelist()}


@pytest.mark.parametrize("name", [*CACHES, *LISTS])
def test_elements_and_attributes_are_those_of_the_schemas(package, name):
    for element in ElementTree.fromstring(package[name]).iter():
        kind = element.tag.removeprefix(SLICED)
        needed, more, children = ALLOWED[kind]
        assert needed <= set(element.attrib) <= needed | more, kind
        found = [child.tag.removeprefix(SLICED) for child in element]
        assert list(dict.fromkeys(found)) == children, kind
        if kind == "items":
            assert int(element.attrib["count"]) == len(element)


def test_each_filters_both_pivots_by_every_value_of_a_field(path, package):
    book = openpyxl.load_workbook(path)
    cache = ElementTree.fromstring(package["xl/pivotCache/pivotCacheDefinition1.xml"])
    number = cache.find(f".//{SLICED}pivotCacheDefinition").attrib["pivotCacheId"]
    fields = {field.attrib["name"]: field for field in cache.iter(f"{MAIN}cacheField")}
    sources = []
    for name in CACHES:
        root = ElementTree.fromstring(package[name])
        sources.append(root.attrib["sourceName"])
        tables = [one.attrib for one in root.iter(f"{SLICED}pivotTable")]
        for table in tables:
            sheet = book.worksheets[int(table["tabId"]) - 1]
            assert [pivot.name for pivot in sheet._pivots] == [table["name"]]
        assert len(tables) == 2
        assert root.find(f".//{SLICED}tabular").attrib["pivotCacheId"] == number
        items = len(fields[sources[-1]].findall(f"{MAIN}sharedItems/*"))
        assert [int(one.attrib["x"]) for one in root.iter(f"{SLICED}i")] == list(range(items))
    assert sources == ["Ripe", "Channel", "Manager", "=HYPERLINK(1)"]


def test_every_slicer_has_a_frame_and_a_cache_and_a_name_of_its_own(package):
    names = []
    for number, part in enumerate(LISTS, start=1):
        slicers = [one.attrib for one in ElementTree.fromstring(package[part])]
        drawn = re.findall(r'<sle:slicer [^>]*name="([^"]+)"', package[f"xl/drawings/slicers{number}.xml"])
        assert drawn == [one["name"] for one in slicers]
        names += drawn
        sheet = package[f"xl/worksheets/sheet{number + 1}.xml"]
        rels = package[f"xl/worksheets/_rels/sheet{number + 1}.xml.rels"]
        for element, target in (("drawing", f"/xl/drawings/slicers{number}.xml"), ("x14:slicer", f"/{part}")):
            (relation,) = re.findall(rf'<{element} [^>]*r:id="([^"]+)"', sheet)
            assert re.search(rf'Id="{relation}"[^>]*Target="{target}"', rels)
    caches = {ElementTree.fromstring(package[name]).attrib["name"] for name in CACHES}
    assert {one.attrib["cache"] for one in ElementTree.fromstring(package[LISTS[0]])} == caches
    assert len(set(names)) == len(names) == 8
    defined = re.findall(r'<definedName name="(Slicer_\d)">#N/A<', package["xl/workbook.xml"])
    assert set(defined) == caches


def test_the_workbook_names_the_caches_in_their_order(package):
    root = ElementTree.fromstring(package["xl/workbook.xml"])
    listed = [one.attrib[f"{RELATION}id"] for one in root.iter(f"{SLICED}slicerCache")]
    targets = dict(re.findall(r'Id="([^"]+)"[^>]*Target="/([^"]+)"', package["xl/_rels/workbook.xml.rels"]))
    assert [targets[one] for one in listed] == CACHES


def test_programs_without_slicers_are_told_what_serves_instead(package):
    text = package["xl/drawings/slicers1.xml"]
    assert text.count("<mc:Fallback") == 4
    assert "Excel shows buttons here that filter by Channel." in text
