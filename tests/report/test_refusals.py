"""What the built-in renderer refuses: with file, line, and what would have been right; all at once."""

import pytest

from funnel.errors import InputError, MissingError, RenderError
from funnel.publish.render import render


def refused(project, kit, text: str, name: str = "report.qmd") -> str:
    (project / name).write_text(text)
    with pytest.raises(RenderError) as caught:
        render(project, report_date=kit.day, out=project / "out", renderer="builtin")
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{{< vidoe x >}}", "the shortcode vidoe is not supported"),
        ("{{< video x >}}", "allowed: embed, include, var, meta, pagebreak"),
        ("{{< var t.headign >}}", "t.headign is not in _variables.yml; did you mean 't.heading'?"),
        ("{{< var t >}}", "t holds no single value in _variables.yml"),
        ("{{< meta nothing >}}", "nothing is not in the settings of the report"),
        ("{{< include run/none.md >}}", "there is no file run/none.md in the project"),
        ("{{< include ../../../etc/hostname >}}", "there is no file ../../../etc/hostname in the project"),
        ("{{< include report.qmd >}}", "report.qmd includes itself"),
        ("{{< embed run/none.ipynb#x >}}", "there is no notebook run/none.ipynb"),
        ("{{< embed run/cohorts.ipynb#lead >}}", "no cell labelled lead; did you mean 'leads'?"),
        ("{{< embed run/cohorts.ipynb >}}", "no #label"),
        ("{{< embed run/cohorts.ipynb#leads echo=true >}}", "embed with 2 arguments"),
        ("{{< embed run/cohorts.ipynb#failed >}}", "ended in an error: ValueError"),
        ("{{< embed run/raw.ipynb#drawn >}}", "shows text/html; to do: run `funnel report`"),
        ("{{< embed run/cohorts.ipynb#nothing >}}", "run/cohorts.ipynb#nothing shows nothing"),
        ("Text {{< embed run/cohorts.ipynb#leads >}}", "embed inside a paragraph"),
        ("{{< var t.heading", "a shortcode that does not end on its line"),
        ("`{{< var t.heading >}}`", "a shortcode inside code"),
        ("[a]({{< var t.heading >}})", "var in an address or attribute"),
        ("See @tbl-none.", "@tbl-none refers to nothing"),
        ("See @eq-x.", "@eq-x is no reference"),
        ("Ask @ivan.", "write \\@ivan for the text"),
        ("A [link](#nowhere).", "a link to #nowhere, which is nowhere"),
        ("```{python}\n1 + 1\n```", "a code cell {python}"),
        ("```{=latex}\n\\newpage\n```", "a raw block for latex"),
        ("`<b>`{=html}", "inline raw text {=html}"),
        ("Some <b>bold</b> text", "raw html in the text: <b>"),
        ("::: {.panel-input}\nx\n:::", "a block .panel-input"),
        ("::: {.columns}\nx\n:::", "a block .columns that holds something else"),
        ("::: {.callout-info}\nx\n:::", "a block .callout-info; did you mean 'callout-note'?"),
        ('::: {.callout-note shut="true"}\nx\n:::', "the attribute shut of a block"),
        ("::: {layout='[1,2]'}\nx\n:::", "the attribute layout of a block"),
        ("::: {layout-ncol=two}\nx\n:::", "layout-ncol=two"),
        ('::: {.content-visible when-format="pdf"}\nx\n:::', '"html" or "typst" (the PDF)'),
        ('::: {.content-visible when-profile="boss"}\nx\n:::', 'unless-profile, "meeting"'),
        ('::: {.content-visible when-meta="shown"}\nx\n:::', 'when-meta="shown"'),
        ("::: {#tbl-x}\nonly a caption\n:::", "#tbl-x has no caption"),
        ("::: {#lst-x}\nx\n\ny\n:::", "a block with the id #lst-x"),
        ("::: {.landscape}\nx", "this ::: block is not closed"),
        ("x\n\n:::", "::: closes a block that was not opened"),
        ("- item\n\n  {{< pagebreak >}}", "a page break inside another block"),
        ("[x]{.red}", ".red on a span"),
        ("![x](none.png)", "there is no image none.png"),
    ],
)
def test_what_is_not_supported_is_named_with_its_line(project, kit, line, message):
    text = refused(project, kit, f"---\nlang: en\n---\n\nFirst\n\n{line}\n")
    assert message in text
    if "not closed" in message or "not opened" in message or "inside another" in message:
        assert "report.qmd:" in text
    else:
        assert "report.qmd:7" in text, text


def test_all_problems_are_told_at_once(project, kit):
    text = refused(project, kit, "{{< var t.no >}}\n\n@tbl-no\n\n{{< include run/no.md >}}\n\n[x]{.red}\n")
    assert [f"report.qmd:{line}" in text for line in (1, 3, 5, 7)] == [True] * 4


def test_a_problem_in_a_nested_file_names_that_file(project, kit):
    (project / "narrative/more.md").write_text("Fine.\n\n```\n@tbl-code\n```\n\nSee @tbl-gone.\n")
    with pytest.raises(RenderError, match=r"narrative/more\.md:7: @tbl-gone refers to nothing"):
        render(project, report_date=kit.day, out=project / "out", renderer="builtin")


def test_an_embed_in_an_included_file_is_refused(project, kit):
    text = refused(project, kit, "One\n\n{{< embed run/cohorts.ipynb#leads >}}\n", "narrative/more.md")
    assert "narrative/more.md:3: an embed inside an included file" in text


def test_an_output_for_one_format_alone_is_refused(project, kit):
    book = project / "run/cohorts.ipynb"
    book.write_text(book.read_text().replace("Defined **here**.", "```{=html}\\n<p>x</p>\\n```"))
    with pytest.raises(RenderError, match=r"run/cohorts\.ipynb#words has nothing to show in typst"):
        render(project, report_date=kit.day, out=project / "out", renderer="builtin")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("report.qmd", "---\ntitle: A\nbibliography: x.bib\n---\n", "report.qmd:3: the key bibliography"),
        ("run/report.yml", "lang: en\ntilte: A\n", "run/report.yml:2: the key tilte"),
        ("run/report.yml", "lang: [en\n", "run/report.yml:2: YAML that cannot be read"),
        ("_brand.yml", "color:\n  primary: red\n", "_brand.yml: color primary: 'red'"),
        ("report.qmd", "---\nexecute:\n  enabled: true\n---\n", "report.qmd:3: execute.enabled: True"),
        ("report.qmd", "---\nfilters: [mine.lua]\n---\n", "report.qmd:2: filters: ['mine.lua']"),
        ("run/report.yml", "lang: de\n", "_quarto.yml: no key language.de."),
    ],
)
def test_settings_that_would_be_ignored_are_refused(project, kit, name, text, message):
    assert message in refused(project, kit, text, name)


def test_wrong_requests(project, kit):
    with pytest.raises(InputError) as caught:
        render(project, report_date=kit.day, out=project, formats={"odt"}, renderer="latex")
    assert "'odt' is not a page format" in str(caught.value)
    assert "'latex' is not a renderer; allowed: auto, quarto, builtin" in str(caught.value)
    (project / "report.qmd").unlink()
    with pytest.raises(MissingError, match=r"There is no report .*report\.qmd"):
        render(project, report_date=kit.day, out=project, renderer="builtin")
