"""Run the notebooks with papermill, side by side; a failed one is kept with its error and named."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from funnel.errors import MissingError, NotebookError, nearest
from funnel.settings import Language

_SHOWN = re.compile(r"embed\s+run/([^#\s]+\.ipynb)#")
SHOWN = "funnel.present.jupyter"
"""What makes the ordinary objects of a notebook show, in the report's look."""
WORKERS = max(1, min(4, os.cpu_count() or 1))
PATIENCE = 600
"""Seconds in which a kernel begins, and tells what a cell showed: a busy machine stops no report."""


def notebooks_in(folder: Path) -> list[Path]:
    """Return the notebooks of a folder by name.

    Raises:
        MissingError: there are none.
        NotebookError: a name holds an underscore or a dot, which breaks Quarto's embed; or a file is none.
    """
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        raise MissingError(f"There are no notebooks in {folder}. To do: restore them from the repository.")
    odd = [path.name for path in paths if "_" in path.stem or "." in path.stem]
    if odd:
        raise NotebookError(
            f"{', '.join(odd)}: the name of a notebook may not hold an underscore or a dot, "
            "or Quarto cannot embed it. To do: rename it, with hyphens."
        )
    broken = [path.name for path in paths if not _is_notebook(path)]
    if broken:
        raise NotebookError(
            f"{', '.join(broken)}: no Jupyter notebook can be read from it. "
            f"To do: restore it: git checkout -- {folder.name}/"
        )
    return paths


def require_shown(notebooks: Sequence[Path], page: Path) -> None:
    """Refuse a page that shows a notebook which is not there: what an earlier run left would be shown.

    Raises:
        MissingError: naming all of them.
    """
    text = page.read_text(encoding="utf-8", errors="replace") if page.is_file() else ""
    absent = sorted(set(_SHOWN.findall(text)) - {path.name for path in notebooks})
    if absent:
        folder = notebooks[0].parent
        raise MissingError(
            f"{', '.join(absent)}: {page.name} shows it, but there is no such notebook in {folder}. "
            f"To do: restore it: git checkout -- {folder.name}/"
        )


def _is_notebook(path: Path) -> bool:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return all({"cell_type", "source"} <= cell.keys() for cell in cells)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def run_notebooks(
    notebooks: Sequence[Path],
    run: Path,
    parameters: Mapping[str, str],
    root: Path,
    done: Callable[[str], None] = lambda _: None,
) -> None:
    """Run notebooks into `run/<name>.ipynb`, all or nothing being replaced.

    Args:
        notebooks: the sources; they are not changed.
        run: where the executed copies go.
        parameters: exactly the parameters each notebook declares.
        root: the folder the notebooks run in.
        done: told the name of each finished notebook.

    Raises:
        NotebookError: a parameter is unknown or missing, a cell raised, or a labelled cell shows what a
            renderer cannot. The failed notebook is kept with its error in `run/failed/`, and the last good
            copies stay as they were.
    """
    _check_parameters(notebooks, parameters)
    fresh, failed = run / "executing", run / "failed"
    for folder in (fresh, failed):
        shutil.rmtree(folder, ignore_errors=True)
    fresh.mkdir(parents=True)
    errors = []
    from funnel.publish.kernels import warm  # slow to load, as papermill is

    warm(notebooks)
    # Papermill's own `cwd` changes the folder of the whole process, and threads would undo each other's.
    with contextlib.chdir(root), ThreadPoolExecutor(WORKERS) as pool:
        jobs = {pool.submit(_execute, path, fresh, parameters): path for path in notebooks}
        for job in as_completed(jobs):
            path = jobs[job]
            error = job.result()
            if error is None:
                done(path.stem)
                continue
            failed.mkdir(exist_ok=True)
            kept = (fresh / path.name).replace(failed / path.name)
            errors.append(f"{path.name}: {error} The notebook is kept with its error: {kept}")
    if errors:
        raise NotebookError("\n".join(["A notebook stopped.", *(f"  - {error}" for error in sorted(errors))]))
    language: Language = "ru" if parameters.get("language") == "ru" else "en"
    wrong = [f"  - {one}" for path in notebooks for one in _tidy(fresh / path.name, language, root)]
    if wrong:
        raise NotebookError("\n".join(["A notebook shows what the report cannot.", *wrong]))
    for path in notebooks:
        (fresh / path.name).replace(run / path.name)
    fresh.rmdir()


def _execute(path: Path, fresh: Path, parameters: Mapping[str, str]) -> str | None:
    """Run one notebook; return what stopped it, or None."""
    import papermill  # slow to load, and not needed while nothing changed
    from papermill.exceptions import PapermillExecutionError

    from funnel.publish.kernels import WarmKernelManager

    try:
        papermill.execute_notebook(
            str(path),
            str(fresh / path.name),
            dict(parameters),
            progress_bar=False,
            kernel_manager_class=WarmKernelManager,
            start_timeout=PATIENCE,
            iopub_timeout=PATIENCE,
            extra_arguments=["--IPKernelApp.log_level=CRITICAL", f"--IPKernelApp.extra_extensions={SHOWN}"],
        )
    except PapermillExecutionError as error:
        label = re.match(r"#\| label: (\S+)", error.source)
        cell = label[1] if label else error.source.strip().split("\n")[0]
        return f"cell {cell!r}: {error.ename}: {error.evalue}"
    except Exception as error:  # a kernel that died or could not start: name the notebook all the same
        if not (fresh / path.name).is_file():
            shutil.copyfile(path, fresh / path.name)
        return f"{type(error).__name__}: {error}"
    return None


def _tidy(path: Path, language: Language, root: Path) -> list[str]:
    """Settle what its cells show, and leave out the folders that papermill notes; return what is wrong."""
    import nbformat

    from funnel.present.parts import theme
    from funnel.present.parts.texts import Texts
    from funnel.publish.outputs import settle

    book = nbformat.read(path, 4)  # type: ignore[no-untyped-call]
    for name in ("input_path", "output_path"):
        book.metadata.get("papermill", {}).pop(name, None)
    wrong = settle(book.cells, path.stem, root / theme.BRAND, Texts(language))
    nbformat.write(book, path)  # type: ignore[no-untyped-call]
    return [f"{path.name}: {one}" for one in wrong]


def _check_parameters(notebooks: Sequence[Path], parameters: Mapping[str, str]) -> None:
    """Papermill only warns about an unknown parameter; here it is an error, as is a missing one."""
    import papermill

    wrong = []
    for path in notebooks:
        try:
            declared = papermill.inspect_notebook(str(path))
        except ValueError:
            wrong.append(f"{path.name}: it names no language: open it in JupyterLab, choose Python 3, save")
            continue
        for name in sorted(set(parameters) - set(declared)):
            wrong.append(f"{path.name}: unknown parameter {name!r}{nearest(name, declared)}")
        for name in sorted(set(declared) - set(parameters)):
            wrong.append(f"{path.name}: parameter {name!r} is declared but not given")
    if wrong:
        known = ", ".join(parameters)
        raise NotebookError(
            "\n".join(
                [
                    "The parameters of the notebooks do not fit.",
                    *(f"  - {line}" for line in wrong),
                    f"The report gives exactly these: {known}. To do: mend the cell tagged 'parameters'.",
                ]
            )
        )
