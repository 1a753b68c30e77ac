"""Event logs: a row for each lead that came to a stage, from a warehouse or the history of a CRM."""

from funnel.sources.events.entries import read_events

__all__ = ["read_events"]
