from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import babel
import pytest
import yaml

from funnel.analysis.attention import shapes
from funnel.analysis.cohorts import durations
from funnel.analysis.forecast import ahead, reliability
from funnel.analysis.money import ltv
from funnel.present.parts import texts as module
from funnel.present.parts.texts import Texts, catalogue, placeholders
from funnel.settings import LANGUAGES, Settings

ROOT = Path(__file__).parents[4]
CALL = re.compile(r"""texts\.t\(\s*f?["']([a-z_0-9{}]+)["']""")
SHORTCODE = re.compile(r"{{<\s*var\s+t\.([a-z_0-9]+)\s*>}}")


def test_both_languages_say_the_same_things() -> None:
    english, russian = catalogue("en"), catalogue("ru")
    assert english.keys() == russian.keys()
    for key in english:
        assert placeholders(english[key]) == placeholders(russian[key]), key
        assert isinstance(english[key], dict) == isinstance(russian[key], dict), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plural_text_has_every_form_of_its_language(language: str) -> None:
    wanted = babel.Locale.parse(language).plural_form.tags | {"other"}
    for key, entry in catalogue(language).items():
        if isinstance(entry, dict):
            assert entry.keys() == wanted, key
            assert all("n" in placeholders(form) for form in entry.values()), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_written_twice(language: str) -> None:
    path = Path(module.__file__).parents[1] / "locale" / f"{language}.yml"
    node = yaml.compose(path.read_text(encoding="utf-8"))
    keys = [key.value for key, _ in node.value]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_in_texts_are_those_of_the_methods(language: str) -> None:
    said = {
        "note_ltv": {ltv.FEW},
        "few_payments_ltv": {ltv.FEW},
        "note_durations": {durations.FEW, 80},
        "doubt_few_conversions": {reliability.FEW},
        "note_track": set(ahead.AHEAD),
        "shape_overload_is": {shapes.VOLUME_WEEKS},
    }
    for key, numbers in said.items():
        text = re.sub(r"{[^}]*}", "", str(catalogue(language)[key]))
        assert {int(found) for found in re.findall(r"\d+", text)} == numbers, key


def test_every_text_asked_for_exists() -> None:
    code = [*(ROOT / "lib").rglob("*.py"), *(ROOT / "notebooks").glob("*.ipynb")]
    asked = {key for path in code for key in CALL.findall(path.read_text(encoding="utf-8"))}
    asked |= {
        key for path in ROOT.glob("*.qmd") for key in SHORTCODE.findall(path.read_text(encoding="utf-8"))
    }
    assert {"title", "sec_history"} <= asked
    missing = []
    for key in sorted(asked):  # a part in braces, or an open end after `_`, is filled by the program
        pattern = re.sub(r"{[^}]*}", ".+", key) + (".+" if key.endswith("_") else "")
        if not any(re.fullmatch(pattern, name) for name in catalogue("en")):
            missing.append(key)
    assert missing == []


def test_an_unknown_text_is_the_programmers_error() -> None:
    with pytest.raises(KeyError):
        Texts("en").t("no_such_text")
    with pytest.raises(KeyError):
        Texts("en").t("subtitle")


@pytest.mark.parametrize(
    ("n", "english", "russian"),
    [(0, "0 leads", "0 лидов"), (1, "1 lead", "1 лид"), (2, "2 leads", "2 лида"),
     (11, "11 leads", "11 лидов"), (21, "21 leads", "21 лид"), (112, "112 leads", "112 лидов"),
     (1000, "1,000 leads", "1\xa0000 лидов")],
)  # fmt: skip
def test_counted_nouns(n: int, english: str, russian: str) -> None:
    assert (Texts("en").t("n_leads", n=n), Texts("ru").t("n_leads", n=n)) == (english, russian)


def test_numbers_of_the_reference_reading() -> None:
    en, ru = Texts("en"), Texts("ru")
    assert [en.percent(236 / 558), en.percent(23 / 558, 2)] == ["42\xa0%", "4.12\xa0%"]
    assert [ru.percent(236 / 558), ru.percent(23 / 558, 2)] == ["42\xa0%", "4,12\xa0%"]
    assert ru.money(Decimal("1234567.80"), "RUB") == "1\xa0234\xa0568\xa0₽"
    assert ru.week(dt.date(2022, 9, 12)) == "12.09.2022 – 18.09.2022"
    assert en.week(dt.date(2021, 12, 27)) == "27 Dec 2021 – 2 Jan 2022"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_what_cannot_be_computed_is_a_dash(value: float) -> None:
    texts = Texts("en")
    assert {
        texts.number(value),
        texts.percent(float(value)),
        texts.change(float(value)),
        texts.money(value, "EUR"),
    } == {"–"}


def test_a_change_has_a_sign_unless_it_rounds_to_nothing() -> None:
    texts = Texts("en")
    assert [texts.change(x) for x in (0.216, -0.3, 0.004, -0.004, 0.0)] == [
        "+22\xa0%",
        "−30\xa0%",
        "0\xa0%",
        "0\xa0%",
        "0\xa0%",
    ]


def test_texts_for_the_page_need_nothing_filled_in() -> None:
    plain = Texts("ru").plain()
    assert plain["sec_narrative"] == "Что мы видим"
    assert not any("{" in text for text in plain.values())


def test_a_name_in_the_other_language_is_better_than_a_key() -> None:
    made = Settings.model_validate(
        {
            "stages": [{"key": "won_deal", "name": {"en": "Won deal"}}, {"key": "bare"}],
            "attributes": {"mgr": {"ru": "Менеджер", "personal": "allowed"}, "src": {"personal": "allowed"}},
        }
    )
    assert Texts("ru").stage("won_deal", made) == "Won deal"
    assert Texts("en").stage("bare", made) == "bare"
    assert Texts("en").attribute("mgr", made) == "Менеджер"
    assert Texts("en").attribute("src", made) == "src"
