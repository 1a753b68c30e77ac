"""Every sentence of drafted narratives, counted again from the files alone; in full: `bench/sentences.py`."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import recount
import sentence_worlds
from recount_facts import FULL, RECOUNTS, Facts, Said, read_said

BENCH = Path(recount.__file__).parent
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
WORDS = ("stage", "verb", "parts", "attribute", "value", "week")


@pytest.fixture(scope="module", params=sentence_worlds.QUICK_ONES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place: Path = tmp_path_factory.mktemp("worlds") / request.param
    sentence_worlds.make(request.param, place)
    return place


def test_no_sentence_is_false(folder: Path) -> None:
    count, wrong = recount.false_in(folder)
    assert wrong == []
    assert count > 40


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_draft_is_made_of_what_was_said_and_of_nothing_else(folder: Path, language: str) -> None:
    date = json.loads((folder / "world.json").read_text())["date"]
    name = f"{date}.md" if language == "en" else f"{date}.{language}.md"
    values = json.loads((folder / "narrative" / ".drafted" / f"{name[:-3]}.json").read_text())["values"]
    draft = (folder / "narrative" / name).read_text(encoding="utf-8")
    draft = re.sub(r"\{\{< var n\.(\S+) >\}\}", lambda call: values[call[1]][-1], draft)
    for said in sorted(read_said(Facts(folder, language)), key=lambda one: -len(one.words)):
        draft = draft.replace(said.words, "")
    draft = re.sub(r"### .* \{#in-sec-\w+\}", "", draft)  # chapters, named by their titles
    assert re.sub(r"[-*.\s]", "", draft) == ""


def test_a_number_that_is_not_so_is_found(folder: Path) -> None:
    """Each number in a sentence that is counted in full, made half as large again."""
    tried, missed = 0, []
    for said in read_said(Facts(folder, "en")):
        if RECOUNTS[said.key].how != FULL:
            continue
        for name, value in said.values.items():
            number = NUMBER.search(str(value))
            if not number or name in WORDS or float(number[0].replace(",", "")) == 0:
                continue
            other = str(int(float(number[0].replace(",", "")) * 1.5) + 1)
            changed = replace(
                said, values={**said.values, name: str(value).replace(number[0], other, 1)}, wrong=[]
            )
            tried += 1
            missed += [changed] if not recount.look(changed) else []
    assert tried > 5
    assert missed == []


def test_a_key_that_nothing_recounts_is_false(folder: Path) -> None:
    said = Said("say_something_new", {}, "Something new.", Facts(folder, "en"))
    assert recount.look(said) == ["say_something_new: nothing recounts this key"]


def test_the_recount_imports_nothing_of_the_library() -> None:
    files = sorted(BENCH.glob("recount*.py"))
    assert len(files) >= 5
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [
            name
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        ]
        own = {"funnel", "companies", "catalogue", "cuts", "traits", "sentence_worlds"}
        assert not own & {name.partition(".")[0] for name in names}, path


def test_what_is_recounted_in_part_says_what_the_rest_rests_on() -> None:
    table = recount.table()
    for key, one in RECOUNTS.items():
        assert (one.how == "in part") == bool(one.rests), key
        assert f"| {key} |" in table
