"""Which ad spend brought which leads: by the marks that ads put on links, or by a mapping somebody keeps.

A platform's names of channels and campaigns are replaced with those the leads bear, so that spend and leads
meet wherever costs are told. Nothing is dropped: spend whose names no lead bears keeps its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from urllib.parse import unquote_plus

import pandas as pd

from funnel.gate.attributes import Names, most_used, named
from funnel.schema import require
from funnel.settings_sources import SpendName
from funnel.validation import one_writing

CAMPAIGN_ID, CAMPAIGN, CHANNEL, UNKNOWN = "campaign_id", "campaign", "channel", ""
"""How the names of a row of spend were found among the leads': by the campaign's id, by its name; by the
channel where its leads bear no campaigns; not at all."""
SEVERAL = "several"
"""Not found either: leads bear the name in several writings, and none of them is the one of the spend."""
_KEYS = ("channel", "campaign", "campaign_id")


def match_spend(
    spend: pd.DataFrame, names: pd.DataFrame, mapping: Sequence[SpendName] = (), values: Names | None = None
) -> pd.DataFrame:
    """Give ad spend the leads' own names of channel and campaign.

    The first row of the mapping that fits replaces the platform's names, and a writing that the settings know
    is replaced with its name. The channel is then sought among
    the leads' channels, the campaign among the campaigns of that channel's leads: by its id, then by its
    name. A name that leads bear just so is meant first. Otherwise names are compared as links carry them:
    decoded, capitals and outer spaces make no difference, if only one of the leads' names fits then.

    Args:
        spend: one row per day and campaign: `channel`, `campaign`, `campaign_id`, and whatever else.
        names: one row per `channel` and `campaign` that leads bear; without the column `campaign` where they
            bear none.
        mapping: the key `spend_mapping` of the settings.
        values: the key `values` of the settings.

    Returns:
        The rows given, in order, with `channel`, `campaign` replaced and `matched_by` (`campaign_id`,
        `campaign`; `channel` where leads bear no campaign; '' where no lead bears these names, `several`
        where several names of leads differ from it in writing alone). Names that no lead bears are in the
        writing that most rows have.

    >>> spend = pd.DataFrame({"channel": ["Yandex", "vk"], "campaign": ["Spring Sale", "Brand"],
    ...     "campaign_id": ""})
    >>> names = pd.DataFrame({"channel": ["yandex"], "campaign": ["spring+sale"]})
    >>> match_spend(spend, names)[["channel", "campaign", "matched_by"]].values.tolist()
    [['yandex', 'spring+sale', 'campaign'], ['vk', 'Brand', '']]
    """
    require(spend, _KEYS, "spend")
    require(names, ("channel",), "names")
    channels = _Borne(name for name in names["channel"] if _word(name))
    campaigns = _campaigns(names) if "campaign" in names else None
    keys = spend[list(_KEYS)].fillna("").astype(str)
    found = {
        key: _one(key, channels, campaigns, mapping, values or {})
        for key in keys.drop_duplicates().itertuples(index=False, name=None)
    }
    each = [found[key] for key in keys.itertuples(index=False, name=None)]
    columns = ("channel", "campaign", "matched_by")
    matched = spend.assign(
        **{name: pd.Series([row[at] for row in each], spend.index, object) for at, name in enumerate(columns)}
    )
    return matched.assign(
        **{name: _in_one_writing(matched[name], set(names.get(name, ()))) for name in columns[:2]}
    )


def _in_one_writing(given: pd.Series, borne: Collection[str]) -> pd.Series:
    """Return names with those that no lead bears in the writing that most rows have."""
    left = given[~given.isin(borne)]
    shown: dict[str, str] = {}
    for name in most_used(left, pd.Series(1, left.index)):
        shown.setdefault(one_writing(name), name)
    other = {name: shown[one_writing(name)] for name in left.unique()}
    return pd.Series([other.get(name, name) for name in given], given.index, object)


class _Borne:
    """Names that leads bear, to be found by another writing of them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._own = {str(name) for name in names}
        self._by_word: dict[str, list[str]] = {}
        for name in sorted(self._own):
            self._by_word.setdefault(_word(name), []).append(name)

    def fit(self, name: str) -> list[str]:
        """Return the names meant: the very same one, else all that differ from it in writing alone."""
        return [name] if name in self._own else self._by_word.get(_word(name), [])


def _campaigns(names: pd.DataFrame) -> dict[str, _Borne]:
    """Return channel -> the campaigns of its leads."""
    return {str(channel): _Borne(part["campaign"]) for channel, part in names.groupby("channel")}


def _one(
    key: tuple[str, ...],
    channels: _Borne,
    campaigns: Mapping[str, _Borne] | None,
    mapping: Sequence[SpendName],
    values: Names,
) -> tuple[str, str, str]:
    """Return channel, campaign and how they were found, of one channel, campaign and id of the spend."""
    channel, campaign, id_ = key
    rule = next((rule for rule in mapping if _holds(rule, channel, campaign)), None)
    if rule is not None:
        channel, campaign = rule.lead_channel or channel, rule.lead_campaign or campaign
        id_ = "" if rule.lead_campaign else id_
    channel = named(values.get("channel", {})).get(one_writing(channel), channel)
    campaign = named(values.get("campaign", {})).get(one_writing(campaign), campaign)
    meant = channels.fit(channel)
    if len(meant) != 1:
        return channel, campaign, SEVERAL if meant else UNKNOWN
    channel = meant[0]
    if campaigns is None:
        return channel, campaign, CHANNEL
    by_id = campaigns[channel].fit(id_) if _word(id_) else []
    by_name = campaigns[channel].fit(campaign)
    for fitting, how in ((by_id, CAMPAIGN_ID), (by_name, CAMPAIGN)):
        if len(fitting) == 1:
            return channel, fitting[0], how
    return channel, campaign, SEVERAL if by_id or by_name else UNKNOWN


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
