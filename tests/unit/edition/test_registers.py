"""What the manifest keeps of the registers is enough to make the edition again."""

import json

import pandas as pd

from funnel.edition.logbook import Logbook, registers_from
from funnel.logbook import Initiative, Investigation
from funnel.schema import EDIT_COLUMNS


def test_registers_come_back_from_the_manifest_as_they_were():
    item = Initiative.model_validate(
        {"id": "x", "title": {"ru": "Икс"}, "owner": "me", "start": "2022-01-31",
         "scope": {"manager": ["Anna", "Oleg"]}, "rollout": {"Oleg": "2022-02-07"},
         "hypotheses": [{"metric": "overall_rate", "change": 0.1}],
         "expected_revenue_per_month": "12.5", "cost": {"money": "0.1", "per_hour": 3}}
    )  # fmt: skip
    case = Investigation.model_validate(
        {"id": "y", "opened": "2022-09-05", "first_week": "2022-08-08", "stage": "overall", "question": "?",
         "who": "me", "finding": "f", "closed": "2022-09-12", "state": "noise"}
    )  # fmt: skip
    edit = pd.DataFrame(
        [("x", "edited", "", "2022-04-04", "abc", "cost", "1", "2")], columns=list(EDIT_COLUMNS)
    )
    kept = Logbook((item,), (case,), edits=edit)
    again = registers_from(json.loads(json.dumps(kept.as_json())))
    assert (again.initiatives, again.investigations) == ((item,), (case,))
    pd.testing.assert_frame_equal(again.edits, edit)
    nothing = registers_from(json.loads(json.dumps(Logbook().as_json())))
    assert nothing.edits.empty and tuple(nothing.edits.columns) == EDIT_COLUMNS
