"""What `funnel.yml` says of an amoCRM account before anything was read from it."""

from __future__ import annotations

from funnel.template.proposal import USUAL, Proposal, ProposedAttribute
from funnel.template.settings_text import scalar

_BLOCK = """
# The account, and what its statuses mean in the funnel. `funnel sync amocrm --suggest-mapping` prints the
# lines of `pipelines` for this account; data/amocrm.md says how to get a token, and explains every key.
{mark}amocrm:
{mark}  host: {host}
{mark}  # pipelines: {{}} # pipeline -> status -> stage key, lead or lost
{mark}  attributes: {{manager: responsible, channel: utm_source, campaign: utm_campaign}}
{mark}  payments: won # the budget of a won lead is a payment when it was won; or none
"""


def account(host: str | None) -> Proposal:
    """Return what is proposed for an account; without its host the keys stand there as a comment.

    Args:
        host: such as `acme.amocrm.ru`.
    """
    steps = ["stages are the usual ones: put yours in their place in funnel.yml"]
    if not host:
        steps.append("the account is not named: fill in host under amocrm in funnel.yml, and take the # away")
    steps.append("a token is needed: data/amocrm.md, way 1; then funnel sync amocrm --suggest-mapping")
    return Proposal(
        USUAL,
        attributes=[ProposedAttribute(name, "from the account") for name in ("channel", "manager")],
        slices=["channel", "manager"],
        block=_BLOCK.format(mark="" if host else "# ", host=scalar(host or "acme.amocrm.ru")),
        notes=steps,
    )
