"""Spend finds its leads by id, by name, or by the table somebody keeps; what finds none is counted."""

from decimal import Decimal

import pandas as pd
import pytest

from funnel.analysis.spend_match import match_spend
from funnel.errors import InputError


def spend(*rows: tuple[str, str | None, str, int], **more: object) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["channel", "campaign", "campaign_id", "cost"])
    frame["cost"] = [Decimal(cost) for cost in frame["cost"]]
    return frame.assign(**({"currency": "RUB", "vat_included": "no"} | more))


LEADS = pd.DataFrame({"value": ["brand_msk", "777", "Лето%202026", ""], "leads": [40, 30, 10, 20]})


def test_by_id_by_name_and_what_is_left() -> None:
    given = spend(
        ("yandex", "Brand_MSK ", "1", 100),
        ("yandex", "Whatever", "777", 50),
        ("vk", "лето 2026", "", 25),
        ("vk", "Осень", "9", 25),
        ("vk", None, "", 0),
    )
    matched = match_spend(given, LEADS)
    assert matched.spend["value"].tolist() == ["brand_msk", "777", "Лето%202026", "", ""]
    assert matched.spend["matched_by"].tolist() == ["campaign", "campaign_id", "campaign", "", ""]
    assert (matched.cost, matched.unmatched_cost, matched.unmatched_share) == (200, 25, 0.125)
    assert (matched.unmatched_leads, matched.unmatched_leads_share) == (20, 0.2)
    assert "value" not in given


def test_the_mapping_comes_first_campaign_before_channel() -> None:
    mapping = pd.DataFrame(
        [("vk", "", "brand_msk"), ("vk", "Осень", "777"), ("yandex", "Z", "nobody")],
        columns=["channel", "campaign", "value"],
    )
    matched = match_spend(
        spend(("VK", "Осень", "", 1), ("vk", "777", "", 1), ("yandex", "Z", "", 2)), LEADS, mapping
    )
    assert matched.spend["value"].tolist() == ["777", "brand_msk", ""]
    assert matched.unmatched_share == 0.5


def test_costs_that_cannot_be_added_up_are_refused() -> None:
    given = spend(
        ("a", "x", "", 1), ("b", "y", "", 1), currency=["RUB", "USD"], vat_included=["yes", "unknown"]
    )
    with pytest.raises(InputError) as caught:
        match_spend(given, LEADS)
    assert "several: RUB, USD" in str(caught.value)
    assert "unknown: b; yes: a" in str(caught.value)


def test_no_spend_and_no_leads_have_no_share() -> None:
    matched = match_spend(spend(), LEADS.iloc[:0])
    assert matched.unmatched_share != matched.unmatched_share
    assert matched.unmatched_leads_share != matched.unmatched_leads_share
