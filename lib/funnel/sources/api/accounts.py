"""The CRMs that are read by their API: a folder beside this one for each, found by its name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

from funnel.settings_accounts import Account
from funnel.sources.api.sync import Source


def source(account: Account, environ: Mapping[str, str], repo: Path, host: str = "") -> Source:
    """Return an account with its token.

    Args:
        account: its settings; their key names the folder.
        environ: the environment, which holds the token.
        repo: the folder in which no token may lie.
        host: what the command line names instead of the environment.

    Raises:
        InputError: the token or the host cannot be used.
    """
    made: Source = importlib.import_module(f"funnel.sources.{account.key}").source(
        account, environ, repo, host
    )
    return made
