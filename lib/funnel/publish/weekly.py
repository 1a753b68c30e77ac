"""The weekly edition from its report date to its folder in the archive: the body reads as the steps."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pandas as pd
import yaml
from filelock import FileLock, Timeout

from funnel.dates import AsOf
from funnel.edition.logbook import read_registers
from funnel.edition.model import Edition, load_edition
from funnel.errors import BusyError, CheckFailed
from funnel.gate.rules import REFUSE
from funnel.present.parts.cite import nested
from funnel.present.parts.escape import clean, for_markdown
from funnel.present.parts.gate_words import sentences
from funnel.present.parts.texts import Texts
from funnel.publish import archive, index
from funnel.publish.archive import editions_before
from funnel.publish.files import after, sha256_of, write_text
from funnel.publish.hypotheses import edits
from funnel.publish.manifest import describe, settings_json
from funnel.publish.narratives import Narrative, narrative_for, require_fit, resolved
from funnel.publish.notebooks import notebooks_in, require_shown, run_notebooks
from funnel.publish.order import Order
from funnel.publish.page.charts import Charts, found
from funnel.publish.page.dress import dress_pages
from funnel.publish.render import FORMATS, LINKED, Rendered, program_for, render
from funnel.publish.sizes import EXPLORER
from funnel.publish.tables import write_tables
from funnel.settings import Language, Settings
from funnel.warehouse import Warehouse

CODE = (".py", ".yml", ".js", ".css")
"""Of the program's files, those whose change makes everything in `run/` stale."""


class Progress(Protocol):
    """A display of what is being done."""

    def expect(self, steps: int) -> None:
        """Say how many steps there will be."""

    def done(self, what: str) -> None:
        """Say that one step is done."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it: the folder of the edition, whether it is new, the narratives, who rendered it.

    `data_end` is that of the edition.
    """

    folder: Path
    new: bool
    narratives: tuple[Narrative, ...]
    renderer: str
    data_end: dt.date | None


def make_edition(settings: Settings, config: str, order: Order, now: dt.datetime, progress: Progress) -> Made:
    """Make one edition.

    Raises:
        BusyError: another run is making one in this folder.
        FunnelError: whatever goes wrong on the way; the archive stays as it was.
    """
    run = settings.path("run")
    run.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(run / "report.lock", timeout=0), ThreadPoolExecutor(1) as beside:
            return _make(settings, config, order, now, progress, beside)
    except Timeout:
        raise BusyError(
            f"Another run is making a report in {run}. To do: wait until it is done, and run this again."
        ) from None


def _make(
    settings: Settings, config: str, order: Order, now: dt.datetime, progress: Progress, beside: Executor
) -> Made:
    if set(order.formats) & set(FORMATS):
        program_for(order.renderer)  # what is missing is told now, not when everything has been computed
    require_fit(settings, order.report_date, order.languages)
    run = settings.path("run")
    notebooks = notebooks_in(settings.root / "notebooks")
    require_shown(notebooks, settings.root / "report.qmd")
    if not (settings.root / "_brand.yml").is_file():
        from funnel.present.parts import theme  # heavy, and needed only to say what to do

        theme.load(settings)
    progress.expect(2 + len(order.languages) * (len(notebooks) + 1))
    edition, workbooks = _prepare(settings, order, notebooks, beside)
    progress.done("cohorts")

    staged = run / "report"
    shutil.rmtree(staged, ignore_errors=True)
    write_tables(edition.tables(), staged / "tables")
    narratives: list[Narrative] = []
    charts: dict[Language, Charts] = {}
    for language in reversed(order.languages):  # the first language last, so that its notebooks stay in run/
        narrative = narrative_for(edition, language)
        narratives.append(narrative)
        _run_notebooks(edition, language, config, notebooks, progress)
        rendered = _render(edition, language, narrative, order)
        charts[language] = found(run / path.name for path in notebooks) if "html" in order.formats else {}
        suffix = "" if language == order.languages[0] else f".{language}"
        _stage(rendered, narrative, staged, suffix)
        if "xlsx" in order.formats:
            if language in workbooks:
                workbooks[language].result()
            shutil.copyfile(_workbook(settings, language), staged / f"workbook{suffix}.xlsx")
        progress.done(f"pages ({language})")
    if set(LINKED) & set(order.formats):
        shutil.copyfile(_explorer(settings), staged / EXPLORER)
    if "html" in order.formats:
        dress_pages(staged, settings, order, charts)
    if order.draft:
        progress.done("draft")
        return Made(staged, True, tuple(narratives), rendered.renderer, edition.data_end)
    programs = {"name": rendered.renderer, **rendered.versions}
    manifest = describe(edition, order.languages, programs, now)
    folder, new = archive.put(staged, settings.path("archive"), order.report_date, manifest)
    with after(f"{folder} is archived"):
        index.write(settings.path("archive"), Texts(settings.language), settings)
    progress.done("archive")
    return Made(folder, new, tuple(narratives), rendered.renderer, edition.data_end)


