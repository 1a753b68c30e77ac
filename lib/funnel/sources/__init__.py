"""Files in, a `Batch` out: every row is either accepted in canonical form or set aside with the reason.

Files of foreign kinds (`foreign` tells them apart): `exports/` of amoCRM, `wide` sheets, `adcost/`;
`describe` says
what files hold before they are imported. The way of a canonical file: `recognise` (what is it?) -> `tabular`
(cells with row numbers; `csv_file`, `workbook`)
-> `headers` (which column is which) -> `convert` (typed columns; `instants`, `money`) -> `duplicates`.
`reading` walks it for all files; `rejects` writes what was set aside.
"""

from funnel.sources.describe import describe
from funnel.sources.reading import read
from funnel.sources.rejects import reasons, write_rejected

__all__ = ["describe", "read", "reasons", "write_rejected"]
