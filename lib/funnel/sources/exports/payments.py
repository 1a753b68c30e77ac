"""What won deals brought."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from funnel.errors import InputError, Problem
from funnel.schema import INSTANT, PAYMENTS, Table
from funnel.settings import Settings
from funnel.sources import clean
from funnel.sources import shares as parts
from funnel.sources.convert import Fault
from funnel.sources.exports.columns import some
from funnel.sources.exports.opened import Opened
from funnel.sources.header_text import DOLLARS, currency_of
from funnel.sources.tabular import Cells, Mask, Sheet


def payments_of(opened: Opened, usable: npt.NDArray[np.int64], settings: Settings) -> parts.Part | None:
    """Make the payments: on a day of their own, or what a won deal brings when it was closed.

    Args:
        opened: the file.
        usable: positions of its rows whose leads are told by it.
        settings: stages, currency.

    Raises:
        InputError: a dollar sign, and nothing says whose.
    """
    rules = opened.rules
    fields = opened.columns.fields
    if "amount" not in fields or (rules.payments == "none" and not rules.paid_at):
        return None
    amount = fields["amount"]
    keep = np.zeros(len(opened), bool)
    keep[usable] = True
    if "paid_at" in fields:
        paid_at = clean.without_words(fields["paid_at"], (*opened.profile.open_words, *rules.empty))
        for cells in (paid_at, amount):  # an amount without a day of payment is no payment yet
            keep &= cells.text().is_valid().to_numpy(zero_copy_only=False)
    else:
        last = settings.stage_keys[-1]
        keep &= pc.equal(opened.state(last), last).fill_null(False).to_numpy(zero_copy_only=False)
        given = pc.invert(pc.match_substring_regex(amount.text(), r"^[0.,]*$")).fill_null(False)
        keep &= given.to_numpy(zero_copy_only=False)
        seen = pa.scalar(opened.seen_at, INSTANT)
        paid_at = Cells(pc.coalesce(opened.closed, opened.at("updated_at"), seen))
    columns = {
        "lead_id": fields["lead_id"],
        "paid_at": paid_at,
        "amount": amount,
        "currency": Cells(_currencies(opened, settings)),
    }
    return part_of(opened, PAYMENTS, columns, keep, settings)


def _currencies(opened: Opened, settings: Settings) -> pa.Array:
    """Return the currency of each amount: of its column, its sign, the header; null: the funnel's.

    Raises:
        InputError: a dollar sign, and nothing says whose.
    """
    rules, size = opened.rules, len(opened)
    named = opened.columns.text("currency_column")
    codes = clean.mapped(named, lambda text: text if currency_of(text) is None else currency_of(text))
    header = opened.layout.currency
    found = pc.coalesce(
        codes,
        opened.currency,
        pa.scalar(header, pa.string()) if header is not None else pa.nulls(size, pa.string()),
    )
    if pc.any(pc.equal(found, "")).as_py():
        dollar = rules.currency or (settings.currency if settings.currency in DOLLARS else None)
        if dollar is None:
            what = "the dollar sign of the amounts is that of many currencies"
            problem = Problem(opened.sheet.where, what, ", ".join(DOLLARS), f"set {rules.key}.currency")
            raise InputError("The exports cannot be used; nothing was imported.", [problem])
        found = pc.if_else(pc.equal(found, ""), dollar, found)
    return pc.coalesce(found, pa.array([rules.currency] * size, pa.string()))


def part_of(
    opened: Opened,
    table: Table,
    columns: dict[str, Cells],
    keep: Mask,
    settings: Settings,
    faults: Sequence[Fault] = (),
) -> parts.Part:
    """Make a part of some rows; what is kept of their cells for a person to see holds nothing personal."""
    kept = {name: some(cells, keep) for name, cells in columns.items()}
    shown = tuple(
        Cells(clean.blotted(cells.values)) if pa.types.is_string(cells.values.type) else cells
        for cells in kept.values()
    )
    sheet = Sheet(opened.sheet.where, tuple(kept), shown, opened.columns.rows[keep])
    return parts.make(table, sheet, kept, settings, faults, opened.writing)
