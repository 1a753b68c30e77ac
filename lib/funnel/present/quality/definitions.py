"""What the words of the report mean, in plain language."""

from __future__ import annotations

from dataclasses import dataclass

from funnel.present.parts.texts import Texts
from funnel.settings import Settings

TERMS = (
    "cohort",
    "report_date",
    "rule",
    "step",
    "overall",
    "change",
    "age",
    "unripe",
    "final",
    "maturity",
    "expected",
    "interval",
    "restatement",
    "rejected",
)


@dataclass(frozen=True, slots=True)
class Definitions:
    """Terms and what they mean, one paragraph each; on paper they stand on one page."""

    entries: tuple[tuple[str, str], ...]

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        start, end = ("```{=typst}\n" + each + "\n```\n" for each in ("#block(breakable: false)[", "]"))
        words = "\n\n".join(f"**{term}.** {meaning}" for term, meaning in self.entries)
        return {"text/markdown": f"{start}\n{words}\n\n{end}"}


def definitions(settings: Settings, texts: Texts) -> Definitions:
    """Return the definitions as the settings make them: rule of reaching a stage, ages of ripeness."""
    filled = {
        "rule": texts.t("def_rule_" + settings.reach.replace("-", "_")),
        "unripe": texts.t("def_unripe", n=settings.young_weeks),
        "final": texts.t("def_final", n=settings.horizon_weeks),
    }
    return Definitions(
        tuple((texts.t(f"term_{term}"), filled.get(term) or texts.t(f"def_{term}")) for term in TERMS)
    )
