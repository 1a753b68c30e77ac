"""Write docs/columns.md, the dictionary of the published columns; `--check` compares it with them."""

from __future__ import annotations

import sys
from pathlib import Path

from funnel.columns import SHEETS, TABLES, Column
from funnel.present.parts.texts import Texts

PAGE = Path(__file__).with_suffix(".md")
HEAD = """# The published columns

What stands in the tables on the page, in the command's tables, in `archive/<date>/tables/*.csv` and in the
workbook. Made from `lib/funnel/columns/` by `python docs/columns.py`; do not edit it here. `{stage}` is the
key of every stage in turn, `{before}` that of the stage before it, `{last}` the last one. Where the page
lays a file out otherwise, such as a column for each source of revenue, it is described as the page shows it.
"""


def page() -> str:
    """Return the dictionary as Markdown."""
    parts = [HEAD]
    sheets = {f"Sheet “{Texts('en').t(name)}”": columns for name, columns in SHEETS.items()}
    for name, columns in ({f"{name}.csv": columns for name, columns in TABLES.items()} | sheets).items():
        parts.append(f"## {name}\n")
        parts.append("| column | title | Название | meaning | значение | unit | digits | shown | formula |")
        parts.append("|---|---|---|---|---|---|---|---|---|")
        parts += [_line(column) for column in columns]
        parts.append("")
    return "\n".join(parts)


def _line(column: Column) -> str:
    key = f"`{column.key}`" + (f", `{column.upto}`" if column.upto else "")
    formula = " / ".join(f"`{name}`" for name in column.formula or ())
    words = [column.title["en"], column.title["ru"], column.meaning["en"], column.meaning["ru"]]
    told = [key, *words, column.unit, str(column.digits), ", ".join(sorted(column.places)), formula]
    return "| " + " | ".join(told) + " |"


if __name__ == "__main__":
    if "--check" in sys.argv:
        if PAGE.read_text(encoding="utf-8") != page():
            sys.exit("docs/columns.md is older than lib/funnel/columns/. To do: python docs/columns.py")
    else:
        PAGE.write_text(page(), encoding="utf-8", newline="\n")
