"""The columns of managers over time, reasons of loss and long waits."""

from __future__ import annotations

from dataclasses import replace

from funnel.columns.cohorts import LEADS, WEEK
from funnel.columns.column import Column, only, words

_USUAL = words("usual", "обычно")
MANAGERS = only(
    (
        Column(
            "value", words("Manager", "Менеджер"), words("who works on the leads", "кто ведёт лидов"), "text"
        ),
        LEADS,
        Column(
            "{stage}_rate",
            words("share", "доля"),
            words(
                "of the leads of the stage before, at equal age, the shown cohorts together",
                "от лидов предыдущей стадии, в одном возрасте, по всем показанным когортам вместе",
            ),
            "share",
            under="stage",
        ),
        Column(
            "{stage}_expected",
            _USUAL,
            words(
                "the same share, if it were that of all leads of the same cohorts",
                "та же доля, будь она как у всех лидов тех же когорт",
            ),
            "share",
            under="stage",
        ),
    ),
    "page",
)
"""A row: a manager."""
_LOST = Column(
    "lost",
    words("number", "число"),
    words("leads lost for the reason", "сколько лидов потеряно по этой причине"),
    "leads",
    group="col_all_lost",
)
_SHARE = Column(
    "share",
    words("share", "доля"),
    words("of the leads lost", "от потерянных лидов"),
    "share",
    group="col_all_lost",
)
LOSSES = only(
    (
        Column(
            "reason", words("Reason", "Причина"), words("as the CRM has it", "как она записана в CRM"), "text"
        ),
        _LOST,
        _SHARE,
        Column(
            "low",
            words("90 % interval", "90 %-й интервал"),
            words("of that share, by Wilson", "этой доли, по Уилсону"),
            "interval",
            group="col_all_lost",
            upto="high",
        ),
        replace(_LOST, key="{stage}_lost", under="stage", group=""),
        replace(_SHARE, key="{stage}_share", under="stage", group=""),
    ),
    "page",
)
"""A row: a reason; by stage those lost when it was the furthest they had reached."""
LOST_SEGMENTS = only(
    (
        Column(
            "segment", words("Segment", "Сегмент"), words("attribute and value", "признак и значение"), "text"
        ),
        Column("reason", words("Reason", "Причина"), words("of the loss", "потери"), "text"),
        Column(
            "reached",
            words("Lost for it", "Потеряно по ней"),
            words("leads of the segment", "лидов сегмента"),
            "leads",
        ),
        Column(
            "base",
            words("of all lost", "из потерянных"),
            words("leads of the segment lost for any reason", "всех потерянных лидов сегмента"),
            "leads",
        ),
        Column("rate", words("share", "доля"), words("of these", "от них"), "share"),
        Column(
            "expected",
            _USUAL,
            words(
                "the share, if the leads it lost at each stage had the reasons of all",
                "доля, если бы причины на каждой стадии были как у всех",
            ),
            "share",
        ),
    ),
    "page",
)
"""A row: a segment in which a reason is more or less frequent than chance explains."""
WAITING = only(
    (
        Column("value", words("", ""), words("all leads, or a manager", "все лиды или менеджер"), "text"),
        Column(
            "base",
            words("open", "в работе"),
            words(
                "open leads that stand at a stage with a limit", "открытые лиды на этапах, где есть предел"
            ),
            "leads",
            group="col_all_stages",
        ),
        Column(
            "reached",
            words("too long", "слишком долго"),
            words(
                "of them those that wait longer than nine of ten did that moved on",
                "из них ждут дольше, чем девять из десяти ушедших дальше",
            ),
            "leads",
            group="col_all_stages",
        ),
        Column(
            "rate",
            words("share", "доля"),
            words("of the open ones", "от открытых"),
            "share",
            group="col_all_stages",
        ),
        Column(
            "expected",
            _USUAL,
            words(
                "the share, if at each stage as many waited too long as of all",
                "доля, если бы на каждом этапе слишком долго ждали как у всех",
            ),
            "share",
            group="col_all_stages",
        ),
        Column(
            "{stage}_open",
            words("open", "в работе"),
            words("open leads that stand there", "открытые лиды на этом этапе"),
            "leads",
            under="stage",
        ),
        Column(
            "{stage}_waiting",
            words("too long", "слишком долго"),
            words("of them those that wait too long", "из них ждут слишком долго"),
            "leads",
            under="stage",
        ),
    ),
    "page",
)
"""A row: all leads, or a manager."""
WAITING_LEADS = only(
    (
        Column("lead_id", words("Lead", "Лид"), words("its id in the CRM", "его номер в CRM"), "text"),
        WEEK,
        Column("stage", words("Stage", "Этап"), words("where it stands", "где он стоит"), "text"),
        Column("since", words("Since", "С какого дня"), words("it stands there", "он там стоит"), "date"),
        Column(
            "waited_days",
            words("Days waited", "Ждёт, дней"),
            words("until the report date", "до даты отчёта"),
            "days",
        ),
        Column(
            "limit_days",
            words("Nine of ten waited at most, days", "Девять из десяти ждали не дольше, дней"),
            words("of those that moved on from the stage", "из тех, кто ушёл с этапа дальше"),
            "days",
        ),
    ),
    "sheet",
)
"""A row: an open lead that waits too long; beside it the attributes."""
