"""The report in Word and PowerPoint, from the built-in renderer's page.

`write` lets Pandoc read the page with `office.lua`; `slides` and `words` set what Pandoc leaves to a
template: places, sizes of letters, widths of columns. `reference` is that template, for Quarto.
"""

from funnel.publish.office.write import FORMATS, reference, write

__all__ = ["FORMATS", "reference", "write"]
