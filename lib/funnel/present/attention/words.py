"""Flags, shapes, investigations and verdicts in words; also the draft of what the narrative says of them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from funnel.columns import OVERALL
from funnel.dates import WEEK
from funnel.logbook import Initiative
from funnel.present.parts.amounts import unit_for
from funnel.present.parts.escape import clean, for_markdown
from funnel.present.parts.rows import Record as Record
from funnel.present.parts.texts import Texts
from funnel.settings import LEAD, Settings

WHOLE = "overall_rate"
SAID_FLAGS = 3
SAID_NAMES = 3
"""Names of one list in a line; of more the number is said."""
LONG = 400
"""Characters of a text that people wrote which are shown."""


def segment(record: Record, settings: Settings, texts: Texts) -> str:
    """Return a segment in words, such as ``Manager: Boris``."""
    if not record["attribute"]:
        return texts.t("all_leads")
    value = clean(str(record["value"]), 30) or texts.t("not_given")
    return f"{clean(texts.attribute(record['attribute'], settings), 30)}: {value}"


def stage_name(key: str, settings: Settings, texts: Texts) -> str:
    """Return a stage's name; a key that is no longer configured is shown as it is."""
    known = key == OVERALL or key in settings.steps
    return clean(texts.stage(key, settings) if known else key, 40)


def metric_name(metric: str, settings: Settings, texts: Texts) -> str:
    """Return a metric in words, such as ``Leads → Target``."""
    if metric == WHOLE:
        return texts.t("metric_overall")
    for suffix, key in (("_rate", "metric_step"), ("_per_lead", "metric_per_lead")):
        stage = metric.removesuffix(suffix)
        if stage != metric and stage in settings.stage_keys:
            base = settings.steps[settings.steps.index(stage) - 1] if suffix == "_rate" else LEAD
            return texts.t(
                key, stage=stage_name(stage, settings, texts), base=stage_name(base, settings, texts)
            )
    return clean(metric, 40)


def quoted(names: Sequence[str], texts: Texts) -> str:
    """Return names in quotation marks, as Markdown: the first ones, and how many more there are."""
    first = ", ".join(
        texts.t("short_name", name=for_markdown(clean(name, 80))) for name in names[:SAID_NAMES]
    )
    more = len(names) - SAID_NAMES
    return texts.t("short_names_more", names=first, n=more) if more > 0 else first


def who_digs(flag: Record, dug: pd.DataFrame, texts: Texts) -> str:
    """Say as Markdown who digs at a flag, who did, or that nobody does.

    Args:
        flag: a row of `deviations` with its `investigation`.
        dug: `schema.INVESTIGATION_COLUMNS`.
        texts: the language.
    """
    who, mine = whose(flag, dug, texts), dug[dug["id"] == flag["investigation"]]
    if not who:
        return texts.t("say_nobody_digs")
    over = mine["state"].iloc[0] != "open"
    return texts.t("say_dug" if over else "say_digs", who=for_markdown(who))


def whose(flag: Record, dug: pd.DataFrame, texts: Texts) -> str:
    """Return who digs at a flag, in a few words; '' where nobody does.

    Args:
        flag: a row of `deviations` with its `investigation`.
        dug: `schema.INVESTIGATION_COLUMNS`.
        texts: the language.
    """
    mine = dug[dug["id"] == flag["investigation"]]
    if mine.empty:
        return ""
    row = mine.iloc[0]
    return clean(row["who"], 30) if row["state"] == "open" else state_word(row["state"], texts)


def state_word(state: str, texts: Texts) -> str:
    """Return an end state in words."""
    return texts.t("state_" + state.replace(" ", "_"))


def verdict_word(verdict: str, texts: Texts) -> str:
    """Return a verdict in words; '' for none."""
    return texts.t("verdict_" + verdict.replace(" ", "_")) if verdict else ""


def reason_words(reason: str, names: Mapping[str, str], texts: Texts) -> str:
    """Return why nothing can be told; `names` are the initiatives' by id."""
    kind, _, other = reason.partition(":")
    return texts.t(f"reason_{kind}", other=names.get(other, clean(other, 60))) if kind else ""


def change_range(low: float, high: float, texts: Texts) -> str:
    """Return an interval of relative changes."""
    return texts.t("from_to", low=texts.change(low), high=texts.change(high))


