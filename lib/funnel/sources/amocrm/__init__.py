"""amoCRM (Kommo) by its API: what is its own, beside what `api` does for all.

The way through: the settings and `credentials` say what to read, `client` asks, `wire` takes from the answers
only what is needed, `reading` walks the pages (`paging`) into the saved state, `gone` finds what was deleted
or merged, `references` reads the account's lists, `source` is all of it together.
"""

from funnel.settings_accounts import AmoSettings
from funnel.sources.amocrm.credentials import VENDOR, Credentials, from_environment
from funnel.sources.amocrm.source import Source, source
from funnel.sources.api.client import Pace
from funnel.sources.api.sync import Pulled, pull, suggest_mapping

__all__ = [
    "VENDOR",
    "AmoSettings",
    "Credentials",
    "Pace",
    "Pulled",
    "Source",
    "from_environment",
    "pull",
    "source",
    "suggest_mapping",
]
