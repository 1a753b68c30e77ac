"""Files of deals of any CRM, and wide sheets: one reader, told by a declaration and by the CRM's profile.

`matching` (whose file is it?) -> `layout` (which column means what) -> `columns` (clean cells, one row a
deal) -> `file` (dates; where each lead stands: `stages`, `outcome`) -> `dated` (columns of dates) and
`history` (what is new since the file before) -> `reading` (parts of the tables). `proposal` says which
settings a file needs.
"""

from funnel.sources.exports.deals import read_files

__all__ = ["read_files"]
