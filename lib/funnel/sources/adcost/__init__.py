"""Ad-cost files of Yandex.Direct, VK Ads, Google Ads and Meta, and plain tables, to the table `spend`.

`platforms` (whose file is it, where is its header) -> `reading` (rows to days, costs and campaigns;
`spread`).
"""

from funnel.sources.adcost.ad_files import read_ad_costs

__all__ = ["read_ad_costs"]
