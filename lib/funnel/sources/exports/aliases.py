"""What the columns of an amoCRM (Kommo) export are called, by language, and the user's own names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from funnel.settings import Frozen, Settings
from funnel.yaml_file import read_yaml

Field = Literal[
    "lead_id", "created_at", "updated_at", "closed_at", "stage", "pipeline", "responsible", "budget", "tags",
    "lost_reason",
]  # fmt: skip
FIELDS: tuple[Field, ...] = get_args(Field)
REQUIRED: tuple[Field, ...] = ("lead_id", "created_at", "stage")

SEEN: dict[Field, tuple[str, ...]] = {
    "lead_id": ("ID",),
    "created_at": ("Дата создания сделки", "Дата создания", "Criado em", "Data Criada", "Fecha de Creación"),
    "updated_at": ("Дата редактирования", "Última modificação"),
    "closed_at": ("Дата закрытия",),
    "stage": ("Этап сделки", "Etapa do lead", "Estatus del lead"),
    "pipeline": ("Воронка", "Funil de vendas"),
    "responsible": ("Ответственный", "Usuário responsável", "Lead usuário responsável"),
    "budget": ("Бюджет", "Lead venda", "Venda", "Presupuesto"),
    "tags": ("Теги", "Lead tags", "Tags", "Etiquetas del lead", "Etiquetas"),
    "lost_reason": (),
}
"""Headers seen in real exports: Russian, Portuguese, Spanish."""

UNVERIFIED: dict[Field, tuple[str, ...]] = {
    "created_at": ("Created at", "Date created", "Creado en"),
    "updated_at": ("Last modified", "Updated at", "Última modificación", "Fecha de modificación"),
    "closed_at": ("Closed at", "Close date", "Data de fechamento", "Fecha de cierre"),
    "stage": ("Lead status", "Lead stage", "Stage", "Etapa del lead"),
    "pipeline": ("Pipeline", "Embudo de ventas", "Embudo"),
    "responsible": ("Responsible user", "Responsible", "Usuario responsable"),
    "budget": ("Sale", "Lead sale", "Budget"),
    "tags": ("Lead tags",),
    "lost_reason": ("Причина отказа", "Loss reason", "Razón de pérdida", "Motivo de perda"),
}
"""English ones, and others never seen in a real export: taken, but said to be so."""

PERSONAL = re.compile(
    r"телефон|факс|e-?mail|почт|контакт|примечан|адрес|мессендж|whatsapp|telegram|skype|phone|fax\b|contact"
    r"|\bnotes?\b|tel[ée]fono|telefone|correo|\bnotas?\b|nombre completo|nome completo|полное имя|celular"
)
"""Headers, normalised, of columns that may hold telephone numbers, addresses or names of people."""


class AliasFile(Frozen):
    """A user's own names of columns, by field; they come before the known ones."""

    lead_id: tuple[str, ...] = ()
    created_at: tuple[str, ...] = ()
    updated_at: tuple[str, ...] = ()
    closed_at: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    pipeline: tuple[str, ...] = ()
    responsible: tuple[str, ...] = ()
    budget: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    lost_reason: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alias:
    """A header that means a field."""

    header: str
    verified: bool


Aliases = dict[Field, tuple[Alias, ...]]


def aliases(settings: Settings) -> Aliases:
    """Return the names of each field, the best first: the user's, the seen ones, the unverified ones.

    Raises:
        SettingsError: the user's file cannot be read, or names a field that does not exist.
    """
    own = AliasFile()
    if settings.exports and settings.exports.aliases:
        own = read_yaml(settings.root / settings.exports.aliases, AliasFile)
    return {
        field: tuple(
            [Alias(name, True) for name in (*getattr(own, field), *SEEN[field])]
            + [Alias(name, False) for name in UNVERIFIED.get(field, ())]
        )
        for field in FIELDS
    }
