"""What all CRMs that are read by their API share: one pass, one saved state, one way with odd records.

The way through: `vendor` says whose host a token may go to, `secrets` where it comes from, `client` asks,
`records` reads each record by itself, a CRM's own `reader.Reader` walks its lists into `state`, `check`
compares the whole list once a day, `history` and `mapping` turn moves into stage entries, `tables` makes the
canonical tables, `sync` is the pass as a whole. What a CRM calls things and how it pages is in its own folder
beside this one.
"""
