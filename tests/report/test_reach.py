"""What a narrative may show: files of its own folders, none that is hidden and none that lies elsewhere."""

import base64
import os
import stat

import pytest

from funnel.errors import RenderError
from funnel.publish.builtin.inert import inert_includes
from funnel.publish.render import render

SECRET = "planted-credential-0"
TEXT_ATTACKS = {
    "{{< include /.git/config >}}": "is hidden",
    "{{< include .git/config >}}": "is hidden",
    "{{< include ./.git/config >}}": "is hidden",
    "{{< include narrative/../.git/config >}}": "is hidden",
    '{{< include "/.git/config" >}}': "is hidden",
    "    {{< include /.git/config >}}": "is hidden",
    "> {{< include /.git/config >}}": "is hidden",
    "- {{< include /.git/config >}}": "is hidden",
    "{{< include narrative/.secret.md >}}": "is hidden",
    "{{< include docs/.hidden/x.md >}}": "is hidden",
    "{{< include narrative/link.md >}}": "is hidden",
    "{{< include narrative/linked/config >}}": "is hidden",
    "{{< include narrative/out.md >}}": "there is no file narrative/out.md in the project",
    "{{< include ../secret.md >}}": "there is no file ../secret.md in the project",
    "{{< include /../secret.md >}}": "there is no file /../secret.md in the project",
    "{{< include //etc/hostname >}}": "there is no file //etc/hostname in the project",
    "{{< include ~/.netrc >}}": "there is no file ~/.netrc in the project",
    "{{< include file:///etc/hostname >}}": "there is no file file:///etc/hostname in the project",
    "{{< include narrative >}}": "there is no file narrative in the project",
    "{{< include narrative/circle.md >}}": "there is no file narrative/circle.md in the project",
    "{{< include funnel.yml >}}": "lies outside the folders that a narrative may show",
    "{{< include /data/leads.csv >}}": "allowed: files in narrative/ and docs/",
    "{{< include narrative/../data/leads.csv >}}": "allowed: files in narrative/ and docs/",
    "{{< include run/rejected/leads.csv >}}": "allowed: files in narrative/ and docs/",
    "{{< include narratives/x.md >}}": "lies outside the folders",
    "```\n{{< include /.git/config >}}\n```": "a shortcode inside a code block",
    "`{{< include /.git/config >}}`": "a shortcode inside code",
}
IMAGE_ATTACKS = {
    "![](/.git/config)": "an image /.git/config; allowed: png, jpg and svg files",
    "![](/.git/config.png)": "is hidden",
    "![](.git/config.png)": "is hidden",
    "![](/%2egit/config.png)": "is hidden",
    "![](/.git/config?x.png)": "an image /.git/config?x.png",
    "![](/.git/config%3Fx.png)": "an image /.git/config%3Fx.png",
    "![](/.git/config#x.png)": "an image /.git/config#x.png",
    "![](/%252egit/config.png)": "an image /%252egit/config.png",
    "![](..\\\\secret.png)": "an image",
    "![](../../etc/passwd)": "an image ../../etc/passwd",
    "![](../secret.png)": "there is no image ../secret.png in the project",
    "![](/../secret.png)": "there is no image /../secret.png in the project",
    "![](%2e%2e/secret.png)": "there is no image ../secret.png in the project",
    "![](narrative/link.png)": "is hidden",
    "![](narrative/out.png)": "there is no image narrative/out.png in the project",
    "![](narrative/renamed.png)": "an image narrative/renamed.png",
    "![](data/scan.png)": "allowed: files in narrative/ and docs/",
    "[![](/.git/config.png)](#x)": "is hidden",
    "Note.[^1]\n\n[^1]: ![](/.git/config.png)": "is hidden",
    "![x][y]\n\n[y]: /.git/config.png": "is hidden",
    "| a |\n|---|\n| ![](/.git/config.png) |": "is hidden",
}
ATTACKS = {**TEXT_ATTACKS, **IMAGE_ATTACKS}


@pytest.fixture
def planted(project):
    """The sample project with secrets in every place that a text might try."""
    for name in (".git", "docs/.hidden", "data", "run/rejected", "narratives"):
        (project / name).mkdir(parents=True)
    for name in (
        ".git/config", ".git/config.png", "narrative/.secret.md", "docs/.hidden/x.md", "funnel.yml",
        "data/leads.csv",
        "data/scan.png", "run/rejected/leads.csv", "narratives/x.md", "../secret.md", "../secret.png",
        "docs/plain.txt",
    ):  # fmt: skip
        (project / name).write_text(SECRET)
    for name, target in {
        "link.md": "../.git/config", "linked": "../.git", "out.md": "../../secret.md",
        "circle.md": "circle.md",
        "link.png": "../.git/config.png", "out.png": "../../secret.png", "renamed.png": "../docs/plain.txt",
    }.items():  # fmt: skip
        (project / "narrative" / name).symlink_to(target)
    return project


def built_in(project, kit, formats=("html",)):
    return render(project, report_date=kit.day, out=project / "out", renderer="builtin", formats=set(formats))