def verdict_sentence(
    rows: pd.DataFrame, verdict: str, names: Mapping[str, str], settings: Settings, texts: Texts
) -> str:
    """Say in one sentence what came of an initiative.

    Args:
        rows: its rows of `analysis.initiatives.impact.COLUMNS`.
        verdict: the whole one, of the scoreboard.
        names: the initiatives' by id.
        settings: the stages.
        texts: the language.
    """
    word = verdict_word(verdict, texts)
    tested = rows[rows["expected_change"].notna()]
    if verdict == "too early":
        days = tested.loc[tested["verdict"] == "too early", "readable_from"].dropna()
        if days.empty:
            return texts.t("verdict_is", verdict=word)
        return texts.t("verdict_until", verdict=word, date=texts.date(days.max().date()))
    if verdict == "cannot be told":
        reasons = [reason for reason in tested["reason"] if reason]
        why = reason_words(reasons[0], names, texts) if reasons else ""
        return (
            texts.t("verdict_because", verdict=word, reason=why)
            if why
            else texts.t("verdict_is", verdict=word)
        )
    row = main(tested)
    hoped = float(row["expected_change"])
    said = texts.t(
        "verdict_unhoped" if math.isnan(hoped) else "verdict_measured",
        verdict=word,
        true=texts.t("n_of", n=int((tested["verdict"] == "confirmed").sum()), total=len(tested)),
        metric=texts.t("the_overall")
        if row["metric"] == WHOLE
        else metric_name(row["metric"], settings, texts),
        measured=texts.change(row["measured_change"]),
        range=change_range(row["low"], row["high"], texts),
        **(
            {}
            if math.isnan(hoped)
            else {"expected": texts.change(hoped), "own": texts.t(f"own_{row['verdict'].replace(' ', '_')}")}
        ),
    )
    later = float(row.get("later_change", math.nan))
    if math.isnan(later):
        return said
    again = change_range(float(row["later_low"]), float(row["later_high"]), texts)
    return f"{said} {texts.t('verdict_later', measured=texts.change(later), range=again)}"


def main(rows: pd.DataFrame) -> pd.Series:
    """Return the row of the main hypothesis: the first that was answered, else the first."""
    tested = rows[rows["expected_change"].notna()]
    answered = tested[tested["measured_change"].notna()]
    return (answered if len(answered) else tested).iloc[0]


def shape_sentence(shape: Record, settings: Settings, texts: Texts) -> str:
    """Say what a shape looks like and what it usually means."""
    fault = shape["attribute"] == "stage"
    return texts.t(
        f"shape_{shape['shape']}_is",
        weeks=shape_weeks(shape, texts),
        segment="" if fault else segment(shape, settings, texts),
        stage=stage_name(str(shape["value"]), settings, texts) if fault else "",
        volume=texts.change(float(shape["volume"]) - 1),
        change=texts.change(float(shape["change"])),
    )


def shape_weeks(shape: Record, texts: Texts) -> str:
    """Return the first and last day of a shape's cohorts."""
    first, last = shape["first_week"].date(), shape["last_week"].date() + WEEK - dt.timedelta(days=1)
    return f"{texts.date(first)} – {texts.date(last)}"


def news(shapes: pd.DataFrame, since: dt.date) -> list[dict[Hashable, Any]]:
    """Return the shapes first seen after a day, the newest first."""
    return [row for row in shapes.to_dict("records") if row["seen"] > pd.Timestamp(since)]


def arrival_sentence(row: Record, settings: Settings, texts: Texts) -> str:
    """Say how many leads came, and how many were to be expected; and who may have brought the others."""
    said = texts.t(
        "card_arrivals_up" if row["rise"] else "card_arrivals",
        week=texts.date(row["cohort_week"].date()),
        leads=texts.number(row["leads"]),
        expected=texts.number(row["expected"]),
        low=texts.number(row["low"]),
        high=texts.number(row["high"]),
    )
    return f"{said} {instead(row, settings, texts)}".strip()


def instead(row: Record, settings: Settings, texts: Texts) -> str:
    """Say which new value may stand for one that fell; '' for none."""
    if not row["instead"]:
        return ""
    other = segment({**row, "value": row["instead"]}, settings, texts)
    return texts.t("arrivals_instead", segment=other, leads=texts.t("n_leads", n=int(row["instead_leads"])))


def closed_since(dug: pd.DataFrame, since: dt.date) -> pd.DataFrame:
    """Return the investigations closed after a day, the newest first."""
    shown = dug[(dug["state"] != "open") & (dug["closed"] > pd.Timestamp(since))]
    return shown.sort_values("closed", ascending=False, kind="stable")


def paragraphs(
    frames: Mapping[str, pd.DataFrame],
    shown: Sequence[Initiative],
    initiatives: Sequence[Initiative],
    since: dt.date,
    settings: Settings,
    texts: Texts,
) -> list[list[str]]:
    """Draft what the narrative says of flags, shapes, investigations and initiatives, as Markdown.

    Args:
        frames: the results of `edition.attention` by name.
        shown: those the report shows in detail.
        initiatives: all of them, for their names.
        since: the date of the previous edition.
        settings: stages, attributes and currency.
        texts: the language.

    Returns:
        Sentences by paragraph.
    """
    names = {item.id: clean(item.name(texts.language), 60) for item in initiatives}
    looked = [
        texts.t(
            "say_arrivals",
            segment=for_markdown(segment(row, settings, texts)),
            what=for_markdown(arrival_sentence(row, settings, texts)),
        )
        for row in _fallen(frames).head(SAID_FLAGS).to_dict("records")
    ]
    looked += _flags(frames["deviations"], frames["investigations"], settings, texts)
    looked += [
        texts.t(
            "say_shape",
            shape=texts.t("shape_" + row["shape"]),
            what=for_markdown(shape_sentence(row, settings, texts)),
        )
        for row in news(frames["shapes"], since)
    ]
    dug = _dug(frames["investigations"], since, settings, texts)
    return [looked, dug, *([line] for line in _tried(frames, shown, names, settings, texts))]


