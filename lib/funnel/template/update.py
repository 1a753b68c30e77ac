"""Bring a report repository to the installed version, and never lose what somebody edited there."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from funnel.errors import FunnelError, InputError, Problem
from funnel.publish.files import write_bytes
from funnel.template import product, project
from funnel.template.product import Product
from funnel.template.written import Written, digest, read

What = Literal["added", "changed", "yours", "removed by you", "gone", "renamed"]
ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Step:
    """One file that the installed version has otherwise.

    Attributes:
        what: added: it is new. changed: nobody edited it, so it is replaced. yours: it was edited, or lay
            there before; it is kept. removed by you: it stays away. gone: this version has it no more.
            renamed: this version has it under the name `to`.
        name: its path.
        content: what this version would write; None if nothing.
        to: the new name.
        untouched: whether it is as it was written.
    """

    what: What
    name: str
    content: bytes | None = None
    to: str = ""
    untouched: bool = True


def behind(folder: Path) -> list[str]:
    """Return the notebooks and pages of a repository that were written by a version which had others.

    A caption comes from the installed version, and what stands under it from the notebook: they fit when both
    are of one version. Nothing is said of a folder that `funnel init` did not write, or whose note is
    damaged: that is for `funnel init --update` to tell.
    """
    try:
        note = read(folder)
    except FunnelError:
        return []
    fresh = project.managed(note.jobs)
    pages = (name for name in fresh if name.startswith("notebooks/") or name == "report.qmd")
    return [name for name in sorted(pages) if note.files.get(name) != digest(fresh[name])]


def plan(folder: Path, note: Written, named: Product) -> list[Step]:
    """Compare a repository with what the installed version would write, without changing anything.

    Where nothing says from which wheel this version was installed, the product stays pinned as it is.
    """
    fresh = _fresh(folder, note, named)
    steps = [step for name, content in fresh.items() if (step := _step(folder, name, content, note))]
    added = {step.name: step.content for step in steps if step.what == "added" and step.content is not None}
    for name, was in sorted(note.files.items()):
        path = folder / name
        if name not in fresh and path.is_file() and (named.pinned or not product.is_of_it(name)):
            content = path.read_bytes()
            to = _alike(content, added)
            what: What = "renamed" if to else "gone"
            steps.append(Step(what, name, to=to, untouched=digest(content) == was))
    return steps


def _fresh(folder: Path, note: Written, named: Product) -> dict[str, bytes]:
    """Return what this version would write."""
    missing = not (folder / product.FILE).is_file()
    return project.managed(note.jobs) | (named.files if named.pinned or missing else {})


def _step(folder: Path, name: str, content: bytes, note: Written) -> Step | None:
    """Return what is to be said of one file of this version; None where there is nothing to do."""
    path, new, was = folder / name, digest(content), note.files.get(name)
    if not path.resolve().is_relative_to(folder.resolve()):
        problem = Problem(
            str(path), "it leads out of the repository", todo="put a file or a folder in its place"
        )
        raise InputError("The repository cannot be updated.", [problem])
    if not path.exists():
        return Step("added" if was is None else "removed by you", name, content)
    here = digest(path.read_bytes())
    if here == new or new == was:  # the same, or edited where this version changes nothing
        return None
    return Step("changed", name, content) if here == was else Step("yours", name, content, untouched=False)


def _alike(content: bytes, added: Mapping[str, bytes]) -> str:
    """Return the new file that one which is gone most resembles, or ''."""
    if b"\0" in content:
        return ""
    lines = content.decode(errors="replace").splitlines()
    scores = {
        name: difflib.SequenceMatcher(None, lines, other.decode(errors="replace").splitlines()).ratio()
        for name, other in added.items()
        if b"\0" not in other
    }
    best = max(scores, key=lambda name: scores[name], default="")
    return best if best and scores[best] >= ALIKE else ""


def difference(folder: Path, step: Step) -> Iterator[str]:
    """Yield the lines that this version would change in a file that was edited, as a unified diff."""
    if step.content is not None and b"\0" not in step.content and (folder / step.name).is_file():
        mine = (folder / step.name).read_bytes().decode(errors="replace").splitlines()
        other = step.content.decode(errors="replace").splitlines()
        yield from difflib.unified_diff(
            mine, other, f"{step.name} (yours)", f"{step.name} (version {product.version()})", lineterm=""
        )


def apply(folder: Path, note: Written, steps: Sequence[Step], remove: Sequence[str], named: Product) -> None:
    """Write what is new and what nobody edited, remove what was agreed to, and note it down.

    Args:
        folder: the repository.
        note: what was written before.
        steps: of `plan`.
        remove: files of this repository to be removed: of those that are gone or renamed, and untouched.
        named: the product.
    """
    files = dict(note.files)
    for step in steps:
        if step.what in ("added", "changed") and step.content is not None:
            write_bytes(folder / step.name, step.content)
            files[step.name] = digest(step.content)
        elif step.name in remove and step.untouched:
            (folder / step.name).unlink()
            del files[step.name]
    for name, content in _fresh(folder, note, named).items():
        path = folder / name
        if path.is_file() and digest(path.read_bytes()) == digest(content):
            files[name] = digest(content)
    Written(version=product.version(), kind=note.kind, jobs=note.jobs, files=files).save(folder)
