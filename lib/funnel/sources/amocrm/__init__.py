"""amoCRM (Kommo) by its API: read politely, saved page by page, turned into canonical tables.

The way through: the settings and `credentials` say what to read, `hosts` where the token may go,
`client` asks, `wire` takes from the answers only what is needed, `reading` walks the pages into `state`,
`history` and `mapping` turn events into stage entries, `tables` makes the canonical tables, `sync` is the
pass as a whole.
"""

from funnel.settings_sources import AmoSettings
from funnel.sources.amocrm.client import Pace
from funnel.sources.amocrm.credentials import Credentials, from_environment
from funnel.sources.amocrm.hosts import at
from funnel.sources.amocrm.sync import Pulled, pull, suggest_mapping

__all__ = [
    "AmoSettings",
    "Credentials",
    "Pace",
    "Pulled",
    "at",
    "from_environment",
    "pull",
    "suggest_mapping",
]
