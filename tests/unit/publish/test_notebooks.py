"""Notebooks run with exactly their parameters; a failed one is kept with its error and named."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import papermill
import psutil
import pytest

from funnel.errors import MissingError, NotebookError
from funnel.publish import kernels
from funnel.publish.notebooks import notebooks_in, require_shown, run_notebooks


def notebook(folder: Path, name: str, code: str, parameters: str = 'report_date = ""') -> Path:
    cells = [
        nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(code),
    ]
    book = nbformat.v4.new_notebook(
        cells=cells,
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    path = folder / f"{name}.ipynb"
    nbformat.write(book, path)
    return path


def run(paths: list[Path], tmp_path: Path, **parameters: str) -> list[str]:
    done: list[str] = []
    run_notebooks(paths, tmp_path / "run", parameters, tmp_path, done.append)
    return done


def run_apart(path: Path, root: Path) -> subprocess.Popen[bytes]:
    """Run a notebook in a program of its own."""
    program = (
        "import sys, pathlib\n"
        "from funnel.publish.notebooks import run_notebooks\n"
        "if __name__ == '__main__':\n"
        "    path, root = map(pathlib.Path, sys.argv[1:])\n"
        "    run_notebooks([path], root / 'run', {'report_date': ''}, root)\n"
    )
    (root / "program.py").write_text(program)
    return subprocess.Popen([sys.executable, str(root / "program.py"), str(path), str(root)])


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_notebook_gets_the_report_date_and_its_source_stays(tmp_path: Path) -> None:
    path = notebook(tmp_path, "a", "print('as of', report_date)")
    before = path.read_bytes()
    assert run([path], tmp_path, report_date="2022-09-26") == ["a"]
    book = nbformat.read(tmp_path / "run" / "a.ipynb", 4)
    assert book.cells[-1].outputs[0].text == "as of 2022-09-26\n"
    assert path.read_bytes() == before


def test_an_unknown_and_a_missing_parameter_are_both_told_before_anything_runs(tmp_path: Path) -> None:
    path = notebook(tmp_path, "a", "1", "report_dat = ''")
    with pytest.raises(NotebookError) as caught:
        run([path], tmp_path, report_date="2022-09-26")
    text = str(caught.value)
    assert "a.ipynb: unknown parameter 'report_date'; did you mean 'report_dat'?" in text
    assert "a.ipynb: parameter 'report_dat' is declared but not given" in text
    assert not (tmp_path / "run").exists()


def test_a_notebook_that_names_no_language_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = notebook(tmp_path, "a", "1", "day = ''")
    book = nbformat.read(path, 4)
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(book, path)
    with pytest.raises(NotebookError, match=r"a\.ipynb: it names no language: .* choose Python 3, save"):
        run([path], tmp_path, day="")


def test_a_failed_notebook_is_kept_with_its_error_and_the_good_ones_stay(tmp_path: Path) -> None:
    good, bad = notebook(tmp_path, "good", "print('old')"), notebook(tmp_path, "bad", "print('fine')")
    run([good, bad], tmp_path, report_date="")
    notebook(tmp_path, "good", "print('new')")
    notebook(tmp_path, "bad", "#| label: history\n1 / 0")
    with pytest.raises(NotebookError) as caught:
        run([good, bad], tmp_path, report_date="")
    assert "bad.ipynb: cell 'history': ZeroDivisionError: division by zero" in str(caught.value)
    kept = nbformat.read(tmp_path / "run" / "failed" / "bad.ipynb", 4)
    assert any(
        output.output_type == "error"
        for cell in kept.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    assert nbformat.read(tmp_path / "run" / "good.ipynb", 4).cells[-1].outputs[0].text == "old\n"


def test_every_picture_s_words_are_where_quarto_looks_for_them(tmp_path: Path) -> None:
    code = (
        "#| label: pictures\nfrom funnel.present.parts.picture import Picture\n"
        "for words in WORDS:\n"
        "    display(Picture(b'png', words, 1, 1) if words else 1)"
    )
    one = notebook(tmp_path, "one", code.replace("WORDS", "['a \"b\"']"))
    two = notebook(tmp_path, "two", code.replace("WORDS", "['', 'first', '', 'second']"))
    run([one, two], tmp_path, report_date="")
    lines = [
        nbformat.read(tmp_path / "run" / path.name, 4).cells[-1].source.split("\n") for path in (one, two)
    ]
    assert lines[0][0] == '#| fig-alt: "a \\"b\\""'
    assert lines[1][0] == '#| fig-alt: ["", "first", "", "second"]'
    assert not [line for line in lines[1][1:] if "fig-alt" in line]


def test_a_kernel_that_dies_is_named_too(tmp_path: Path) -> None:
    path = notebook(tmp_path, "dies", "import os; os._exit(1)")
    with pytest.raises(NotebookError, match=r"dies\.ipynb: DeadKernelError"):
        run([path], tmp_path, report_date="")


def test_a_kernel_that_answers_late_stops_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine with ten times the work it has processors for, answers took longer than Jupyter's 4 s."""
    given: dict[str, object] = {}
    real = papermill.execute_notebook

    def watched(*words: object, **named: object) -> object:
        given.update(named)
        return real(*words, **named)

    monkeypatch.setattr(papermill, "execute_notebook", watched)
    run([notebook(tmp_path, "one", "1")], tmp_path, report_date="")
    assert given["start_timeout"] == given["iopub_timeout"] == 600