def _require_let_in(found: pd.DataFrame, settings: Settings) -> None:
    """Refuse to make a report of a table that did not get in, by what the gate found.

    Raises:
        CheckFailed: which, and what to do.
    """
    refused = found[found["grade"] == REFUSE]
    if len(refused):
        said = sentences(refused, settings, Texts(settings.language))
        raise CheckFailed("\n".join(["No report is made: too much of the data is missing.", *said]))


def _prepare(
    settings: Settings, order: Order, notebooks: Sequence[Path], beside: Executor
) -> tuple[Edition, dict[Language, Future[None]]]:
    """Return the edition, and its workbooks, whose writing has begun while the notebooks run.

    Nothing is computed again that is in `run/` already.
    """
    run = settings.path("run")
    workbooks: dict[Language, Future[None]] = {}
    before = editions_before(settings.path("archive"), order.report_date)
    registers = read_registers(settings)
    registers = replace(registers, edits=edits(settings, registers))
    stamp, folder = run / "edition.sha256", run / "edition"
    with Warehouse.of(settings) as warehouse:
        inputs = {
            "date": order.report_date.isoformat(),
            "known_at": warehouse.known_at().isoformat(),
            "settings": settings_json(settings),
            "registers": registers.as_json(),
            "problems": [str(problem) for problem in registers.problems],
            "earlier": [item.manifest.outputs for item in before],
        }
        if settings.is_database:  # which changes without an import
            inputs["data"] = warehouse.fingerprint(AsOf(order.report_date, warehouse.known_at()))
        now = sha256_of(_code(), json.dumps(inputs))
        if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == now):
            known = AsOf(order.report_date, warehouse.known_at())
            warehouse.hold()
            findings = warehouse.findings(known)
            _require_let_in(findings, settings)
            stamp.unlink(missing_ok=True)
            for stale in (folder, run / "workbooks"):
                shutil.rmtree(stale, ignore_errors=True)
            from funnel.publish.kernels import warm  # these are heavy, and needed only when something changed

            warm(notebooks)
            from funnel.edition.compute import compute
            from funnel.publish import aside
            from funnel.publish.earlier import forecasts

            previous = before[-1].as_of if before else None
            compute(
                warehouse,
                settings,
                order.report_date,
                known_at=known.known_at,
                previous=previous,
                earlier=forecasts(before),
                registers=registers,
                findings=findings,
                aside=aside.beside,
            ).save(folder)
            write_text(stamp, now)
        edition = load_edition(folder, settings.root)
        if set(LINKED) & set(order.formats):
            _explore(warehouse, edition, order.languages)
        if "xlsx" in order.formats:
            workbooks = _begin_workbooks(warehouse, edition, order.languages, beside)
    return edition, workbooks


def _begin_workbooks(
    warehouse: Warehouse, edition: Edition, languages: Sequence[Language], beside: Executor
) -> dict[Language, Future[None]]:
    """Gather what the workbooks hold that are not in `run/`, and begin to write them beside; return which."""
    settings = edition.settings
    missing = [language for language in reversed(languages) if not _workbook(settings, language).is_file()]
    if not missing:
        return {}
    from funnel.publish import workbook

    gathered = workbook.gather(warehouse, edition)
    return {
        language: beside.submit(
            workbook.write, _workbook(settings, language), gathered, edition, Texts(language)
        )
        for language in missing
    }


def _explore(warehouse: Warehouse, edition: Edition, languages: Sequence[Language]) -> None:
    """Write the explorer, unless one of these languages and colours is in `run/` already."""
    path = _explorer(edition.settings)
    made, now = path.with_suffix(".sha256"), sha256_of([edition.settings.root / "_brand.yml"], *languages)
    if path.is_file() and made.is_file() and made.read_text(encoding="utf-8") == now:
        return
    from funnel.publish import explorer

    made.unlink(missing_ok=True)
    explorer.write(path, explorer.gather(warehouse, edition), edition, languages)
    write_text(made, now)


