"""Files of amoCRM's (Kommo's) own export, CSV and XLSX: how leads stand on the day of the export.

`aliases` (what columns are called) -> `layout` (which column is which) -> `cells` (clean text; personal
columns were
never read) -> `stages` (pipeline and stage to the funnel's stage) -> `history` (what is new since the export
before).
`reading` walks them.
"""

from funnel.sources.exports.reading import read_exports

__all__ = ["read_exports"]
