"""The `amocrm:` key of `funnel.yml`: which account, and what its words mean in the funnel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from funnel import validation
from funnel.errors import Problem, SettingsError, nearest
from funnel.settings import LEAD, LOST

LOOPBACK = ("127.0.0.1", "localhost")
_HOST = re.compile(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")
_SOURCE = re.compile(r"^(responsible|pipeline|tags(:.+)?|utm_[a-z]+|field:.+)$", re.DOTALL)
_RESERVED = ("lead_id", "created_at", "customer_id")


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine itself.

    >>> is_loopback("127.0.0.1:8123"), is_loopback("acme.amocrm.ru")
    (True, False)
    """
    return host.partition(":")[0] in LOOPBACK


def _host(host: str) -> str:
    if is_loopback(host):
        return host
    if not _HOST.match(host) or host.startswith("www."):
        raise ValueError(
            f"{host!r} is not the address of an account; allowed: the whole host without https://, "
            "such as acme.amocrm.ru, acme.amocrm.com or acme.kommo.com"
        )
    return host


def _source(text: str) -> str:
    if not _SOURCE.match(text):
        raise ValueError(
            f"{text!r} says not where the attribute comes from; allowed: responsible, pipeline, tags, "
            "tags:NAME|NAME, utm_source (or another utm_...), field:NAME (or the field's id or code)"
        )
    return text


def _attribute(name: str) -> str:
    if name in _RESERVED:
        raise ValueError(f"{name!r} is a column of its own; allowed: any other name")
    return name


Source = Annotated[str, AfterValidator(_source)]
AttributeName = Annotated[str, Field(min_length=1), AfterValidator(_attribute)]


class AmoSettings(BaseModel):
    """How one amoCRM (Kommo) account becomes the funnel's tables.

    Attributes:
        host: the account's whole host, such as `acme.amocrm.ru`. Always HTTPS, but for the loopback address.
        pipelines: for each pipeline that belongs to the funnel (by name or id), its statuses (by name or id)
            and what each means: a stage key, `lead` (no stage yet) or `lost`. A pipeline that is not named is
            outside the funnel. Won (142) means the last stage and lost (143) means `lost` unless said
            otherwise.
        attributes: column of `leads` -> where it comes from: `responsible`, `pipeline`, `tags`,
            `tags:A|B` (the first of these that the lead bears), `utm_source` and its like, `field:NAME`
            (name, code or id of a custom field; fields of the same name are coalesced).
        personal: attributes that may hold telephone numbers or e-mail addresses; everywhere else they are
            blotted out before anything is saved.
        payments: `won`: the budget of a lead in the last stage is a payment made when it got there; `none`:
            no payments.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, AfterValidator(_host)]
    pipelines: dict[int | str, dict[int | str, str]] = {}
    attributes: dict[AttributeName, Source] = {}
    personal: tuple[str, ...] = ()
    payments: Literal["won", "none"] = "won"

    @property
    def base_url(self) -> str:
        """Where the account's API lives."""
        return f"{'http' if is_loopback(self.host) else 'https'}://{self.host}"


def read_settings(content: object, stage_keys: Iterable[str], where: str = "funnel.yml") -> AmoSettings:
    """Check the `amocrm:` key of the settings against the configured stages.

    Args:
        content: what stands under the key, as YAML gave it.
        stage_keys: the funnel's stages in order.
        where: the settings file, for messages.

    Raises:
        SettingsError: a key or value is not allowed; all problems at once.
    """
    if not isinstance(content, Mapping):
        todo = "amocrm: {host: acme.amocrm.ru}, then run: funnel sync amocrm --suggest-mapping"
        raise SettingsError(
            "The amoCRM settings cannot be used.", [Problem(f"{where}, key amocrm", "not given", todo=todo)]
        )
    try:
        settings = AmoSettings.model_validate(dict(content))
    except ValidationError as error:
        problems = validation.problems(
            error, AmoSettings, lambda key: f"{where}, key {'.'.join(filter(None, ('amocrm', key)))}"
        )
        raise SettingsError("The amoCRM settings cannot be used.", problems) from None
    allowed_stages = (LEAD, *stage_keys, LOST)
    problems = [
        Problem(
            f"{where}, key amocrm.pipelines.{pipeline}.{status}",
            f"{stage!r} is no stage{nearest(stage, allowed_stages)}",
            ", ".join(allowed_stages),
        )
        for pipeline, statuses in settings.pipelines.items()
        for status, stage in statuses.items()
        if stage not in allowed_stages
    ]
    problems += [
        Problem(
            f"{where}, key amocrm.personal",
            f"{name!r} is no attribute{nearest(name, settings.attributes)}",
            ", ".join(settings.attributes) or "none",
        )
        for name in settings.personal
        if name not in settings.attributes
    ]
    if problems:
        raise SettingsError("The amoCRM settings cannot be used.", problems)
    return settings
