"""The built-in renderer: the same `report.qmd` as Quarto's, made with Pandoc and Typst from wheels.

The order data pass through: `config` (settings, variables) and `scan` (shortcodes, fences, lines) ->
`read` (Pandoc's tree with our own nodes, every problem with file and line) -> `lower` (one tree for
each format: numbers, references, boxes) -> `write` (one HTML file, one PDF).
"""
