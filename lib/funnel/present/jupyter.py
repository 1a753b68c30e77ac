"""What a notebook's kernel shows of ordinary objects, in the look of the report.

An IPython extension. `funnel report` loads it; `%load_ext funnel.present.jupyter` in the project's folder
gives figures the same look in JupyterLab. Nothing that a cell would show without it is kept back.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from IPython.core.formatters import JSONFormatter
from traitlets import ObjectName, Unicode

from funnel.present.parts import theme
from funnel.present.parts.vector import KIND

if TYPE_CHECKING:
    import pandas as pd
    from IPython.core.interactiveshell import InteractiveShell
    from matplotlib.figure import Figure

_INLINE = "module://matplotlib_inline.backend_inline"


class _Charts(JSONFormatter):
    """What shows a figure as a chart, beside its picture."""

    format_type = Unicode(KIND)
    print_method = ObjectName("_repr_chart_")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Let pyplot's figures show, drawn in the report's look, and pandas Series show as tables."""
    # Where kernels are forked, matplotlib was loaded before there was a kernel, without its backend.
    mpl.rcParams["backend"] = _INLINE
    brand = Path(theme.BRAND)
    if brand.is_file():
        theme.apply(theme.read(brand.resolve()))
    if shell.display_formatter is None:
        return
    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type_by_name("pandas.core.series", "Series", _series)
    formatters["text/html"].for_type_by_name("pandas", "Series", _series)
    formatters["image/png"].for_type_by_name("matplotlib.figure", "Figure", _png)
    formatters[KIND] = charts = _Charts(parent=shell.display_formatter)
    charts.for_type_by_name("matplotlib.figure", "Figure", _chart)  # type: ignore[no-untyped-call]


def _series(series: pd.Series) -> str:
    """Return a Series as pandas writes a frame of one column."""
    shown: str = series.to_frame("" if series.name is None else series.name)._repr_html_()  # type: ignore[operator]
    return shown


def _chart(figure: Figure) -> dict[str, Any] | None:
    """Return a figure as the page shows it, where its values can be read; an empty one shows nothing."""
    from funnel.present.parts.vector import chart

    try:
        return chart(figure, cut=True) if figure.axes else None
    except Exception:  # whatever somebody drew: what cannot be read stays the picture it is
        return None


def _png(figure: Figure) -> str | None:
    """Return a figure made without pyplot, drawn as IPython draws pyplot's; an empty one shows nothing."""
    from IPython.core.pylabtools import print_figure

    drawn: str | None = print_figure(figure, "png", base64=True)  # type: ignore[no-untyped-call]
    return drawn
