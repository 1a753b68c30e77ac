"""Which settings would read a sheet that no profile knows: by what its cells look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from funnel.settings import Settings
from funnel.sources import table_file as tables
from funnel.sources.exports.matching import first_wide
from funnel.sources.exports.stage_guess import mapped
from funnel.sources.header_text import normal
from funnel.sources.instants import read_instants
from funnel.sources.proposal import Proposal, key_of, line
from funnel.sources.tabular import Cells

_ID = re.compile(r"\b(id|ид|no|number|key|uuid)\b|номер|№|_id$")
_CREATED = re.compile(r"creat|созда|criad|creaci|received|поступ|заявк|opened|added|добавл|lead.?date")
_LOST = re.compile(r"\blost\b|отказ|проигр|потер|rejected")
_CLOSED = re.compile(r"clos|закры|expected|предпол|ожида|updated|modified|измен|редактир|last|due|срок")
_SALE = re.compile(r"\bwon\b|sale|sold|paid|payment|продаж|оплат|покупк|выигр")


def propose(path: Path, sheet: str, settings: Settings | None) -> Proposal | None:
    """Propose `wide` for a sheet with an id, a date of creation and further dates; None for others.

    Raises:
        InputError: the file cannot be read.
    """
    rows = tables.head(path, sheet)
    top = first_wide(rows)
    header, body = rows[top] if rows else (), rows[top + 1 :]
    columns = [
        [row[place].strip() if place < len(row) else "" for row in body] for place in range(len(header))
    ]
    ids = [place for place, cells in enumerate(columns) if _is_id(header[place], cells)]
    dates = [place for place, cells in enumerate(columns) if _is_date(cells)]
    created = next((place for place in dates if _CREATED.search(normal(header[place]))), None)
    others = [place for place in dates if place != created and not _CLOSED.search(normal(header[place]))]
    if not ids or created is None or not others:
        return None
    named = [place for place in ids if _ID.search(normal(header[place]))]
    return _proposal(path, header, (named or ids)[0], created, others, len(body), settings)


def _is_id(name: str, cells: Sequence[str]) -> bool:
    return (
        bool(name.strip())
        and bool(cells)
        and all(cells)
        and len(set(cells)) == len(cells)
        and not _is_date(cells)
    )


def _is_date(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    if not filled:
        return False
    read = read_instants(Cells(pa.array(filled, pa.string())), "UTC")
    return int(read.unreadable.sum()) <= 0.2 * len(filled)


def _proposal(
    path: Path,
    header: Sequence[str],
    id_: int,
    created: int,
    others: Sequence[int],
    rows: int,
    settings: Settings | None,
) -> Proposal:
    names = [header[place].strip() for place in others]
    lost = next((name for name in names if _LOST.search(normal(name))), None)
    names = [name for name in names if name != lost]
    stages: dict[str, list[str]] = {}
    keys: list[str] = []
    meant = mapped(names, settings.stage_keys, {}) if settings else {}
    for name in names:
        sale = _SALE.search(normal(name))
        if settings:
            key = settings.stage_keys[-1] if sale else meant[name]
            key = settings.stage_keys[0] if key not in settings.stage_keys else key
        else:
            key = "sale" if sale else key_of(name, keys)
            keys.append(key)
        stages.setdefault(key, []).append(name)
    order = list(settings.stage_keys) if settings else sorted(stages, key=lambda key: key == "sale")
    body = [
        line("files", [path.name], 2, "* stands for anything"),
        line("lead_id", header[id_].strip(), 2),
        line("created_at", header[created].strip(), 2),
        "  stages: # stage of the funnel -> column with the date a lead came to it; check each",
        *(
            line(key, stages[key] if len(stages[key]) > 1 else stages[key][0], 4)
            for key in order
            if key in stages
        ),
        *([line("lost", lost, 2)] if lost else []),
    ]
    notes = ("which column is which stage is a guess by its name: check each line",)
    proposed = {} if settings else {key: stages[key][0] for key in order}
    return Proposal(
        "wide", "a wide sheet", "", "\n".join(["wide:", *body]) + "\n", {"rows": rows}, notes, proposed
    )
