"""Three CRMs say one company: the tables are the company's truth, whichever says it, and stay so."""

from __future__ import annotations

import pytest

from standin.company import DAY, LOST, PARTNERS, SALES, START, WON, Company, company
from standin.company import expected as truth
from standin.connected import NOW

NO_REASONS = ("bitrix24",)
"""CRMs that have no field of their own for why a deal was lost."""


def expected(made: Company, crm: str) -> dict[str, list[tuple]]:
    return truth(made, reasons=crm not in NO_REASONS)


def test_the_tables_are_the_companys_truth(connect, crm) -> None:
    made = company()
    here = connect(crm, made)
    pulled = here.sync()
    assert here.warehouse.tables() == expected(made, crm)
    assert not pulled.batch.rejected
    again = here.pull(NOW + 3600)
    assert again.batch.tables["leads"].num_rows <= 1  # the overlap of ten minutes alone
    assert again.gone == 0


def test_the_next_plain_sync_sees_a_new_deal_a_move_an_edit_and_a_deletion(connect, crm) -> None:
    made = company()
    here = connect(crm, made)
    here.sync()
    alive = [deal.id for deal in made.there if deal.place[0] == SALES]
    made.add(9001, NOW + 60, amount="700")
    made.move(alive[0], NOW + 70, (SALES, "Proposal"))
    made.move(alive[0], NOW + 80, (SALES, WON))
    made.move(alive[1], NOW + 70, (SALES, LOST))
    made.deals[alive[2]].owner, made.deals[alive[2]].updated = 12, NOW + 90
    made.move(alive[3], NOW + 95, (PARTNERS, "Proposal"))
    made.delete(alive[4], NOW + 100)
    pulled = here.sync(NOW + 3600)
    assert here.warehouse.tables() == expected(made, crm)
    assert pulled.gone == 1
    assert pulled.batch.tables["leads"].num_rows < 10  # what changed, not all


def test_a_full_sync_finds_what_went_unseen_and_changes_nothing_else(connect, crm) -> None:
    made = company()
    here = connect(crm, made)
    here.sync()
    for id_ in [deal.id for deal in made.there][:3]:
        del made.deals[id_]  # without a trace: merged away
    here.sync(NOW + 60, full=True)
    assert here.warehouse.tables() == expected(made, crm)


def test_the_daily_check_finds_what_no_window_shows(connect, crm) -> None:
    made = company()
    here = connect(crm, made)
    here.sync()
    first, second = [deal.id for deal in made.there if deal.place == (SALES, "New")][:2]
    made.move(first, NOW + 60, (SALES, "Qualified"))
    made.deals[first].updated = START  # dated back
    made.add(9002, START + DAY)
    del made.deals[second]
    pulled = here.sync(NOW + DAY + 60)
    assert here.warehouse.tables() == expected(made, crm)
    assert any(note.startswith("Daily check of") for note in pulled.notes)


def test_a_dry_run_saves_nothing_and_says_the_same(connect, crm) -> None:
    made = company(40)
    here = connect(crm, made)
    sample = here.pull(dry_run=True)
    assert sample.batch.tables["leads"].num_rows > 0
    assert not here.store.exists()
    here.sync()
    made.add(9001, NOW + 60)
    seen = here.pull(NOW + 3600, dry_run=True)
    assert "9001" in seen.batch.tables["leads"]["lead_id"].to_pylist()
    assert here.pull(NOW + 3600).batch.tables == seen.batch.tables


@pytest.mark.parametrize("after", [1, 3, 6])
def test_a_pass_that_was_stopped_is_taken_up_where_it_was(connect, crm, after) -> None:
    made = company(280)
    here = connect(crm, made)

    pages = 0

    def progress(stream: str, rows: int) -> None:
        nonlocal pages
        pages += 1
        if pages == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        here.pull(progress=progress)
    here.sync(NOW + 60)
    assert here.warehouse.tables() == expected(made, crm)


def test_a_mapping_is_proposed_that_fits_the_account(connect, crm) -> None:
    import datetime as dt

    import yaml

    from funnel.sources.api.sync import suggest_mapping
    from standin.account import lifted

    here = connect(crm, company(20))
    text = suggest_mapping(here.funnel, here.source(), dt.datetime.fromtimestamp(NOW, dt.UTC), pace=lifted())
    proposed = yaml.safe_load(text)["pipelines"]
    stages = [stage for statuses in proposed.values() for stage in statuses.values()]
    assert stages.count("sale") == stages.count("lost") == 3
    assert here.pull(changes={"pipelines": proposed}).batch.tables["leads"].num_rows > 15


def test_other_attributes_reach_every_deal_and_hide_no_deletion(connect, crm) -> None:
    made = company(60)
    here = connect(crm, made)
    here.sync(changes={"attributes": {"manager": "responsible"}})
    made.delete(made.there[0].id, NOW + 60)
    here.sync(NOW + 3600)  # with the channel too
    assert here.warehouse.tables() == expected(made, crm)
