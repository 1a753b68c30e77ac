"""What `funnel.yml` says of a CRM's account before anything was read from it."""

from __future__ import annotations

from funnel.settings_accounts import Account
from funnel.template.proposal import USUAL, Proposal, ProposedAttribute
from funnel.template.settings_text import scalar

_BLOCK = """
# The account, and what its stages mean in the funnel. `funnel sync {key} --suggest-mapping` prints the
# lines of `pipelines` for this account; {page} says how to get a token, and explains every key.
{mark}{key}:
{mark}  host: {host}
{mark}  # pipelines: {{}} # pipeline -> stage -> stage key, lead or lost
{mark}  attributes: {{manager: responsible, channel: utm_source, campaign: utm_campaign}} # or field:NAME
{mark}  payments: won # the amount of a won lead is a payment when it was won; or none
"""


def account(kind: type[Account], host: str | None) -> Proposal:
    """Return what is proposed for an account; without its host the keys stand there as a comment.

    Args:
        kind: of which CRM.
        host: such as `acme.amocrm.ru`; one that all accounts share need not be named.
    """
    field = kind.model_fields["host"]
    shared = "" if field.is_required() else str(field.default)
    named = host or shared
    steps = ["stages are the usual ones: put yours in their place in funnel.yml"]
    if not named:
        steps.append(
            f"the account is not named: fill in host under {kind.key} in funnel.yml, and take the # away"
        )
    way = ", way 1" if kind.key == "amocrm" else ""
    steps.append(f"a token is needed: {kind.page}{way}; then funnel sync {kind.key} --suggest-mapping")
    return Proposal(
        USUAL,
        attributes=[ProposedAttribute(name, "from the account") for name in ("channel", "manager")],
        slices=["channel", "manager"],
        block=_BLOCK.format(
            key=kind.key,
            page=kind.page,
            mark="" if named else "# ",
            host=scalar(named or kind.example.split()[0].rstrip(",")),
        ),
        notes=steps,
    )
