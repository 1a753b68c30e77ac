"""What an analyst may set, and what is said when it is wrong."""

from pathlib import Path

import pytest

from funnel.errors import MissingError, SettingsError
from funnel.settings import Settings, load
from funnel.settings_targets import WhatIf

GOOD = "stages: [{key: target}, {key: sale}]\n"


def settings_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "funnel.yml"
    path.write_text(text, encoding="utf-8")
    return path


def message(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(settings_file(tmp_path, text))
    return str(caught.value)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(settings_file(tmp_path, GOOD + "archive: old/editions\n"))
    assert settings.path("archive") == tmp_path.resolve() / "old/editions"


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="funnel --config PATH COMMAND"):
        load(tmp_path / "funnel.yml")


def test_an_unknown_key_names_the_nearest_and_all_that_are_allowed(tmp_path: Path) -> None:
    text = message(tmp_path, GOOD + "timezon: UTC\n")
    assert "did you mean 'timezone'?" in text
    assert "horizon_weeks" in text


def test_an_unknown_key_inside_a_stage_is_told_with_the_keys_of_a_stage(tmp_path: Path) -> None:
    text = message(tmp_path, "stages: [{key: target, nam: {en: x}}]\n")
    assert "stages.0.nam: unknown key; did you mean 'name'?; allowed: key, name" in text


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = message(tmp_path, GOOD + "timezone: Mars/Base\ncohorts: one\nlanguage: de\n")
    assert "'Mars/Base' is not a time zone" in text
    assert "key cohorts" in text
    assert "'de' is not allowed; allowed: en, ru" in text


@pytest.mark.parametrize("key", ["lead", "lost", "sale"])
def test_stage_keys_differ_and_two_words_are_reserved(tmp_path: Path, key: str) -> None:
    assert "reserved" in message(tmp_path, f"stages: [{{key: sale}}, {{key: {key}}}]\n")


def test_more_stages_than_any_query_bears_are_told(tmp_path: Path) -> None:
    stages = ", ".join(f"{{key: s{n}}}" for n in range(101))
    assert "101 are too many; allowed: at most 100" in message(tmp_path, f"stages: [{stages}]\n")


def test_a_slice_must_be_an_attribute(tmp_path: Path) -> None:
    text = message(tmp_path, GOOD + "attributes: {channel: {}}\nslices: [chanel]\n")
    assert "did you mean 'channel'?" in text


def test_the_smallest_cell_of_the_explorer_is_a_number_of_leads(tmp_path: Path) -> None:
    assert load(settings_file(tmp_path, GOOD)).explorer.min_cell == 1
    assert load(settings_file(tmp_path, GOOD + "explorer: {min_cell: 5}\n")).explorer.min_cell == 5
    assert "did you mean 'min_cell'?" in message(tmp_path, GOOD + "explorer: {min_cel: 5}\n")
    assert "explorer.min_cell" in message(tmp_path, GOOD + "explorer: {min_cell: 0}\n")


def test_broken_yaml_names_file_and_line(tmp_path: Path) -> None:
    assert "funnel.yml, line 2" in message(tmp_path, "stages: []\nx: ]\n")


@pytest.mark.parametrize("text", ["", "- a\n", "just words\n"])
def test_a_file_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    assert "holds no keys" in message(tmp_path, text)


def test_the_folder_of_the_project_cannot_be_set(tmp_path: Path) -> None:
    assert "root: is not to be set here" in message(tmp_path, GOOD + "root: /\n")


def test_a_key_written_twice_is_told_with_both_lines_and_with_everything_else(tmp_path: Path) -> None:
    text = message(
        tmp_path,
        GOOD + "currency: RUB\nattributes:\n  channel: {}\n  region: {}\n  channel: {}\n"
        "language: de\ncurrency: USD\n",
    )
    assert "line 8: key 'currency' is in line 2 already; to do: keep one" in text
    assert "line 6: key 'channel' is in line 4 already" in text
    assert "'de' is not allowed" in text