def _fallen(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return frames["arrivals"][frames["arrivals"]["flag"]]


def _flags(flags: pd.DataFrame, dug: pd.DataFrame, settings: Settings, texts: Texts) -> list[str]:
    if flags.empty:
        return [texts.t("say_flags_short")]
    chosen = flags[flags["flag"]]
    if chosen.empty:
        return [texts.t("say_flags_none", n=len(flags))]
    said = [texts.t("say_flags", n=len(chosen))]
    for row in chosen.head(SAID_FLAGS).to_dict("records"):
        said.append(_flag(row, settings, texts))
        said.append(who_digs(row, dug, texts))
    return said


def flag_sentences(row: Record, settings: Settings, texts: Texts) -> str:
    """Say how far a flag is from the usual, in which cohorts, since when, and what that costs or brings."""
    sales, money = float(row["effect_sales"]), abs(float(row["effect_money"]))
    first: pd.Timestamp = row["first_week"]
    said = texts.t(
        "card_flag" if row.get("kind", "history") == "history" else "card_flag_target",
        observed=texts.percent(row["observed"], 1),
        expected=texts.percent(row["expected"], 1),
        weeks=texts.t("n_weeks", n=int(row["weeks"])),
        days=counted_days(row, texts),
    )
    if not pd.isna(row["since"]) and row["since"] != first:
        key = "card_since_before" if row["since"] < first else "card_since"
        said += " " + texts.t(key, week=texts.date(row["since"].date()))
    if math.isnan(sales):
        return said
    unit = unit_for(0.0 if math.isnan(money) else money, settings.currency, texts)
    worth = "" if math.isnan(money) else f" ({unit.words(money, texts)})"
    key = "card_costs" if sales < 0 else "card_brings"
    count = round(abs(sales))
    words = texts.t("about_sales", n=count) if count else texts.t("less_than_one_sale")
    return f"{said} {texts.t(key, sales=words, money=worth)}"


def counted_days(row: Record, texts: Texts) -> str:
    """Return the first and the last day of the weeks that were read together."""
    first = row["first_week"].date()
    return f"{texts.date(first)} – {texts.date(first + WEEK * int(row['weeks']) - dt.timedelta(days=1))}"


def _flag(row: Record, settings: Settings, texts: Texts) -> str:
    return texts.t(
        "say_flag_overall" if row["stage"] == OVERALL else "say_flag",
        segment=for_markdown(segment(row, settings, texts)),
        stage=for_markdown(stage_name(row["stage"], settings, texts)),
        what=for_markdown(flag_sentences(row, settings, texts)),
    )


def _ended(text: str) -> str:
    """Return a text as a sentence: with a full stop where it has no end."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _dug(dug: pd.DataFrame, since: dt.date, settings: Settings, texts: Texts) -> list[str]:
    running, over = dug[dug["state"] == "open"], closed_since(dug, since)
    said = []
    if len(running):
        oldest, one = int(running["age_weeks"].max()), len(running) == 1
        key = "say_open" + "_one" * one + "_new" * (not oldest)
        said.append(texts.t(key, n=len(running), age=texts.t("n_weeks", n=oldest)))
    for row in over.to_dict("records"):
        said.append(
            texts.t(
                "say_closed_overall" if row["stage"] == OVERALL else "say_closed",
                segment=for_markdown(segment(row, settings, texts)),
                stage=for_markdown(stage_name(row["stage"], settings, texts)),
                state=state_word(row["state"], texts),
                finding=for_markdown(_ended(clean(row["finding"], LONG))),
            )
        )
    return said


def _tried(
    frames: Mapping[str, pd.DataFrame],
    shown: Sequence[Initiative],
    names: Mapping[str, str],
    settings: Settings,
    texts: Texts,
) -> list[str]:
    whole = dict(zip(frames["scoreboard"]["initiative"], frames["scoreboard"]["verdict"], strict=True))
    said = []
    for item in shown:
        rows = frames["impact"][frames["impact"]["initiative"] == item.id]
        sentence = verdict_sentence(rows, whole[item.id], names, settings, texts)
        title = for_markdown(clean(item.name(texts.language), 80))
        said.append(texts.t("say_initiative", title=title, verdict=for_markdown(sentence)))
    return said
