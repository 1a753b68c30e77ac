"""What people write down beside the data: initiatives, investigations, meetings, and edits of hypotheses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from funnel.errors import Problem
from funnel.logbook import Initiative, Investigation, Meeting
from funnel.schema import EDIT_COLUMNS
from funnel.settings import Settings


def no_edits() -> pd.DataFrame:
    """Return an empty frame of `schema.EDIT_COLUMNS`."""
    return pd.DataFrame(columns=list(EDIT_COLUMNS), dtype=str)


@dataclass(frozen=True, slots=True)
class Logbook:
    """The registers of one edition.

    Attributes:
        initiatives: by start.
        investigations: by opening.
        meetings: by day.
        problems: what is wrong with files of any; those files are left out.
        edits: `schema.EDIT_COLUMNS`.
    """

    initiatives: tuple[Initiative, ...] = ()
    investigations: tuple[Investigation, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    problems: tuple[Problem, ...] = ()
    edits: pd.DataFrame = field(default_factory=no_edits)

    def as_json(self) -> dict[str, object]:
        """Return what the manifest keeps, so that the edition can be made again."""
        return {
            "initiatives": [item.model_dump(mode="json") for item in self.initiatives],
            "investigations": [item.model_dump(mode="json") for item in self.investigations],
            "meetings": [item.model_dump(mode="json") for item in self.meetings],
            "edits": self.edits.to_dict("records"),
        }


def read_registers(settings: Settings) -> Logbook:
    """Read the registers as they are now, without the history of their files."""
    from funnel.sources.initiatives import read_initiatives
    from funnel.sources.investigations import read_investigations
    from funnel.sources.meetings import read_meetings

    initiatives, wrong = read_initiatives(settings.path("initiatives"), settings)
    investigations, more = read_investigations(settings.path("investigations"), settings)
    meetings, also = read_meetings(settings.path("meetings"))
    return Logbook(initiatives, investigations, meetings, (*wrong, *more, *also))


def registers_from(kept: Mapping[str, list[dict[str, object]]]) -> Logbook:
    """Read what `Logbook.as_json` wrote; older editions kept no meetings."""
    return Logbook(
        tuple(Initiative.model_validate(item) for item in kept["initiatives"]),
        tuple(Investigation.model_validate(item) for item in kept["investigations"]),
        tuple(Meeting.model_validate(item) for item in kept.get("meetings", [])),
        edits=pd.DataFrame(kept["edits"], columns=list(EDIT_COLUMNS), dtype=str),
    )
