"""The look of the report: colours and font of `_brand.yml`, the file Quarto reads too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from funnel.errors import MissingError, Problem, SettingsError
from funnel.settings import LEAD, Settings
from funnel.yaml_loader import load as load_yaml

BRAND = "_brand.yml"
DPI = 160
"""Pixels per inch of a figure."""
FONT = "Source Sans Pro"
HTML_FONTS = '"Source Sans 3", "Source Sans Pro", system-ui, sans-serif'
_NEEDED = ("ink", "muted", "line", "wash", "paper", "up", "down", "shade-low", "shade-high", "stage-1")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Theme:
    """The palette.

    Attributes:
        ink: text, and the overall conversion. muted: notes, unripe cohorts, the lead itself. line: rules.
        wash: table heads and tiles. paper: the page. up, down: better and worse, always beside a sign.
        low, high: ends of the heat scale. stages: a hue for each stage in order.
    """

    ink: str
    muted: str
    line: str
    wash: str
    paper: str
    up: str
    down: str
    low: str
    high: str
    stages: tuple[str, ...]

    @property
    def named(self) -> dict[str, str]:
        """The colours by the names that they have in `_brand.yml` and on a page."""
        plain = ("ink", "muted", "line", "wash", "paper", "up", "down")
        hues = {f"stage-{number}": hue for number, hue in enumerate(self.stages, start=1)}
        shades = {"shade-low": self.low, "shade-high": self.high}
        return {**{name: str(getattr(self, name)) for name in plain}, **shades, **hues}

    def stage(self, key: str, settings: Settings) -> str:
        """Return the hue of a stage, the same in every table and figure."""
        if key in settings.stage_keys:
            return self.stages[settings.stage_keys.index(key) % len(self.stages)]
        return self.muted if key == LEAD else self.ink

    def heat(self, share: float) -> str:
        """Return the colour of a point of the heat scale, 0 to 1."""
        ends = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in (self.low, self.high)]
        share = min(max(share, 0.0), 1.0)
        return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ends, strict=True))


def load(settings: Settings) -> Theme:
    """Read the palette from `_brand.yml` beside the settings file.

    Raises:
        MissingError: there is no such file.
        SettingsError: it does not parse, or a colour is missing or not of the form ``#rrggbb``.
    """
    return read(settings.root / BRAND)


@cache
def read(path: Path) -> Theme:
    """Read the palette from a file; see `load`."""
    if not path.is_file():
        raise MissingError(
            f"There is no {path}, which holds the colours of the report. "
            f"To do: copy {BRAND} of the project beside your settings file."
        )
    try:
        content: Any = load_yaml(path.read_text(encoding="utf-8"))
        palette = dict(content["color"]["palette"])
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        wrong = Problem(str(path), "it holds no palette", "color: {palette: {name: '#rrggbb'}}")
        raise SettingsError("The colours cannot be read.", [wrong]) from None
    problems = [
        Problem(f"{path}, color.palette", f"{name} is missing") for name in _NEEDED if name not in palette
    ]
    problems += [
        Problem(f"{path}, color.palette.{name}", f"{colour!r} is not a colour", "'#rrggbb'")
        for name, colour in palette.items()
        if not _HEX.fullmatch(str(colour))
    ]
    if problems:
        raise SettingsError("The colours cannot be used.", problems)
    names = sorted((name for name in palette if re.fullmatch(r"stage-\d+", name)), key=lambda n: int(n[6:]))
    plain = {name: palette[name] for name in ("ink", "muted", "line", "wash", "paper", "up", "down")}
    return Theme(
        **plain,
        low=palette["shade-low"],
        high=palette["shade-high"],
        stages=tuple(palette[name] for name in names),
    )


@contextmanager
def style(theme: Theme) -> Iterator[None]:
    """Draw in the report's font and colours inside this context; nothing outside it changes."""
    import matplotlib as mpl  # here and below: a table needs the colours alone

    _register_fonts()
    with mpl.rc_context(_settings(theme)):
        yield


def apply(theme: Theme) -> None:
    """Draw everything from now on in the report's font, colours and size."""
    import matplotlib as mpl
    from cycler import cycler

    _register_fonts()
    hues = cycler(color=[*theme.stages, theme.muted])
    own: Any = {"axes.prop_cycle": hues, "figure.dpi": DPI, "figure.figsize": (7.0, 3.4)}
    mpl.rcParams.update({**_settings(theme), **own})


def _settings(theme: Theme) -> Any:  # matplotlib's type is a literal of all its keys
    return {
        "font.family": [FONT, "DejaVu Sans"],
        "font.size": 9,
        "text.color": theme.ink,
        "text.parse_math": False,
        "axes.edgecolor": theme.line,
        "axes.labelcolor": theme.muted,
        "axes.titlesize": 10,
        "axes.titleweight": 700,
        "axes.titlelocation": "left",
        "axes.titlecolor": theme.ink,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "grid.color": theme.line,
        "grid.linewidth": 0.6,
        "xtick.color": theme.line,
        "ytick.color": theme.line,
        "xtick.labelcolor": theme.muted,
        "ytick.labelcolor": theme.muted,
        "ytick.major.size": 0,
        "figure.facecolor": theme.paper,
        "axes.facecolor": theme.paper,
        "lines.linewidth": 1.8,
    }


@cache
def _register_fonts() -> None:
    import font_source_sans_pro
    from matplotlib import font_manager

    files = Path(font_source_sans_pro.__file__).parent / "files"
    for cut in ("Regular", "Bold"):
        font_manager.fontManager.addfont(str(files / f"SourceSansPro-{cut}.ttf"))
