"""The built-in renderer: the same `report.qmd` as Quarto's, made with Pandoc and Typst from wheels.

The order data pass through: `config` (settings, variables) and `scan` (shortcodes, fences, lines) ->
`read` (every text that the report shows) -> one run of Pandoc, in which `templates/builtin.lua` checks the
texts' trees, each problem with file and line, and `templates/pages.lua` makes the pages; what Quarto's filter
does too is in `templates/report.lua` -> `pages` (one HTML file, one PDF).
"""