def _explorer(settings: Settings) -> Path:
    return settings.path("run") / "workbooks" / EXPLORER


def _workbook(settings: Settings, language: Language) -> Path:
    return settings.path("run") / "workbooks" / f"{language}.xlsx"


def _code() -> list[Path]:
    """Return the files of the program, whose change makes everything in `run/` stale."""
    return sorted(path for path in Path(__file__).parents[1].rglob("*") if path.suffix in CODE)


def _run_notebooks(
    edition: Edition, language: Language, config: str, notebooks: Sequence[Path], progress: Progress
) -> None:
    """Run the notebooks, unless what they would show is in `run/` already."""
    settings = edition.settings
    run = settings.path("run")
    stamp = run / "notebooks.sha256"
    data = sorted(path for path in (run / "edition").rglob("*") if path.is_file())
    now = sha256_of([*notebooks, *_code(), *data, settings.root / "_brand.yml"], language, config)
    executed = all((run / path.name).is_file() for path in notebooks)
    if executed and stamp.is_file() and stamp.read_text(encoding="utf-8") == now:
        for path in notebooks:
            progress.done(f"{path.stem} ({language}, unchanged)")
        return
    stamp.unlink(missing_ok=True)
    parameters = {"report_date": edition.report_date.isoformat(), "language": language, "config": config}
    run_notebooks(
        notebooks, run, parameters, settings.root, lambda name: progress.done(f"{name} ({language})")
    )
    write_text(stamp, now)


def _render(edition: Edition, language: Language, narrative: Narrative, order: Order) -> Rendered:
    """Write what the pages need beside the notebooks' outputs, and render them."""
    settings = edition.settings
    run = settings.path("run")
    texts = Texts(language)
    company = for_markdown(clean(settings.company))  # both renderers read these facts as Markdown
    facts = {
        "lang": language,
        "title": texts.t("title_company", company=company) if company else texts.t("title"),
        "subtitle": texts.t("subtitle", date=texts.date(edition.report_date)),
        "date": edition.report_date.isoformat(),
        "company": company,
        "narrative": narrative.path.resolve().relative_to(settings.root.resolve()).as_posix(),
    }  # `quarto preview` watches a file that is named here
    write_text(run / "report.yml", yaml.safe_dump(facts, allow_unicode=True, sort_keys=True))
    write_text(
        settings.root / "_variables.yml",
        yaml.safe_dump(
            {"t": _plain(edition, texts), "n": nested(narrative.values)},
            allow_unicode=True,
            sort_keys=True,
            width=10_000,
        ),
    )
    place = narrative.path.resolve().relative_to(settings.root.resolve())
    moved = _moved(narrative, texts) if order.draft else ""
    write_text(run / "narrative.md", f"{moved}{{{{< include /{place.as_posix()} >}}}}\n")
    return render(
        settings.root,
        formats=frozenset(order.formats) - {"xlsx"},
        renderer=order.renderer,
        report_date=edition.report_date,
        out=run / "pages",
        texts=(place.parent.as_posix(), "docs"),
    )


def _plain(edition: Edition, texts: Texts) -> dict[str, str]:
    """Return the texts that pages name, with captions that say which cohorts and which age are shown."""
    plain = texts.plain()
    plain["cap_cohorts"] = plain.get(f"cap_cohorts_{edition.period}", plain["cap_cohorts"])
    for caption, name in (("cap_managers_over_time", "managers"), ("cap_losses_over_time", "losses_lines")):
        ages = edition.results[name]["at_age"]
        if len(ages):
            plain[caption] = texts.t(f"{caption}_aged", n=int(ages.iloc[0]))
    return plain


def _moved(narrative: Narrative, texts: Texts) -> str:
    """Return what the draft view says above a narrative whose numbers have moved; '' where none have.

    A box and no margin: see `docs/decisions/moved-sentences.md`.
    """
    if not narrative.moved:
        return ""
    told = [f"- {for_markdown(clean(one, 400))}" for one in narrative.moved]
    return "".join(f"> {line}".rstrip() + "\n" for line in (texts.t("numbers_moved"), "", *told)) + "\n"


def _stage(rendered: Rendered, narrative: Narrative, staged: Path, suffix: str) -> None:
    """Copy the pages and the narrative to where the archive takes them from."""
    for path in rendered.files:
        shutil.copyfile(path, staged / f"{path.stem}{suffix}{path.suffix}")
    text = narrative.path.read_text(encoding="utf-8", errors="replace")
    write_text(staged / f"narrative{suffix}.md", resolved(text, narrative.values))
