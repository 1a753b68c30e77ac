"""Spend finds its leads by id, by name, or by the mapping somebody keeps; what finds none keeps its names."""

from decimal import Decimal

import pandas as pd
import pytest

from funnel.analysis.money.spend_match import match_spend
from funnel.settings_sources import SpendName

NAMES = pd.DataFrame(
    [("yandex", "brand_msk"), ("yandex", "777"), ("vk", "Лето%202026"), ("vk", ""), ("", "stray")],
    columns=["channel", "campaign"],
)


def spend(*rows: tuple[str, str | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["channel", "campaign", "campaign_id"])
    return frame.assign(cost=[Decimal(number + 1) for number in range(len(rows))])


def found(given: pd.DataFrame, *rules: SpendName, names: pd.DataFrame = NAMES) -> list[tuple[str, str, str]]:
    matched = match_spend(given, names, rules)
    assert matched["cost"].tolist() == given["cost"].tolist()
    return list(matched[["channel", "campaign", "matched_by"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    "row, expected",
    [
        (("Yandex", "Brand_MSK ", "1"), ("yandex", "brand_msk", "campaign")),
        (("yandex", "Whatever", "777"), ("yandex", "777", "campaign_id")),
        (("vk", "лето 2026", ""), ("vk", "Лето%202026", "campaign")),
        (("vk", None, None), ("vk", "", "campaign")),
        (("yandex", None, None), ("yandex", "", "")),
        (("vk", "brand_msk", "777"), ("vk", "brand_msk", "")),  # of another channel
        (("radio", "brand_msk", ""), ("radio", "brand_msk", "")),
        (("", "stray", ""), ("", "stray", "")),
    ],
)
def test_by_id_by_name_and_what_is_left(
    row: tuple[str, str | None, str | None], expected: tuple[str, str, str]
) -> None:
    assert found(spend(row)) == [expected]


def test_the_very_same_name_comes_first_and_another_writing_only_where_it_is_the_only_one() -> None:
    names = pd.DataFrame(
        [
            ("vk", "Brand"),
            ("vk", "brand"),
            ("vk", "Sale"),
            ("VK", "Sale"),
            ("web", "Лето%2026"),
            ("web", "One"),
        ],
        columns=["channel", "campaign"],
    )
    given = spend(
        ("vk", "Brand", ""), ("vk", "brand", ""), ("vk", "BRAND", ""), ("vk", "sale", ""), ("VK", "Sale", ""),
        ("Vk", "Sale", ""), ("WEB", "ONE", ""),
    )  # fmt: skip
    assert found(given, names=names) == [
        ("vk", "Brand", "campaign"),
        ("vk", "brand", "campaign"),
        ("vk", "BRAND", "several"),
        ("vk", "Sale", "campaign"),
        ("VK", "Sale", "campaign"),
        ("Vk", "Sale", "several"),
        ("web", "One", "campaign"),
    ]
    rule = SpendName(channel="vk", campaign="BRAND", lead_campaign="brand")
    assert found(spend(("vk", "BRAND", "")), rule, names=names) == [("vk", "brand", "campaign")]


def test_the_first_rule_that_fits_comes_before_names_and_ids() -> None:
    rules = (
        SpendName(channel="VK", campaign="осень [*", lead_campaign="лето 2026"),
        SpendName(channel="vk", lead_channel="yandex"),
        SpendName(campaign="brand_msk", lead_channel="vk", lead_campaign=""),
    )
    given = spend(
        ("vk", "Осень [2026]", "777"), ("vk", "x", "777"), ("yandex", "brand_msk", ""), ("vk", "y", "")
    )
    assert found(given, *rules) == [
        ("vk", "Лето%202026", "campaign"),
        ("yandex", "777", "campaign_id"),
        ("vk", "brand_msk", ""),
        ("yandex", "y", ""),
    ]


def test_where_leads_bear_no_campaign_the_channel_is_enough() -> None:
    names = pd.DataFrame({"channel": ["yandex", ""]})
    assert found(spend(("Yandex", "x", ""), ("vk", "x", "")), names=names) == [
        ("yandex", "x", "channel"), ("vk", "x", ""),
    ]  # fmt: skip


def test_no_spend_and_no_names() -> None:
    assert found(spend()) == []
    assert found(spend(("vk", "x", "")), names=NAMES.iloc[:0]) == [("vk", "x", "")]
