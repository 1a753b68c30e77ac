"""What an analyst may set about data that come from elsewhere: a CRM, and ad costs.

These are the keys `ad_costs:` and `spend_mapping:` of `funnel.yml`, and those of `settings_accounts` and
`settings_exports`; `funnel.settings` takes them in.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from funnel.settings_accounts import (
    Account,
    AmoSettings,
    BitrixSettings,
    HubSpotSettings,
    PipedriveSettings,
)
from funnel.settings_events import Events
from funnel.settings_exports import Export, Wide
from funnel.settings_files import Block, Blocks, CanonicalRules, Currency, Frozen, Limits, Name, Writings
from funnel.settings_links import CrmUrl


def _yes_or_no(value: object) -> object:
    """Take YAML's own yes and no, which are true and false, back to words."""
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


Given = TypeVar("Given", bound=Account)
Perhaps = Annotated[Given | None, BeforeValidator(lambda given: given or None)]
"""An account; an empty one is none."""
Declared = TypeVar("Declared", Export, Wide, Events)
Vat = Annotated[Literal["yes", "no", "unknown"], BeforeValidator(_yes_or_no)]


class AdFile(Frozen):
    """What the files of one ad account do not say themselves.

    Attributes:
        platform: yandex, vk, google, meta, plain; by default the header tells.
        account: the account, where a file does not name it.
        channel: what the leads' channel is called; by default the platform.
        currency: of the costs, where the file does not say it.
        vat: whether the costs hold VAT: yes, no or unknown.
        micros: whether costs are millionths (the report API of Yandex.Direct unless told otherwise).
        dates: how dates such as 03/04/2026 are written; by default the column itself must settle it.
        spread: a row of several days is spread over them evenly; by default it is refused.
    """

    platform: Literal["yandex", "vk", "google", "meta", "plain"] | None = None
    account: str = ""
    channel: str = ""
    currency: Currency | None = None
    vat: Vat = "unknown"
    micros: bool | None = None
    dates: Writings = ()
    spread: bool = False


class SpendName(Frozen):
    """How leads name what an ad platform names otherwise: a row of `spend_mapping`.

    Attributes:
        channel, campaign: of the spend; `*` stands for anything, and is the default.
        lead_channel, lead_campaign: what the leads bear instead; without one of them it stays as it is.
    """

    channel: Name = "*"
    campaign: Name = "*"
    lead_channel: str = ""
    lead_campaign: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> SpendName:
        if not (self.lead_channel or self.lead_campaign):
            raise ValueError("give lead_channel, lead_campaign or both: what the leads bear")
        return self


class Sources(Frozen):
    """The keys of `funnel.yml` about files that come from elsewhere.

    Attributes:
        amocrm, bitrix24, hubspot, pipedrive: the account that `funnel sync` reads, and its mapping; one of
            them at most, since ids of two CRMs may be the same.
        exports: a CRM's own exports of deals; a list where there are several kinds of them.
        wide: sheets of one's own with a date column for each stage, likewise.
        events: logs of a row for each lead that came to a stage, likewise.
        files: name of canonical files (`*` stands for anything, such as `leads.csv`) -> how they write dates
            and amounts, and what they call the stages.
        limits: how much a file may unfold to.
        ad_costs: name of files (`*` stands for anything, such as `yandex_*.csv`) -> what they do not say
            themselves.
        spend_mapping: the leads' names for channels and campaigns of the ad spend; the first row that fits
            holds.
        crm_url: the address of a lead in the CRM, `{id}` standing for its id, for the workbook's lists; or,
            by what the ids begin with (`id_prefix`), an address for each CRM.
    """

    amocrm: Perhaps[AmoSettings] = None
    bitrix24: Perhaps[BitrixSettings] = None
    hubspot: Perhaps[HubSpotSettings] = None
    pipedrive: Perhaps[PipedriveSettings] = None
    exports: Blocks[Export] | None = None
    wide: Blocks[Wide] | None = None
    events: Blocks[Events] | None = None
    files: dict[Name, CanonicalRules] = Field(default_factory=dict)
    limits: Limits = Limits()
    ad_costs: dict[Name, AdFile] = Field(default_factory=dict)
    spend_mapping: tuple[SpendName, ...] = ()
    crm_url: CrmUrl = Field(default_factory=dict)

    @model_validator(mode="after")
    def _told_apart(self) -> Sources:
        blocks = self.of_exports
        by_header = [block.profile for block in blocks if not block.files]
        if len(set(by_header)) < len(by_header):
            raise ValueError(
                "exports: nothing tells the files of two blocks apart; give each block files (names; * "
                "stands for anything), or another profile"
            )
        for key, several in (("exports", blocks), ("wide", self.of_wide)):
            if len({block.keeps for block in several}) > 1:
                raise ValueError(f"{key}: keeps is first in one block and last in another; choose one")
        return self

    @property
    def of_exports(self) -> tuple[Export, ...]:
        """The blocks of `exports`."""
        return _several(self.exports)

    @property
    def of_wide(self) -> tuple[Wide, ...]:
        """The blocks of `wide`."""
        return _several(self.wide)

    @property
    def of_events(self) -> tuple[Events, ...]:
        """The blocks of `events`."""
        return _several(self.events)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts that are read by their API."""
        given = (self.amocrm, self.bitrix24, self.hubspot, self.pipedrive)
        return tuple(account for account in given if account is not None)

    @property
    def account(self) -> Account | None:
        """The account that `funnel sync` reads."""
        return next(iter(self.accounts), None)

    def ad_file(self, name: str) -> AdFile | None:
        """Return what is set for an ad-cost file, by the first pattern that fits its name."""
        return next((item for pattern, item in self.ad_costs.items() if fits(name, (pattern,))), None)

    def file_rules(self, name: str) -> CanonicalRules:
        """Return how a canonical file writes dates and amounts, by the first pattern that fits its name."""
        found = (item for pattern, item in self.files.items() if fits(name, (pattern,)))
        return next(found, CanonicalRules())


def _several(given: Block | tuple[Block, ...] | None) -> tuple[Block, ...]:
    return given if isinstance(given, tuple) else () if given is None else (given,)


def named(name: str, blocks: Sequence[Declared]) -> Declared | None:
    """Return the first block whose `files` fit a file's name."""
    return next((block for block in blocks if fits(name, block.files)), None)


def fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether a file's name fits one of some patterns; capitals make no difference.

    >>> fits("Leads_wide_2026.CSV", ["leads_wide*.csv"])
    True
    """
    return any(fnmatch.fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns)


def stage_problems(sources: Sources, stage_keys: Sequence[str]) -> list[str]:
    """Return what in the sources' settings does not fit the funnel's stages, or one another."""
    exports = (*sources.of_exports, *sources.of_wide)
    wrong = [
        text
        for parts in (sources.accounts, exports, sources.of_events)
        for part in parts
        for text in part.problems(stage_keys)
    ]
    wrong += [text for name, rules in sources.files.items() for text in rules.problems(name, stage_keys)]
    if len(sources.accounts) > 1:
        named = " and ".join(account.key for account in sources.accounts)
        wrong.append(
            f"{named}: one account at most is read by its API, since ids of two CRMs may be the same; bring "
            "the other by its export"
        )
    return wrong
