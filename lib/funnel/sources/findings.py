"""What is found out about a file before anything is imported; `funnel import --dry-run` prints it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["recognised", "unverified", "ambiguous", "not recognised", "not used", "personal", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found.

    Attributes:
        file: the file, and the sheet of a workbook.
        column: the header it is about; '' for the file itself.
        status: `recognised`; `unverified`: by a name never seen in a real file; `ambiguous`: more than one
            reading; `not recognised`: needed but not found, or a file of no known kind; `not used`: passed
            over; `personal`: dropped, since it may hold telephone numbers or names; `problem`: stops the
            import.
        text: what it is taken for, or what to do.
    """

    file: str
    column: str
    status: Status
    text: str
