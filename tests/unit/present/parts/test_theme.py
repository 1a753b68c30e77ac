from __future__ import annotations

from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import yaml

from funnel.errors import MissingError, SettingsError
from funnel.present.parts import theme as look
from funnel.settings import Settings

# Machado, Oliveira, Fernandes 2009, severity 1.0
BLINDNESS = {
    "protan": [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881],
    ],
}  # fmt: skip


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one: str, other: str) -> float:
    light = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def test_every_colour_of_text_is_legible(settings: Settings) -> None:
    theme = look.load(settings)
    for colour in (theme.ink, theme.muted, theme.up, theme.down, *theme.stages):
        assert contrast(colour, theme.paper) >= 4.5, colour
        assert contrast(colour, theme.wash) >= 4.5, colour
    assert contrast(theme.ink, theme.high) >= 4.5


@pytest.mark.parametrize("kind", BLINDNESS)
def test_stages_stay_apart_for_colour_blind_readers(settings: Settings, kind: str) -> None:
    matrix = np.array(BLINDNESS[kind])
    seen = {colour: lab(matrix @ linear(colour)) for colour in look.load(settings).stages[:4]}
    for one, other in combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 10, (one, other)


def test_a_stage_has_one_hue(settings: Settings) -> None:
    theme = look.load(settings)
    assert len({theme.stage(key, settings) for key in (*settings.steps, "overall")}) == 6


def test_the_brand_file_is_the_one_quarto_reads(settings: Settings) -> None:
    brand = yaml.safe_load((settings.root / "_brand.yml").read_text(encoding="utf-8"))
    assert set(brand) <= {"meta", "logo", "color", "typography", "defaults"}
    named = {name: value for name, value in brand["color"].items() if name != "palette"}
    assert set(named.values()) <= set(brand["color"]["palette"])


def test_no_brand_file_says_what_to_do(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"There is no .*_brand\.yml.*To do: copy"):
        look.load(settings.model_copy(update={"root": tmp_path}))


def test_all_bad_colours_are_named_at_once(settings: Settings, tmp_path: Path) -> None:
    palette = yaml.safe_load((settings.root / "_brand.yml").read_text(encoding="utf-8"))["color"]["palette"]
    del palette["ink"]
    palette["up"] = "green"
    (tmp_path / "_brand.yml").write_text(yaml.safe_dump({"color": {"palette": palette}}), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        look.load(settings.model_copy(update={"root": tmp_path}))
    assert "ink is missing" in str(caught.value)
    assert "'green' is not a colour" in str(caught.value)


@pytest.mark.parametrize("content", ["", "color: [", "color: {palette: 3}"])
def test_an_unreadable_brand_file(settings: Settings, tmp_path: Path, content: str) -> None:
    (tmp_path / "_brand.yml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="The colours cannot be read"):
        look.load(settings.model_copy(update={"root": tmp_path}))


def test_drawing_changes_nothing_outside(settings: Settings) -> None:
    before = dict(mpl.rcParams)
    with look.style(look.load(settings)):
        assert mpl.rcParams["font.family"][0] == "Source Sans Pro"
        found = mpl.font_manager.findfont("Source Sans Pro", fallback_to_default=False)
        assert "SourceSansPro-Regular" in found
    assert dict(mpl.rcParams) == before
