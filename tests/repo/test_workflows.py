"""The weekly jobs, ours and the companies': who holds a secret, who may write, and what a form can do.

The shell of their steps is run here as it stands. GitHub and GitLab themselves cannot be had: that a job is
started, handed its secrets and its artifacts as their documentation says, is not tried.
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
JOBS = ROOT / "lib" / "funnel" / "template" / "jobs"
COMPANY = JOBS / "github" / ".github" / "workflows" / "weekly.yml"
OURS = ROOT / ".github" / "workflows"
GITHUB = [COMPANY, *sorted(OURS.glob("*.yml"))]
# Looked up in the actions' own repositories: the commit that the tag of this release names.
RELEASED = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
}
NO_DATES = [
    "x", "2022-02-30", "2022-9-26", "20220926", "2022-09-26\n", "26.09.2022", "today", "2022-09-26 00:00",
    "$(touch touched)", "`touch touched`", "x; touch touched; #", "2022-09-26; touch touched",
    "-f/etc/hostname", "2022-09-26' touch touched '", '2022-09-26" ; touch touched ; "',
    "TZ=\"x\" 2022-09-26", "\n::set-env::",
]  # fmt: skip
needs = {
    name: pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")
    for name in ("bash", "gpg", "jq", "tar", "git")
}


def load(path: Path) -> dict[str, Any]:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!reference", lambda loader, node: ("reference", *loader.construct_sequence(node)))
    return yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)


def steps(path: Path) -> list[tuple[str, dict[str, Any]]]:
    return [(name, step) for name, job in load(path)["jobs"].items() for step in job["steps"]]


def script(job: str, start: str) -> str:
    """The shell of the step of a company's workflow whose name or command starts so."""
    found = [
        step["run"]
        for name, step in steps(COMPANY)
        if name == job and step.get("name", step.get("run", "")).startswith(start)
    ]
    assert len(found) == 1, (job, start)
    return found[0]


