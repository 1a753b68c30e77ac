"""Files in, a `Batch` out: every row is either accepted in canonical form or set aside with the reason.

The way of a canonical file: `recognise` (what is it?) -> `tabular` (cells with row numbers; `csv_file`,
`workbook`) -> `headers` (which column is which) -> `convert` (typed columns; `instants`, `money`) ->
`duplicates`. Other files are
of a kind: `kinds/` has one file for each, found by being there (`exports/` reads any CRM's deals by its
`profiles/` and wide sheets, `events/` logs, `adcost/` ad costs); `tables` opens all of them by content.
`reading` walks them; `rejects` writes what was set aside; `describe` says what files hold before they are
imported, `proposal` which settings they need.
"""

from funnel.sources.describe import describe
from funnel.sources.proposal import Proposal
from funnel.sources.reading import read
from funnel.sources.recognise import proposal
from funnel.sources.rejects import reasons, write_rejected

__all__ = ["Proposal", "describe", "proposal", "read", "reasons", "write_rejected"]
