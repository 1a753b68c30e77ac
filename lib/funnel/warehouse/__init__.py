"""The warehouse: canonical tables with two clocks, and the cubes made from them.

The only place that touches single leads, and the only place that knows Ibis and DuckDB.
"""

from funnel.warehouse.warehouse import Warehouse

__all__ = ["Warehouse"]