def bash(text: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a step as a runner does."""
    home = folder / "home"
    home.mkdir(exist_ok=True, mode=0o700)
    known = {"PATH": os.environ["PATH"], "HOME": str(home), "RUNNER_TEMP": str(folder / "temp"), **variables}
    (folder / "temp").mkdir(exist_ok=True)
    # The agent's socket has a path of at most 107 letters, which a test's own folder would pass.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as short:
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
            cwd=folder, env={"GNUPGHOME": short, **known}, capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.relative_to(ROOT).as_posix())
class TestGitHub:
    def test_every_action_is_named_by_the_commit_of_a_release(self, path: Path) -> None:
        used = re.findall(r"uses: (\S+)@(\S+)(?: # (\S+))?$", path.read_text("utf-8"), flags=re.MULTILINE)
        assert len(used) == path.read_text("utf-8").count("uses:") > 0
        assert {(name, commit, tag) for name, commit, tag in used} <= {
            (name, *known) for name, known in RELEASED.items()
        }

    def test_no_shell_ever_reads_what_an_expression_gives(self, path: Path) -> None:
        assert [step["run"] for _, step in steps(path) if "${{" in step.get("run", "")] == []
        for name, job in load(path)["jobs"].items():
            assert "matrix" not in str(job.get("env", "")), name

    def test_rights_are_given_to_each_job_and_writing_ones_to_none_that_holds_a_secret_or_installs(
        self, path: Path
    ) -> None:
        flow = load(path)
        assert flow["permissions"] == {}
        assert "pull_request_target" not in str(flow[True])  # YAML reads `on` as true
        for name, job in flow["jobs"].items():
            rights = job["permissions"]
            text = json.dumps(job)
            if "write" in rights.values():
                assert "secrets." not in text, name
                assert not re.search(r"\b(pip|make|python|funnel) ", text), name
            else:
                assert set(rights) <= {"contents", "actions"} and set(rights.values()) == {"read"}
            assert "secrets." not in json.dumps(job.get("env", {})), name
            keeps = [
                step["with"]["persist-credentials"]
                for step in job["steps"]
                if "checkout" in step.get("uses", "")
            ]
            assert keeps == ["write" in rights.values()], name

    def test_nothing_is_installed_by_a_step_that_is_handed_a_secret(self, path: Path) -> None:
        for _, step in steps(path):
            if re.search(r"\b(pip|make|install\.py)\b", step.get("run", "")):
                assert "env" not in step


def test_holes_and_secrets_are_looked_for_with_each_change_and_weekly_by_pinned_tools() -> None:
    flow = load(OURS / "audit.yml")
    assert set(flow[True]) == {"push", "pull_request", "schedule"}  # YAML reads `on` as true
    (job,) = flow["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    assert "{{ secrets." not in json.dumps(flow)
    install, holes, secrets = (step["run"] for step in job["steps"] if "run" in step)
    assert "--require-hashes --only-binary :all: --requirement requirements/audit.lock" in install
    assert "for lock in requirements/*.lock" in holes
    assert "pip-audit" in holes and "--require-hashes" in holes
    assert "git ls-files -z | xargs -0" in secrets
    assert "detect-secrets-hook" in secrets and "--baseline .secrets.baseline" in secrets
    for part in (holes, secrets):
        assert "|| true" not in part and "continue-on-error" not in json.dumps(job)
    locked = (ROOT / "requirements" / "audit.lock").read_text("utf-8")
    for tool in ("pip-audit", "detect-secrets"):
        assert re.search(rf"^{tool}==\S+ \\\n +--hash=sha256:[0-9a-f]{{64}}", locked, flags=re.MULTILINE), (
            tool
        )


def test_what_is_known_to_be_no_secret_stands_in_tests_and_checksums_alone() -> None:
    known = json.loads((ROOT / ".secrets.baseline").read_text("utf-8"))["results"]
    assert {name for name in known if not name.startswith("tests/")} == {"requirements/quarto.py"}


def test_the_token_is_handed_to_the_sync_alone_and_the_notebooks_run_in_another_job() -> None:
    for path in (COMPANY, OURS / "weekly.yml"):
        holds = [
            (job, step["run"]) for job, step in steps(path) if "FUNNEL_AMOCRM_TOKEN }}" in json.dumps(step)
        ]
        assert holds == [("data", ".venv/bin/funnel sync")]
        assert [job for job, step in steps(path) if "funnel report" in step.get("run", "")] == ["report"]


def test_ours_differs_from_a_companys_in_how_the_product_is_installed_alone() -> None:
    def rest(path: Path) -> dict[str, Any]:
        flow = load(path)
        for job in flow["jobs"].values():
            job["steps"] = [step for step in job["steps"] if not step.get("name", "").startswith("Install")]
        return flow

    assert rest(COMPANY) == rest(OURS / "weekly.yml")
    told = [step["run"] for _, step in steps(COMPANY) if step.get("name", "").startswith("Install")]
    assert len(told) == 2
    assert all("--require-hashes --only-binary :all: --requirement requirements.txt" in text for text in told)


@needs["bash"]
def test_a_date_from_the_form_is_a_date_or_an_error_and_nothing_else(tmp_path: Path) -> None:
    check = script("data", "The date is a date")
    gitlab = load(JOBS / "gitlab" / ".gitlab-ci.yml")["data"]["script"][0]
    for text in (check, gitlab):
        for date in ("", "2022-09-26", "2024-02-29"):
            assert bash(text, tmp_path, DATE=date).returncode == 0, date
        for date in NO_DATES:
            done = bash(text, tmp_path, DATE=date)
            assert done.returncode != 0, date
            assert "give it as 2022-09-26" in done.stdout
            assert "touch" not in done.stdout and "set-env" not in done.stdout
    assert not (tmp_path / "touched").exists()


@needs["bash"]
def test_a_date_reaches_the_command_as_one_word(tmp_path: Path) -> None:
    program = tmp_path / ".venv" / "bin" / "funnel"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nprintf "[%s]" "$@" >said\n')
    program.chmod(0o755)
    make = script("report", "Make the edition")
    assert make in load(JOBS / "gitlab" / ".gitlab-ci.yml")["report"]["script"]
    for date, said in [("", "[report]"), ("2022-09-26", "[report][--date][2022-09-26]"),
                       ("a b; touch touched", "[report][--date][a b; touch touched]")]:  # fmt: skip
        assert bash(make, tmp_path, DATE=date).returncode == 0
        assert (tmp_path / "said").read_text() == said
    assert not (tmp_path / "touched").exists()


@needs["bash"]
@needs["jq"]
def test_only_whole_runs_of_this_branch_and_this_repository_are_taken_up(tmp_path: Path) -> None:
    """`gh` hands its --jq to a jq of its own; here the real one reads what the API may answer."""
    good = {"event": "schedule", "head_branch": "main", "head_repository": {"full_name": "acme/report"}}
    runs = [
        {**good, "id": 9, "event": "pull_request"},  # of a fork whose branch is called main too
        {**good, "id": 8, "head_repository": {"full_name": "evil/report"}},
        {**good, "id": 7, "head_branch": "other"},
        {**good, "id": 6, "event": "push"},
        {**good, "id": 5, "head_repository": None},
        {**good, "id": 4, "event": "workflow_dispatch"},
        {**good, "id": 3},
    ]
    take = script("data", "Take up the warehouse")
    asked = re.search(r"--jq '(.*?)'\)", take, flags=re.DOTALL)
    assert asked
    assert '-f branch="$GITHUB_REF_NAME" -f status=success' in take
    for given, taken in [(runs, "4\n"), (runs[:5], ""), ([], "")]:
        (tmp_path / "runs.json").write_text(json.dumps({"workflow_runs": given}))
        done = subprocess.run(
            ["jq", "--raw-output", asked[1], tmp_path / "runs.json"],
            env={"PATH": os.environ["PATH"], "GITHUB_REF_NAME": "main", "GITHUB_REPOSITORY": "acme/report"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout == taken


KEY = "a long random text of 30 letters"


def with_gh(folder: Path, artifact: Path) -> str:
    """A `gh` that knows one run, whose artifact is a file; returns the PATH."""
    program = folder / "bin" / "gh"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nif [ "$1" = api ]; then echo 4; else cp "{artifact}" "$7"; fi\n')
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


@needs["bash"]
@needs["gpg"]
@needs["tar"]
def test_the_warehouse_goes_from_run_to_run_encrypted_and_no_other_is_taken_up(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    (first / "data").mkdir(parents=True)
    second.mkdir()
    (first / "data" / "warehouse.duckdb").write_text("planted warehouse")
    assert bash(script("data", "Encrypt the warehouse"), first, KEY=KEY).returncode == 0
    kept = first / "temp" / "warehouse.tar.gpg"
    assert b"planted" not in kept.read_bytes()
    take = script("data", "Take up the warehouse")
    done = bash(take, second, KEY=KEY, PATH=with_gh(tmp_path, kept))
    assert done.returncode == 0, done.stderr
    assert (second / "data" / "warehouse.duckdb").read_text() == "planted warehouse"
    assert list((second / "temp").iterdir()) == []
    assert KEY not in done.stdout + done.stderr

    damaged = tmp_path / "damaged.gpg"
    damaged.write_bytes(kept.read_bytes()[:-9] + b"123456789")
    plain = tmp_path / "plain.tar"
    with tarfile.open(plain, "w") as tar:
        tar.add(first / "data", "data")
    for name, artifact, key in [
        ("key", kept, "quite another key of 30 letters"),
        ("end", damaged, KEY),
        ("plain", plain, KEY),
    ]:
        third = tmp_path / name
        third.mkdir()
        shutil.copy(artifact, tmp_path / "warehouse.tar.gpg")
        done = bash(take, third, KEY=key, PATH=with_gh(tmp_path, tmp_path / "warehouse.tar.gpg"))
        assert done.returncode != 0, name
        assert "did not encrypt its warehouse with this FUNNEL_WAREHOUSE_KEY" in done.stdout
        assert not (third / "data").exists(), name


@needs["bash"]
def test_a_key_that_is_missing_or_short_stops_the_run_before_anything_is_read(tmp_path: Path) -> None:
    names = [step.get("name", step.get("uses", "")) for job, step in steps(COMPANY) if job == "data"]
    assert names[:2] == ["The date is a date", "The key is a key"]
    check = script("data", "The key is a key")
    assert [bash(check, tmp_path, KEY=key).returncode for key in ("", "short", KEY)] == [1, 1, 0]


@needs["bash"]
@needs["tar"]
@needs["git"]
def test_the_edition_is_handed_to_the_writing_job_as_plain_files_of_two_folders(tmp_path: Path) -> None:
    made = tmp_path / "made"
    for name in (
        "archive/2022-09-26/report.html",
        "narrative/2022-09-26.md",
        "archive/README.md",
        "data/leads.csv",
    ):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(name)
    subprocess.run(["git", "init", "--quiet", made], check=True)
    pack = script("report", "Pack what is new")
    done = bash(pack, made, GITHUB_OUTPUT=str(tmp_path / "output"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "output").read_text() == "new=yes\n"
    unpack = script("publish", "Unpack the edition")
    taken = tmp_path / "taken"
    (taken / "temp").mkdir(parents=True)
    shutil.copy(made / "temp" / "edition.tar", taken / "temp")
    assert bash(unpack, taken).returncode == 0
    found = sorted(path.relative_to(taken).as_posix() for path in taken.rglob("*.*") if path.is_file())
    assert found == [
        "archive/2022-09-26/report.html",
        "archive/README.md",
        "narrative/2022-09-26.md",
        "temp/edition.tar",
    ]


@needs["bash"]
@needs["tar"]
@pytest.mark.parametrize("host", ["github", "gitlab"])
@pytest.mark.parametrize(
    ("name", "kind", "target"),
    [
        (".git/hooks/post-checkout", tarfile.REGTYPE, ""),
        (".github/workflows/weekly.yml", tarfile.REGTYPE, ""),
        ("archive/../.git/config", tarfile.REGTYPE, ""),
        ("./archive/../../escaped", tarfile.REGTYPE, ""),
        ("/tmp/escaped-by-tar", tarfile.REGTYPE, ""),
        ("archive/link", tarfile.SYMTYPE, "../.git"),
        ("archive/hard", tarfile.LNKTYPE, ".git/config"),
        ("archive/pipe", tarfile.FIFOTYPE, ""),
        ("archive/folder", tarfile.DIRTYPE, ""),
        ("archive", tarfile.SYMTYPE, ".git"),
        ("archive\n/x", tarfile.REGTYPE, ""),
    ],
)
def test_the_writing_job_unpacks_nothing_else(
    tmp_path: Path, host: str, name: str, kind: bytes, target: str
) -> None:
    folder = tmp_path / "checkout"
    (folder / "temp").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("own")
    packed = folder / ("temp/edition.tar" if host == "github" else "edition.tar")
    with tarfile.open(packed, "w") as tar:
        for number in range(2000):  # long lists: what reads them must not stop the one that writes them
            tar.addfile(tarfile.TarInfo(f"archive/{number}/{'x' * 80}"), io.BytesIO())
            if number == 5:
                evil = tarfile.TarInfo(name)
                evil.type, evil.linkname = kind, target
                tar.addfile(evil, io.BytesIO())
    texts = {
        "github": script("publish", "Unpack the edition"),
        "gitlab": "\n".join(load(JOBS / "gitlab" / ".gitlab-ci.yml")["publish"]["script"][:2]),
    }
    done = bash(texts[host], folder)
    assert done.returncode != 0
    assert "something else than files of archive/ and narrative/" in done.stdout
    assert not (folder / "archive").exists()
    assert (folder / ".git" / "config").read_text() == "own"


def test_on_gitlab_each_secret_is_of_one_environment_and_the_writing_job_installs_nothing() -> None:
    text = (JOBS / "gitlab" / ".gitlab-ci.yml").read_text(encoding="utf-8")
    flow = load(JOBS / "gitlab" / ".gitlab-ci.yml")
    names = {name: flow[name]["environment"]["name"] for name in ("data", "report", "publish")}
    assert names == {"data": "data/sync", "report": "data/report", "publish": "publish"}
    for variable, scope in [
        ("AMOCRM_TOKEN", "data/sync"),
        ("WAREHOUSE_KEY", r"data/\*"),
        ("PUSH_TOKEN", "publish"),
    ]:
        assert re.search(rf"^#   FUNNEL_{variable} +scope {scope} ", text, flags=re.MULTILINE)
    assert not re.search(r"\b(pip|python|funnel )\b", str(flow["publish"]["script"]))
    assert "--require-hashes --only-binary :all: --requirement requirements.txt" in str(flow[".install"])
    secrets = ("AMOCRM_TOKEN", "BITRIX24_WEBHOOK", "HUBSPOT_TOKEN", "PIPEDRIVE_TOKEN", "WAREHOUSE_KEY")
    assert f"env {' '.join(f'-u FUNNEL_{name}' for name in secrets)}" in str(flow[".install"])
    assert "FUNNEL_AMOCRM_TOKEN" not in str(flow["report"]) + str(flow["publish"])
    rule = flow[".weekly"]["rules"]
    assert rule == [
        {"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE =~ /^(schedule|web)$/"}
    ]
    assert all(flow[name]["extends"] == ".weekly" for name in names)


@needs["bash"]
@pytest.mark.parametrize("fails", ["", "sync", "import", "report"])
def test_the_crontab_line_runs_all_three_and_shows_why_it_failed(tmp_path: Path, fails: str) -> None:
    lines = (JOBS / "cron" / "weekly.crontab").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if re.match(r"[0-9*]+ [0-9*]+ ", line)]
    command = line.split(" ", 5)[5]
    assert "%" not in command  # which cron takes for a line's end
    assert "TOKEN" not in command
    program = tmp_path / ".venv" / "bin" / "funnel"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\necho "did $1"\n[ "$1" != "{fails}" ]\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", command], cwd="/", env={"PATH": os.environ["PATH"], "REPORT": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = (tmp_path / "run" / "weekly.log").read_text()
    steps_done = ["sync", "import", "report"][: ["sync", "import", "report", ""].index(fails) + 1]
    assert said == "".join(f"did {name}\n" for name in steps_done)
    assert (done.returncode, done.stdout) == ((1, said) if fails else (0, ""))


def test_the_wheel_holds_the_jobs_with_their_dotted_names(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling, which builds the wheel, is not installed")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name.partition("template/jobs/")[2] for name in zipfile.ZipFile(wheel).namelist()} - {""}
    here = {path.relative_to(JOBS).as_posix() for path in JOBS.rglob("*") if path.is_file()}
    assert (
        packed
        == here
        >= {"github/.github/workflows/weekly.yml", "gitlab/.gitlab-ci.yml", "cron/weekly.crontab"}
    )
