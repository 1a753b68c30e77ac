"""Who waits too long: the list of leads for the workbook, and the counts for the pages."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from funnel.analysis.cohorts.durations import waiting_limits
from funnel.dates import AsOf
from funnel.gate.personal import BLOT
from funnel.settings import Settings
from funnel.settings_links import lead_url
from funnel.warehouse import Warehouse


def waiting_leads(
    warehouse: Warehouse, settings: Settings, as_of: AsOf, attributes: Sequence[str] = ()
) -> pd.DataFrame:
    """List the open leads that wait longer than nine of ten did that moved on: for the workbook only.

    Args:
        warehouse: open for reading.
        settings: stages, horizon and `crm_url`.
        as_of: the two clocks.
        attributes: shown beside, such as the manager.

    Returns:
        One row per lead, those furthest in the funnel first and of one stage the longest wait first: the
        columns of `warehouse.waiting.long_waiting`, and `crm_url` (its page in the CRM, https; '' where the
        settings name none, or the id was blotted as personal). At most 10,000 rows; `long_waiting` tells how
        many there are.

    Raises:
        InputError: an attribute is not in the leads.
    """
    limits = waiting_limits(warehouse.waits(as_of), settings.horizon_weeks)
    listed = warehouse.long_waiting(as_of, limits, attributes, settings.reach)
    far = {stage: number for number, stage in enumerate(settings.steps)}
    listed = listed.assign(_far=listed["stage"].map(far)).sort_values(
        ["_far", "waited_days", "lead_id"], ascending=[False, False, True], ignore_index=True
    )
    urls = ["" if BLOT in one else lead_url(settings.crm_url, one) for one in listed["lead_id"]]
    return listed.drop(columns="_far").assign(crm_url=pd.Series(urls, dtype=object))
