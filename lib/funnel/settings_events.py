"""What an analyst may set about event logs: the key `events:` of `funnel.yml`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field, model_validator

from funnel.settings_files import (
    LEAD,
    LOST,
    AttributeName,
    FileRules,
    Headers,
    Name,
    Prefix,
    Words,
    not_among,
    wrong_mapping,
)


class Events(FileRules):
    """An event log: a row for each lead that came to a stage, as a warehouse or a CRM's history gives it.

    Attributes:
        files: names of the files; `*` stands for anything.
        id_prefix: stands before every id, as under `exports`.
        lead_id, stage, entered_at: their columns.
        pipeline: its column, where several pipelines stand in the log; `pipelines` needs it.
        reason: column with the reason of a loss.
        stages: stage as the file names it -> stage key, `lead` (no stage yet) or `lost`.
        pipelines: the same by pipeline, in place of `stages`; one that is not named is outside the funnel.
        where, drop: header -> values: which rows count, which are left out.
        leads: whether each lead of the log is one that came with its first event; else other files bring the
            leads.
        attributes: with `leads`: column of `leads` -> header; the last filled one of a lead counts.
        profile: whose ids they are, where a CRM writes one id in several ways (salesforce, zoho).
        spread: a row a lead, in which stage and time repeat to the right, as in HubSpot's property history;
            `stage` and `entered_at` may then hold `*` for what differs: `Deal Stage (v*)`.
    """

    files: Annotated[Headers, Field(min_length=1)]
    id_prefix: Prefix | None = None
    lead_id: Headers = ("lead_id",)
    stage: Headers = ("stage",)
    entered_at: Headers = ("entered_at",)
    pipeline: Headers = ()
    reason: Headers = ()
    stages: dict[Name, str] = Field(default_factory=dict)
    pipelines: dict[Name, dict[Name, str]] = Field(default_factory=dict)
    where: dict[Name, Words] = Field(default_factory=dict)
    drop: dict[Name, Words] = Field(default_factory=dict)
    leads: bool = False
    spread: bool = False
    profile: Name | None = None
    attributes: dict[AttributeName, Name] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Events:
        if self.attributes and not self.leads:
            raise ValueError("attributes: set leads: true, so that the log brings the leads")
        if bool(self.stages) == bool(self.pipelines):
            raise ValueError("stages: say what each stage means, here or, by pipeline, under pipelines")
        if self.pipelines and not self.pipeline:
            raise ValueError("pipelines: name their column under pipeline")
        return self

    def problems(self, stage_keys: Sequence[str]) -> Iterator[str]:
        """Say what does not fit the funnel's stages."""
        for name, stage in self.stages.items():
            yield from not_among(stage, (LEAD, *stage_keys, LOST), f"events.stages.{name}", "no stage")
        yield from wrong_mapping("events", self.pipelines, (), {}, stage_keys)