def test_merged_and_repeated_parts_are_no_key_written_twice(tmp_path: Path) -> None:
    plain = "stages: [&a {key: target, name: &n {en: T}}, {<<: *a, key: sale, name: *n}]\n"
    assert load(settings_file(tmp_path, plain)).stage_keys == ("target", "sale")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("stages: [talk]", "key stages.0: 'talk' has no keys; allowed: a mapping with the keys key, name, "),
        ("stages: [{key: Offer}]", "stages.0.key: 'Offer' is not of the form wanted; did you mean 'offer'?"),
        ("stages: talk", "key stages: 'talk' is no list; allowed: a list, such as [talk]"),
        ("stages: []", "key stages: is empty; allowed: at least one"),
        (
            "stages: [{key: offer, name: Offer}]",
            "key stages.0.name: 'Offer' has no keys; allowed: a text by language (en, ru), "
            "such as {en: Offer, ru: Offer}",
        ),
        ("stages: [{key: a, name: {de: A}}]", "stages.0.name: the key 'de' is not allowed; allowed: en, ru"),
        (GOOD + "currency: usd", "did you mean 'USD'?; allowed: three capital Latin letters, such as USD"),
        (GOOD + "rates: {eur: 90}", "rates: the key 'eur' is not of the form wanted; did you mean 'EUR'?"),
        (GOOD + "rates: {EUR: -1}", "key rates.EUR: -1 is out of range; allowed: greater than 0"),
        (GOOD + "cohorts: one", "key cohorts: 'one' is no whole number"),
        (GOOD + "plan: {2022-02-31: 5}", "plan: the key '2022-02-31' is no week or month; allowed: 20"),
        (GOOD + "plan: {2022-10-03: -1}", "key plan.2022-10-03.leads: -1 is out of range; allowed: at "),
        (GOOD + "plan: {2022-10: {lead: 1}}", "key plan.2022-10.lead: unknown key; did you mean 'leads'?"),
        (GOOD + "plan: {2022-10: {}}", "plan.2022-10: it plans nothing; give leads, sales, revenue or by"),
        (GOOD + "plan: {2022-10-03: 5, 2022-10-04: 6}", "2022-10-03, 2022-10-04: one week is planned twice"),
        (GOOD + "1: 2", "key 1: unknown key; allowed: amocrm, bitrix24, hubspot, pipedrive, exports, "),
        (GOOD + "wide: {stages: {sale: S}}", "key wide.files: is missing; to do: add this key"),
        (GOOD + "what_if: [{stage: sale, change: 5}]", "'5' may be +5 % or +500%; to do: write 5% or 500%"),
        (GOOD + "what_if: [{stage: sale, change: 50}]", "'50' is +5000 %; allowed: more than -100%"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_value_is_said_in_our_words(tmp_path: Path, line: str, says: str) -> None:
    text = message(tmp_path, line + "\n")
    assert says in text
    assert len(text.splitlines()) == 2  # and nothing that only follows from it


@pytest.mark.parametrize(
    "value", ["[]", "{}", "{x: {y: z}}", "[[1]]", "''", "-1.5", "x y", "~", "[{x: 1}]", ".inf"]
)
def test_no_value_of_any_key_brings_pydantic_s_own_words(tmp_path: Path, value: str) -> None:
    keys = [key for key in Settings.model_fields if key != "root"]
    text = message(tmp_path, "".join(f"{key}: {value}\n" for key in keys))
    for words in (
        "Input should",
        "valid ",
        "Tuple",
        "Field required",
        "String should",
        "Value error",
        "[key]",
    ):
        assert words not in text
    assert "cannot be used" not in "\n".join(text.splitlines()[1:])


def test_a_change_is_read_as_people_write_it(tmp_path: Path) -> None:
    questions = "".join(
        f"  - {{stage: sale, change: {text}}}\n" for text in ("20%", "+20 %", "-0.1", "'-10,5%'")
    )
    asked = load(settings_file(tmp_path, GOOD + "what_if:\n" + questions)).what_if
    assert [item.change for item in asked] == [0.2, 0.2, -0.1, -0.105]


def test_a_change_that_a_program_kept_is_not_judged_again() -> None:
    kept = WhatIf(stage="sale", change=5).model_dump(mode="json")
    assert WhatIf.model_validate(kept).change == 5


def test_a_country_is_known_by_its_code_and_norway_is_not_no(tmp_path: Path) -> None:
    assert load(settings_file(tmp_path, GOOD + "country: RU\n")).country == "RU"
    assert load(settings_file(tmp_path, GOOD + "country: NO\n")).country == "NO"
    assert "allowed: an ISO code such as RU" in message(tmp_path, GOOD + "country: Atlantis\n")


@pytest.mark.parametrize(
    "line",
    ["rates: {USD: 1e999999999}", "plan: {2022-09-05: 1e300}", "limits: {columns: 99999999999999999999}"],
)
def test_numbers_beyond_all_bounds_are_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "funnel.yml"
    path.write_text(f"stages: [{{key: sale}}]\n{line}\n")
    with pytest.raises(SettingsError, match="out of range; allowed: at most"):
        load(path)


@pytest.mark.parametrize("run", ["/", ".", "..", "../other", "in/../.."])
def test_what_may_be_deleted_lies_in_the_project(tmp_path: Path, run: str) -> None:
    assert "everything in it may be deleted" in message(tmp_path, f"stages: [{{key: sale}}]\nrun: {run}")


def test_the_address_of_a_lead_is_for_all_ids_or_for_each_beginning_of_them(tmp_path: Path) -> None:
    one = "https://acme.amocrm.ru/leads/detail/{id}"
    assert load(settings_file(tmp_path, GOOD)).crm_url == {}
    assert load(settings_file(tmp_path, GOOD + f"crm_url: {one}\n")).crm_url == {"": one}
    several = load(
        settings_file(tmp_path, GOOD + f'crm_url: {{hs-: "https://x.de/{{id}}", amo-: "{one}"}}\n')
    )
    assert several.crm_url == {"hs-": "https://x.de/{id}", "amo-": one}
    assert several.model_validate(several.model_dump(mode="json")) == several.model_copy(
        update={"root": Path()}
    )


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (
            "http://acme.ru/{id}",
            "does not begin with https://; allowed: the address of a lead, such as https://",
        ),
        ("javascript:alert(1)//{id}", "does not begin with https://"),
        ("https://user:secret@acme.ru/{id}", "has no plain host; allowed: a name without user or password"),
        ("https://{id}.acme.ru/", "has no plain host"),
        ("https:///leads/{id}", "has no plain host"),
        ("https://acme.ru/leads", "holds {id} 0 times; allowed: once"),
        ("https://acme.ru/{id}/{id}", "holds {id} 2 times"),
        ("https://acme.ru/{lead}/{id}", "is no address"),
        ('https://acme.ru/\\" onclick=\\"x/{id}', "is no address"),
        ("https://acme.ru/" + "a" * 1000 + "/{id}", "at most 1,000 of the signs"),
    ],
)
def test_what_is_no_address_of_a_lead_is_told(tmp_path: Path, address: str, says: str) -> None:
    assert says in message(tmp_path, GOOD + f'crm_url: "{address}"\n')


def test_a_wrong_value_is_told_with_its_line(tmp_path: Path) -> None:
    text = message(
        tmp_path,
        "stages:\n  - key: sale\n    name: 3\ncurrency: RBU\nfiles:\n  leads.csv:\n    timezone: Mars\n"
        "nosuch: 1\n",
    )
    assert "line 3, key stages.0.name: " in text
    assert "line 4, key currency: 'RBU' is no currency; allowed: an ISO code such as EUR" in text
    assert "line 7, key files.leads.csv.timezone: " in text
    assert "line 8, key nosuch: unknown key" in text


@pytest.mark.parametrize("key", ["archive", "warehouse", "run"])
def test_a_path_that_is_no_line_is_told(tmp_path: Path, key: str) -> None:
    text = message(tmp_path, GOOD + f'{key}: "a\\nError: none"\n')
    assert "a path holds a line break or a control character: 'a\\nError: none'" in text
