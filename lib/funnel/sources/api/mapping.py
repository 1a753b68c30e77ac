"""What each status of each pipeline means in the funnel, and a proposal for an account not yet mapped."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from funnel.errors import Problem, SettingsError, nearest
from funnel.settings import LEAD, LOST, Stage
from funnel.settings_accounts import Account
from funnel.sources.api.references import LOST as LOST_END
from funnel.sources.api.references import Listed, Names
from funnel.sources.api.wire import key

Place = tuple[int | str, int | str]
"""Pipeline id and status id; a status id alone is not unique."""


@dataclass(frozen=True, slots=True)
class StageMap:
    """Place -> stage key, `lead` or `lost`.

    Attributes:
        stages: by place.
        pipelines: the pipelines that belong to the funnel.
    """

    stages: Mapping[Place, str]
    pipelines: frozenset[int | str]

    def of(self, place: Place) -> str | None:
        """Return what a place means; None when it means nothing to the funnel."""
        return self.stages.get(place)


def resolve(settings: Account, names: Names, stage_keys: Sequence[str]) -> StageMap:
    """Turn the settings' names into ids.

    A status named by an id that the account no longer has is taken at its word: it lives on in old events.

    Raises:
        SettingsError: nothing is mapped, or a name is not in the account or is there twice; all problems at
            once.
    """
    if not settings.pipelines:
        problem = Problem(
            f"key {settings.key}.pipelines", "no pipeline is mapped to the stages",
            todo=f"run: funnel sync {settings.key} --suggest-mapping, and put what it prints into funnel.yml",
        )  # fmt: skip
        raise SettingsError("The settings of the account are not complete.", [problem])
    stages: dict[Place, str] = {}
    problems: list[Problem] = []
    pipelines = set()
    for wanted, statuses in settings.pipelines.items():
        where = f"key {settings.key}.pipelines.{wanted}"
        pipeline = _id(wanted, names.pipelines, where, "pipeline", problems)
        if pipeline is None:
            continue
        pipelines.add(pipeline)
        ends = names.ends.get(pipeline, {})
        stages |= {(pipeline, id_): LOST if end == LOST_END else stage_keys[-1] for id_, end in ends.items()}
        known = names.statuses.get(pipeline, {})
        for status, stage in statuses.items():
            id_ = _id(status, known, f"{where}.{status}", "status", problems)
            if id_ is not None:
                stages[pipeline, id_] = stage
    if problems:
        raise SettingsError("The settings do not fit the account.", problems)
    return StageMap(stages, frozenset(pipelines))


def _id(
    wanted: int | str, names: Mapping[int | str, str], where: str, what: str, problems: list[Problem]
) -> int | str | None:
    wanted = key(wanted) if str(wanted).strip() else wanted
    if wanted in names:
        return wanted
    if isinstance(wanted, int):
        if what == "status":
            return wanted
        found: list[int | str] = []
    else:
        found = [id_ for id_, name in names.items() if name.strip().casefold() == wanted.strip().casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        problems.append(
            Problem(where, f"{len(found)} of them bear this name", f"the id: {', '.join(map(str, found))}")
        )
    else:
        listed = ", ".join(f"{name} ({id_})" for id_, name in names.items()) or "none"
        problems.append(
            Problem(where, f"the account has no such {what}{nearest(str(wanted), names.values())}", listed)
        )
    return None


def suggest(pipelines: Sequence[Listed], stages: Sequence[Stage]) -> str:
    """Propose the `pipelines:` part of the settings, as YAML to be read by a person before use.

    A status whose name is like a stage's name gets that stage; those between two such belong to the earlier
    one; those before the first are still plain leads. Won is the last stage, lost is `lost`.

    Args:
        pipelines: the account's, in its order; archived ones are left out.
        stages: the funnel's.
    """
    lines = ["  pipelines: # a proposal: check each line; a pipeline left out is outside the funnel"]
    for pipeline in pipelines:
        if pipeline.archived:
            continue
        lines.append(f"    {_word(pipeline.id)}: # {_comment(pipeline.name)}")
        reached = -1
        for status, name in pipeline.statuses.items():
            end = pipeline.ends.get(status)
            if end is None:
                reached = max(reached, _like(name, stages))
                stage = stages[reached].key if reached >= 0 else LEAD
            else:
                stage = LOST if end == LOST_END else stages[-1].key
            lines.append(f"      {_word(status)}: {stage} # {_comment(name)}")
    return "\n".join(lines) + "\n"


def _like(name: str, stages: Sequence[Stage]) -> int:
    """Return the number of the stage whose key or name is most like a status's name; -1 for none."""
    best, score = -1, 0.6
    for number, stage in enumerate(stages[:-1]):  # the last stage is won, which has an id of its own
        for word in (stage.key, *stage.name.values()):
            likeness = _likeness(word.casefold(), name.casefold())
            if likeness > score:
                best, score = number, likeness
    return best


def _likeness(word: str, name: str) -> float:
    """Compare a stage's name with the likest word of a status's name, so that inflected forms meet."""
    words = [name, *name.replace("/", " ").replace("-", " ").split()]
    return max(difflib.SequenceMatcher(None, word, other).ratio() for other in words)


def _word(id_: int | str) -> str:
    """Return an id as YAML that is read as the same id."""
    return str(id_) if isinstance(id_, int) else json.dumps(id_)


def _comment(name: str) -> str:
    """One line, whatever the name holds."""
    text: str = yaml.safe_dump(name, allow_unicode=True, width=10_000, default_style='"')
    return text.strip()[1:-1]
