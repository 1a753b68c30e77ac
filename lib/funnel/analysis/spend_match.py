"""Which ad spend brought which leads: by the marks that ads put on links, or by a mapping somebody keeps.

A platform's names of channels and campaigns are replaced with those the leads bear, so that spend and leads
meet wherever costs are told. Nothing is dropped: spend whose names no lead bears keeps its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_plus

import pandas as pd

from funnel.schema import require
from funnel.settings_sources import SpendName

CAMPAIGN_ID, CAMPAIGN, CHANNEL, UNKNOWN = "campaign_id", "campaign", "channel", ""
"""How the names of a row of spend were found among the leads': by the campaign's id, by its name; by the
channel where its leads bear no campaigns; not at all."""
_KEYS = ("channel", "campaign", "campaign_id")


def match_spend(spend: pd.DataFrame, names: pd.DataFrame, mapping: Sequence[SpendName] = ()) -> pd.DataFrame:
    """Give ad spend the leads' own names of channel and campaign.

    The first row of the mapping that fits replaces the platform's names. The channel is then sought among
    the leads' channels, the campaign among the campaigns of that channel's leads: by its id, then by its
    name. Names are compared as links carry them: decoded, capitals and outer spaces make no difference.

    Args:
        spend: one row per day and campaign: `channel`, `campaign`, `campaign_id`, and whatever else.
        names: one row per `channel` and `campaign` that leads bear; without the column `campaign` where they
            bear none.
        mapping: the key `spend_mapping` of the settings.

    Returns:
        The rows given, in order, with `channel`, `campaign` replaced and `matched_by` (`campaign_id`,
        `campaign`; `channel` where leads bear no campaign; '' where no lead bears these names).

    >>> spend = pd.DataFrame({"channel": ["Yandex", "vk"], "campaign": ["Spring Sale", "Brand"],
    ...     "campaign_id": ""})
    >>> names = pd.DataFrame({"channel": ["yandex"], "campaign": ["spring+sale"]})
    >>> match_spend(spend, names)[["channel", "campaign", "matched_by"]].values.tolist()
    [['yandex', 'spring+sale', 'campaign'], ['vk', 'Brand', '']]
    """
    require(spend, _KEYS, "spend")
    require(names, ("channel",), "names")
    channels = {_word(name): name for name in names["channel"] if _word(name)}
    campaigns = _campaigns(names) if "campaign" in names else None
    keys = spend[list(_KEYS)].fillna("").astype(str)
    found = {
        key: _one(key, channels, campaigns, mapping)
        for key in keys.drop_duplicates().itertuples(index=False, name=None)
    }
    each = [found[key] for key in keys.itertuples(index=False, name=None)]
    columns = ("channel", "campaign", "matched_by")
    return spend.assign(
        **{name: pd.Series([row[at] for row in each], spend.index, object) for at, name in enumerate(columns)}
    )


def _campaigns(names: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return channel -> campaign as it is compared -> campaign as the leads bear it."""
    return {
        str(channel): {_word(name): name for name in part["campaign"]}
        for channel, part in names.groupby("channel")
    }


def _one(
    key: tuple[str, ...],
    channels: Mapping[str, str],
    campaigns: Mapping[str, Mapping[str, str]] | None,
    mapping: Sequence[SpendName],
) -> tuple[str, str, str]:
    """Return channel, campaign and how they were found, of one channel, campaign and id of the spend."""
    channel, campaign, id_ = key
    rule = next((rule for rule in mapping if _holds(rule, channel, campaign)), None)
    if rule is not None:
        channel, campaign = rule.lead_channel or channel, rule.lead_campaign or campaign
        id_ = "" if rule.lead_campaign else id_
    if _word(channel) not in channels:
        return channel, campaign, UNKNOWN
    channel = channels[_word(channel)]
    if campaigns is None:
        return channel, campaign, CHANNEL
    known = campaigns[channel]
    if _word(id_) and _word(id_) in known:
        return channel, known[_word(id_)], CAMPAIGN_ID
    if _word(campaign) in known:
        return channel, known[_word(campaign)], CAMPAIGN
    return channel, campaign, UNKNOWN


def _holds(rule: SpendName, channel: str, campaign: str) -> bool:
    return fits_name(channel, rule.channel) and fits_name(campaign, rule.campaign)


def fits_name(name: str, pattern: str) -> bool:
    """Whether a name, as links carry it, fits a pattern; only `*` is special, since names hold brackets.

    >>> fits_name("Brand [MSK] 2026", "brand [msk]*"), fits_name("Brand", "brand ?")
    (True, False)
    """
    words = ".*".join(re.escape(part) for part in _word(pattern).split("*"))
    return re.fullmatch(words, _word(name), re.DOTALL) is not None


def _word(text: object) -> str:
    """Return a name as it is compared, decoded as links encode it.

    >>> _word("%D0%9B%D0%B5%D1%82%D0%BE+2026")
    'лето 2026'
    """
    return " ".join(unquote_plus(str(text)).split()).casefold()
