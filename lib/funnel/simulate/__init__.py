"""Histories of an invented company with known truth: the demo, the tests, the benchmarks.

`simulate` draws leads week by week with all their future, records of it what a CRM would have recorded
before the world's end, and keeps the whole as `truth`. Everything is local wall clock (Europe/Moscow in
the demo, which has had no clock changes since 2014).

In the demo the cohort of 12.09.2022 - 18.09.2022 has, on the report of 2022-09-26, exactly 558 leads,
236 target, 126 qualified, 53 proposals and 23 sales, and the cohort before it 19 sales of 562 leads (so the
change is +22 %). That is reached by exact conditioning, see `funnel.simulate.leads.draw`: the leads, their
attributes and their later fate follow the same rules as everybody's, given those counts. The demo's seed
was chosen among 240 as a typical one: what a simple comparison measures of the three initiatives lies
within two standard errors of what was planted, and the given cohort lies among its neighbours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from funnel.schema import TableName
from funnel.simulate.events import stage_entries
from funnel.simulate.leads import draw
from funnel.simulate.ledger import lead_table, payment_table, payments, spend_table
from funnel.simulate.truth import Json, truth
from funnel.simulate.world import DEMO, DEMO_SEED, EPISODES, INITIATIVES, REFERENCE, Effect, Pin, World

__all__ = [
    "DEMO",
    "DEMO_SEED",
    "EPISODES",
    "INITIATIVES",
    "REFERENCE",
    "Effect",
    "History",
    "Pin",
    "World",
    "simulate",
    "write",
]
Format = Literal["parquet", "csv"]


@dataclass(frozen=True, slots=True)
class History:
    """What was recorded, and what is true.

    Attributes:
        leads: one row per lead, in order of creation; a canonical table with the attributes channel,
            manager, product, region and campaign.
        stage_entries: one row per entry into a stage or `lost`, by lead and time.
        payments: one row per payment in roubles, by lead and time; refunds are negative.
        spend: one row per day and campaign.
        truth: what was planted and what comes of it at the horizon.
    """

    leads: pa.Table
    stage_entries: pa.Table
    payments: pa.Table
    spend: pa.Table
    truth: dict[str, Json]

    @property
    def tables(self) -> dict[TableName, pa.Table]:
        """The canonical tables by name."""
        return {
            "leads": self.leads,
            "stage_entries": self.stage_entries,
            "payments": self.payments,
            "spend": self.spend,
        }


def simulate(world: World = DEMO, seed: int = DEMO_SEED) -> History:
    """Invent a history; the same world and seed give the same history.

    Raises:
        InputError: a cohort with given counts cannot be made in this world.

    >>> small = simulate(World(weeks=4, leads_per_week=10), seed=1)
    >>> small.leads["lead_id"][0].as_py()
    'L000001'
    """
    of_leads, of_entries, of_people, of_money, of_spend = (np.random.default_rng([seed, k]) for k in range(5))
    leads = draw(world, of_leads)
    width = max(6, len(str(len(leads.week))))
    entries, quirks = stage_entries(world, leads, width, of_entries)
    paid = payments(leads, of_money)
    return History(
        lead_table(world, leads, width, of_people),
        entries,
        payment_table(world, paid, width),
        spend_table(world, of_spend),
        truth(world, seed, leads, paid, quirks),
    )


def write(history: History, directory: Path, formats: Sequence[Format] = ("parquet",)) -> list[Path]:
    """Write the canonical tables in each format, and `truth.json`; return the files.

    The same history gives the same bytes, with the same version of pyarrow: it names itself in Parquet.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for name, table in history.tables.items():
        for kind in formats:
            file = directory / f"{name}.{kind}"
            if kind == "parquet":
                _write_parquet(table, file)
            else:
                pa.csv.write_csv(table, file)
            files.append(file)
    file = directory / "truth.json"
    text = json.dumps(history.truth, ensure_ascii=False, allow_nan=False, indent=1)
    one_line = re.sub(r"\[[\s\d.,e-]+\]", lambda numbers: " ".join(numbers[0].split()), text)
    file.write_text(one_line + "\n", encoding="utf-8")
    return [*files, file]


def _write_parquet(table: pa.Table, file: Path) -> None:
    """Write small: ids by what differs from the row before, instants as differences."""
    encodings = {
        field.name: "DELTA_BYTE_ARRAY" if field.name.endswith("_id") else "DELTA_BINARY_PACKED"
        for field in table.schema
        if field.name.endswith(("_id", "_at"))
    }
    plain = [name for name in table.column_names if name not in encodings]
    pq.write_table(
        table,
        file,
        compression="zstd",
        compression_level=15,
        use_dictionary=plain,
        column_encoding=encodings,
        store_schema=False,
    )
