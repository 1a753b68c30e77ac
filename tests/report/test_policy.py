"""The page's policy, as a real browser takes it: the page is whole, and nothing else runs or is asked for."""

from __future__ import annotations

import base64
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from funnel.publish.policy import policy, with_policy
from funnel.publish.render import render
from tests.chromium import needs_browser, opened

REFUSED = re.compile(r"violates the following Content Security Policy|Refused to", re.IGNORECASE)


@pytest.fixture
def outside() -> Iterator[tuple[str, list[str]]]:
    """A server that stands for the world outside; it writes down what it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def look(page: Path, folder: Path) -> tuple[str, str]:
    """Open a page; return what it became, and what the browser said of it."""
    done = opened(page, folder, "--enable-logging=stderr", "--v=0")
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def attacked(page: str, world: str) -> str:
    """Return the page as it would be if a text in it were not escaped."""
    attack = (
        f'<img src="{world}/pixel.png"><img src="x" onerror="document.title=\'owned\'">'
        "<script>document.title='owned'</script>"
        f'<script src="{world}/script.js"></script><link rel="stylesheet" href="{world}/style.css">'
        f'<iframe src="{world}/frame.html"></iframe>'
    )
    return page.replace("</body>", f"{attack}</body>")


@pytest.mark.browser
@needs_browser
def test_the_page_obeys_its_policy_and_an_attack_does_not_get_through(
    project: Path, kit: Any, tmp_path: Path, outside: tuple[str, list[str]]
) -> None:
    world, asked = outside
    render(project, report_date=kit.day, out=project / "out", renderer="builtin", formats={"html"})
    made = project / "out" / "report.html"
    became, said = look(made, tmp_path)
    assert not REFUSED.search(said), said
    assert "<table" in became
    text = made.read_text(encoding="utf-8")
    assert text.index("Content-Security-Policy") < text.index("<title>"), "it comes before what it rules"
    bad = tmp_path / "bad.html"
    bad.write_text(attacked(text, world), encoding="utf-8")
    became, said = look(bad, tmp_path)
    assert len(REFUSED.findall(said)) >= 5, said
    assert "<title>owned" not in became
    assert asked == []
    bare = re.sub(r"<meta http-equiv[^>]*>", "", attacked(text, world))
    bad.write_text(bare, encoding="utf-8")
    became, said = look(bad, tmp_path)
    assert "<title>owned" in became, "the attack is one: without the policy it gets through"
    assert {"/pixel.png", "/script.js", "/style.css", "/frame.html"} <= set(asked)


@pytest.mark.browser
@needs_browser
def test_a_page_of_another_program_runs_its_own_scripts_alone(
    tmp_path: Path, outside: tuple[str, list[str]]
) -> None:
    world, asked = outside
    data = base64.b64encode(b"document.body.append('from data </sc' + 'ript>')").decode()
    page = (
        "<!DOCTYPE html><html><head><title>t</title>"
        '<link rel="stylesheet" href="data:text/css,body%7Bcolor%3Ared%7D"></head><body>'
        "<script>document.body.append('plain')\r\n</script>"
        f'<script src="data:application/javascript;base64,{data}"></script>'
        "<script src='data:text/javascript,document.body.append(%22quoted%22)'></script></body></html>"
    )
    own = tmp_path / "own.html"
    own.write_text(with_policy(page), encoding="utf-8", newline="")
    became, said = look(own, tmp_path)
    assert not REFUSED.search(said), said
    shown = re.sub(r"<script.*?</script>", "", became, flags=re.DOTALL)
    for word in ("plain", "from data", "quoted"):
        assert word in shown, became
    own.write_text(attacked(with_policy(page), world), encoding="utf-8", newline="")
    became, said = look(own, tmp_path)
    assert "<title>owned" not in became
    assert asked == []


def test_the_policy_names_nothing_from_outside() -> None:
    parts = dict(part.split(" ", 1) for part in policy(["x"]).split("; "))
    assert parts["default-src"] == "'none'"
    assert parts["script-src"].startswith("'sha256-")
    assert "unsafe" not in parts["script-src"]
    assert not re.search(r"https?:|\*", policy(["x"]))
