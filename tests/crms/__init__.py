"""An invented company whose deals are written as each CRM exports them: what readers are tried on.

The writers know the vendors' documentation (named in `docs/sources/`) and nothing of the readers.
"""
