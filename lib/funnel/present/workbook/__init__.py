"""`workbook.xlsx`: what the meeting's Excel user opens: native pivots, the cohort table, lists."""

from funnel.present.workbook.contents import Contents, Listing, Shown
from funnel.present.workbook.write import write_workbook

__all__ = ["Contents", "Listing", "Shown", "write_workbook"]
