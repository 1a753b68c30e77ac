from __future__ import annotations

import pytest

from funnel.present.parts.texts import Texts
from funnel.present.quality.definitions import definitions
from funnel.settings import LANGUAGES, Settings


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_is_defined(settings: Settings, language: str) -> None:
    texts = Texts("en" if language == "en" else "ru")
    shown = definitions(settings, texts)._repr_mimebundle_()["text/markdown"]
    terms = [text for key, text in texts.plain().items() if key.startswith("term_")]
    assert len(terms) == 14
    assert all(f"**{term}.** " in shown for term in terms)


def test_definitions_follow_the_settings(settings: Settings) -> None:
    texts = Texts("en")
    later = definitions(settings, texts)._repr_mimebundle_()["text/markdown"]
    changed = settings.model_copy(update={"reach": "entered", "young_weeks": 9, "horizon_weeks": 52})
    entered = definitions(changed, texts)._repr_mimebundle_()["text/markdown"]
    assert "that stage or any later one" in later
    assert "only when it entered that very stage" in entered
    assert "younger than 4 weeks" in later and "younger than 9 weeks" in entered
    assert "104 weeks old" in later and "52 weeks old" in entered