def test_names_that_quarto_cannot_embed_are_refused(tmp_path: Path) -> None:
    notebook(tmp_path, "two_words", "1")
    with pytest.raises(NotebookError, match="rename it, with hyphens"):
        notebooks_in(tmp_path)


def test_no_notebooks_at_all(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no notebooks"):
        notebooks_in(tmp_path)


def test_notebooks_side_by_side_all_run_in_the_folder_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "here.txt").write_text("found")
    paths = [notebook(tmp_path, f"n{number}", "print(open('here.txt').read())") for number in range(4)]
    run(paths, tmp_path, report_date="")
    books = [nbformat.read(tmp_path / "run" / path.name, 4) for path in paths]
    assert [book.cells[-1].outputs[0].text for book in books] == ["found\n"] * 4


def test_a_notebook_finds_its_modules_loaded_and_is_not_a_child_of_the_run(tmp_path: Path) -> None:
    if not kernels.FORKS:
        pytest.skip("this system cannot fork, so each kernel loads for itself")
    code = "import os, sys\nprint('colorsys' in sys.modules, os.getppid())"
    path = notebook(tmp_path, "a", f"{code}\nimport colorsys")
    process = run_apart(path, tmp_path)
    assert process.wait(120) == 0
    loaded, parent = nbformat.read(tmp_path / "run" / "a.ipynb", 4).cells[-1].outputs[0].text.split()
    assert loaded == "True"
    assert int(parent) != process.pid


def test_without_forks_kernels_start_as_usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "FORKS", False)
    path = notebook(tmp_path, "a", "import os; print(os.getppid())")
    run([path], tmp_path, report_date="")
    text = nbformat.read(tmp_path / "run" / "a.ipynb", 4).cells[-1].outputs[0].text
    assert int(text) == os.getpid()


def test_no_kernel_outlives_a_run_that_is_killed(tmp_path: Path) -> None:
    path = notebook(
        tmp_path, "a", "import os, time\nprint(os.getpid(), file=open('pid', 'w'))\ntime.sleep(300)"
    )
    process = run_apart(path, tmp_path)
    note = tmp_path / "pid"
    wait_for(lambda: note.is_file() and note.read_text().strip())
    kernel = int(note.read_text())
    process.kill()
    process.wait()
    wait_for(lambda: not psutil.pid_exists(kernel))


def test_what_a_notebook_imports_is_read_from_its_cells(tmp_path: Path) -> None:
    path = notebook(tmp_path, "a", "%matplotlib inline\nimport numpy")
    assert kernels.imported(path) == []
    path = notebook(tmp_path, "b", "import numpy as np\nfrom funnel import dates\nfrom . import x")
    assert kernels.imported(path) == ["numpy", "funnel", "funnel.dates"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": [1]}', '{"cells": [{}]}'])
def test_a_file_that_is_no_notebook_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.ipynb").write_text(text)
    with pytest.raises(NotebookError, match=r"odd.ipynb: no Jupyter notebook .* git checkout"):
        notebooks_in(tmp_path)


def test_a_page_does_not_show_what_an_earlier_run_left_of_a_notebook_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "report.qmd").write_text("{{< embed run/here.ipynb#a >}}\n{{< embed run/gone.ipynb#b >}}\n")
    with pytest.raises(MissingError, match=r"gone.ipynb: report.qmd shows it.*git checkout"):
        require_shown([tmp_path / "here.ipynb"], tmp_path / "report.qmd")
    require_shown([tmp_path / "here.ipynb", tmp_path / "gone.ipynb"], tmp_path / "report.qmd")