def quarto(project, kit, monkeypatch):
    """Render with a stand-in for Quarto that says by a file that it was run, and what it was given."""
    path = project.parent / "quarto-stand-in"
    path.write_text(
        '#!/bin/sh\nif [ "$1" = --version ]; then echo 1.9.9; exit; fi\n'
        f'cat run/narrative.md > "{project}/given.md"\ntouch "$6/report.html"\n'
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("QUARTO_PATH", str(path))
    return render(project, report_date=kit.day, out=project / "out", renderer="quarto", formats={"html"})


@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize("where", ["narrative/more.md", "run/narrative.md"])
def test_a_narrative_reaches_nothing_but_its_own_folders(planted, kit, monkeypatch, text, where):
    (planted / where).write_text(f"First\n\n{text}\n")
    for attempt in (lambda: built_in(planted, kit), lambda: quarto(planted, kit, monkeypatch)):
        with pytest.raises(RenderError) as caught:
            attempt()
        assert ATTACKS[text] in str(caught.value)
        assert f"{where}:" in str(caught.value) or f"{where}; " in str(caught.value)
        assert SECRET not in str(caught.value)
    assert not (planted / "given.md").exists()  # Quarto was not run


@pytest.mark.parametrize(
    "text",
    [
        "{<!-- x -->{< include /.git/config >}}",
        "    {<!-- x -->{< include /.git/config >}}",
        "{{{< include /.git/config >}}}",
        "    {{{< include /.git/config >}}}",
        "\\{\\{< include /.git/config \\>}}",
        "&#123;&#123;&lt; include /.git/config &gt;&#125;&#125;",
        "{{&lt; include /.git/config >}}",
        "&#123;{< include /.git/config >}}",
        "*{*{< include /.git/config >}}",
        "| a |\n|---|\n| &#123;&#123;< include /.git/config >}} |",
    ],
)
def test_no_shortcode_is_put_together_on_the_way_to_quarto(planted, kit, monkeypatch, text):
    (planted / "narrative/more.md").write_text(f"First\n\n{text}\n")
    try:
        quarto(planted, kit, monkeypatch)
    except RenderError:
        assert not (planted / "given.md").exists()
    else:
        given = (planted / "given.md").read_text()
        assert "First" in given
        assert "{{<" not in given.replace("{{< var report.total >}}", "")
        assert SECRET not in given
    try:
        built_in(planted, kit)
    except RenderError:
        return
    assert SECRET not in (planted / "out/report.html").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{< include /.git/config >}}", "the file /.git/config is hidden"),
        ('{{< include "/.git/config" >}}', "the file /.git/config is hidden"),
        ("Words {{<include .git/config>}} words", "the file .git/config is hidden"),
        ("```\n{{< include /.git/config >}}\n```", ""),
        ("{{< include ../secret.md >}}", "there is no file ../secret.md in the project"),
        ("{{< embed .git/config#x >}}", "the notebook .git/config is hidden"),
        ("{{< embed ../secret.md#x >}}", "there is no notebook ../secret.md"),
        ("![](/.git/config.png)", "the image /.git/config.png is hidden"),
        ("![](/.git/config)", "an image /.git/config"),
    ],
)
def test_nor_does_the_report_itself_show_what_is_hidden(planted, kit, monkeypatch, text, message):
    (planted / "report.qmd").write_text(f"First\n\n{text}\n")
    for attempt in (lambda: built_in(planted, kit), lambda: quarto(planted, kit, monkeypatch)):
        with pytest.raises(RenderError) as caught:
            attempt()
        assert message in str(caught.value)
        assert "report.qmd:3" in str(caught.value) or "report.qmd:4" in str(caught.value)
        assert SECRET not in str(caught.value)
    assert not (planted / "given.md").exists()


def test_what_people_write_for_the_report_is_shown(planted, kit, monkeypatch):
    (planted / "docs/pictures").mkdir()
    picture = (planted / "run/cohorts.ipynb").read_text().split('"image/png": "')[1].split('"')[0]
    (planted / "docs/pictures/a b.png").write_bytes(base64.b64decode(picture))
    (planted / "docs/how.md").write_text("How it is read.\n")
    (planted / "narrative/same.md").symlink_to("../docs/how.md")
    (planted / "narrative/more.md").write_text(
        "{{< include docs/how.md >}}\n\n{{< include /narrative/same.md >}}\n\n"
        "![Drawn](docs/pictures/a%20b.png)\n"
    )
    built_in(planted, kit)
    page = kit.page(planted / "out/report.html")
    assert page.words.count("How it is read.") == 2
    assert "Drawn" in page.words
    quarto(planted, kit, monkeypatch)
    given = (planted / "given.md").read_text()
    assert given.count("How it is read.") == 2
    assert "docs/pictures/a%20b.png" in given


def test_the_folder_of_narratives_is_the_one_that_the_settings_name(planted, kit):
    (planted / "texts").mkdir()
    (planted / "texts/week.md").write_text("Of this week.\n")
    (planted / "run/narrative.md").write_text("{{< include texts/week.md >}}\n")
    with pytest.raises(RenderError, match="lies outside the folders"):
        built_in(planted, kit)
    render(
        planted,
        report_date=kit.day,
        out=planted / "out",
        renderer="builtin",
        formats={"html"},
        texts=["texts"],
    )
    assert "Of this week." in kit.page(planted / "out/report.html").words


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_text_is_told(planted, kit):
    os.mkfifo(planted / "narrative/pipe.md")
    (planted / "narrative/latin.md").write_bytes(b"caf\xe9")
    (planted / "narrative/more.md").write_text(
        "{{< include narrative/pipe.md >}}\n\n{{< include narrative/latin.md >}}\n"
    )
    with pytest.raises(RenderError) as caught:
        built_in(planted, kit)
    assert "there is no file narrative/pipe.md" in str(caught.value)
    assert "narrative/latin.md is not a text in UTF-8" in str(caught.value)
    with (
        pytest.raises(RenderError, match=r"narrative/latin\.md is not a text in UTF-8"),
        inert_includes(planted, planted / "report.qmd", planted / "run"),
    ):
        pass
