"""What `funnel init` writes: a company's own report repository, and how it is brought up to date.

`parts` says where the files lie, in a wheel and in a checkout; `canonical` and `sheet` look into data and
make a `proposal`; `settings_text` writes `funnel.yml` of it; `project` writes the folder, `update` brings it
to the installed version, and `standing` says where a folder stands. `project/` and `jobs/` hold the files
that the repository of the product has not at its own root.
"""
