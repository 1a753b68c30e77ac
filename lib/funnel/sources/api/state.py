"""What was read so far: one SQLite file for each account, so that a killed sync goes on where it was.

Rows are appended or replaced by id, each page in one transaction together with the place it leads to
(`cursor`). Nothing personal and no token is in here: `wire` and the readers dropped it before. Ids of
pipelines, statuses and users are numbers or words, as `wire.key` reads them.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS leads (
    id INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, closed_at INTEGER,
    pipeline_id NOT NULL, status_id NOT NULL, responsible_id, loss_reason_id,
    customer_id, price TEXT, attributes TEXT NOT NULL,
    gone INTEGER NOT NULL DEFAULT 0, seen INTEGER NOT NULL, fresh INTEGER NOT NULL, currency TEXT);
CREATE INDEX IF NOT EXISTS leads_fresh ON leads (fresh) WHERE fresh > 0;
CREATE TABLE IF NOT EXISTS events (
    lead_id INTEGER NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL,
    type TEXT NOT NULL, pass INTEGER NOT NULL,
    from_pipeline, from_status, to_pipeline, to_status,
    PRIMARY KEY (lead_id, at, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aside (
    stream TEXT NOT NULL, key TEXT NOT NULL, pass INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (stream, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS listed (id INTEGER PRIMARY KEY, missed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS untold (id INTEGER PRIMARY KEY);
CREATE INDEX IF NOT EXISTS deletions ON events (lead_id, at) WHERE type IN ('lead_deleted', 'lead_restored');
"""

ADDED, MOVED = "lead_added", "lead_status_changed"
"""Events that tell where a lead came to: as it was made, and later. Other kinds are the CRM's own."""
LEAD = (
    "id, created_at, updated_at, closed_at, pipeline_id, status_id, responsible_id, loss_reason_id, "
    "customer_id, price, attributes, currency"
)
"""The columns of a `LeadRow`."""
Ref = int | str
LeadRow = tuple[
    int, int, int, int | None, Ref, Ref, Ref | None, Ref | None, Ref | None, str | None, str, str | None,
]  # fmt: skip
"""id, created, updated, closed (came to where it stands), pipeline, status, responsible, loss reason,
customer, price, attributes, currency."""

EventRow = tuple[int, int, str, str, Ref | None, Ref | None, Ref | None, Ref | None]
"""lead id, at, event id, type, pipeline and status before, pipeline and status after."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one stream of the running pass has come.

    Attributes:
        since: unix seconds from which the next request reads.
        until: end of the window, unix seconds; None is open.
        offset: rows of the window read before the next request.
        limit: rows a page.
        fresh: rows of this round that had not been read before.
        mode: how the stream is paged, see `reading`.
        newest: the newest time seen.
        done: nothing is left in this stream.
        after: where the server says that its next page begins.
    """

    since: int = 0
    until: int | None = None
    offset: int = 0
    limit: int = 0
    fresh: int = 0
    mode: str = ""
    newest: int = 0
    done: bool = False
    after: str = ""


class State:
    """The file, open.

    Args:
        path: where it lies; its folder is made. None keeps it in memory, for a dry run.
        like: a file whose content it begins with.
    """

    def __init__(self, path: Path | None, like: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path or ":memory:", timeout=30, isolation_level=None)
        if like is not None:
            with contextlib.closing(sqlite3.connect(like, timeout=30)) as source:
                source.backup(self._db)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        if "currency" not in (row[1] for row in self._db.execute("PRAGMA table_info(leads)")):
            self._db.execute("ALTER TABLE leads ADD COLUMN currency TEXT")  # a file of an earlier version

    def __enter__(self) -> State:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # of a full disk it has undone everything itself
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # Small facts

    def get(self, key: str, default: str = "") -> str:
        """Return a fact by name."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else default

    def put(self, key: str, value: str) -> None:
        """Keep a fact."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def cursor(self, stream: str) -> Cursor | None:
        """Return where a stream of the running pass stands; None before its first page."""
        text = self.get(f"cursor.{stream}")
        return Cursor(**json.loads(text)) if text else None

    def move(self, stream: str, cursor: Cursor) -> None:
        """Keep where a stream of the running pass stands."""
        names = Cursor.__dataclass_fields__
        self.put(f"cursor.{stream}", json.dumps({name: getattr(cursor, name) for name in names}))

    # The pass

    def begin(self, kind: str, now: int) -> tuple[int, int]:
        """Return the number of the pass to work on, and when it began (unix seconds).

        A pass that was stopped is taken up again, unless another kind is asked for now.

        Args:
            kind: what makes two passes the same work.
            now: unix seconds.
        """
        running = self.get("running")
        if running:
            number, began, stopped = running.split(" ", 2)
            if stopped == kind:
                return int(number), int(began)
        new = (int(running.split(" ", 1)[0]) if running else self.whole) + 1
        with self.transaction():
            self._db.execute("DELETE FROM meta WHERE key LIKE 'cursor.%'")
            self.put("running", f"{new} {now} {kind}")
        return new, now

    def finish(self, number: int, marks: dict[str, int], *, anew: bool = False) -> None:
        """The pass is whole: only now the watermarks move, and back only where they are set anew."""
        with self.transaction():
            for stream, mark in marks.items():
                self.put(f"mark.{stream}", str(mark if anew else max(mark, self.mark(stream))))
            self._db.execute("DELETE FROM meta WHERE key LIKE 'cursor.%' OR key = 'running'")
            self.put("passes", str(number))

    @property
    def whole(self) -> int:
        """The number of the last whole pass; 0 before the first."""
        return int(self.get("passes", "0"))

    def mark(self, stream: str) -> int:
        """Return the watermark of a stream: unix seconds; 0 before the first whole pass."""
        return int(self.get(f"mark.{stream}", "0"))

    def marks(self) -> list[int]:
        """Return the watermarks of all streams that have one."""
        return self.ids("SELECT CAST(value AS INTEGER) FROM meta WHERE key LIKE 'mark.%'")

    # Leads and events

    def add_leads(self, rows: Sequence[LeadRow], number: int) -> int:
        """Insert or replace leads by id; return how many had not been read in this pass before."""
        marks = ",".join("?" * len(rows))
        ids = [row[0] for row in rows]
        seen = self._db.execute(
            f"SELECT count(*) FROM leads WHERE seen = ? AND id IN ({marks})", (number, *ids)
        )
        before = int(seen.fetchone()[0])
        self._db.executemany(
            f"INSERT OR REPLACE INTO leads ({LEAD}, gone, seen, fresh) "
            "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,0,?,?)",
            [(*row, number, number) for row in rows],
        )
        return len(set(ids)) - before

    def add_events(self, rows: Sequence[EventRow], number: int) -> int:
        """Keep events by id; their leads count as changed. Return how many were new in this pass."""
        before = self._db.total_changes
        self._db.executemany(
            "INSERT OR IGNORE INTO events SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9 "
            "WHERE NOT EXISTS (SELECT 1 FROM events WHERE lead_id = ?1 AND id = ?3)",
            [(*row[:4], number, *row[4:]) for row in rows],
        )
        new = self._db.total_changes - before
        if new:
            ids = {row[0] for row in rows}
            self._db.executemany("UPDATE leads SET fresh = ? WHERE id = ?", [(number, id_) for id_ in ids])
        return new

    def mark_gone(self, ids: Iterable[int], number: int) -> None:
        """Say of leads that they are no longer in the account; nothing of them is forgotten."""
        self._db.executemany(
            "UPDATE leads SET gone = 1, fresh = ? WHERE id = ? AND gone = 0", [(number, id_) for id_ in ids]
        )

    def change(self, statement: str, rows: Iterable[Sequence[int | str]]) -> None:
        """Run a statement for each of some rows of parameters."""
        self._db.executemany(statement, rows)

    def rows(self, query: str, parameters: Sequence[int | str] = ()) -> Iterator[tuple[object, ...]]:
        """Read rows, one at a time."""
        yield from self._db.execute(query, parameters)

    def ids(self, query: str, parameters: Sequence[int | str] = ()) -> list[int]:
        """Read a list of ids."""
        return [int(row[0]) for row in self._db.execute(query, parameters)]

    def everything_changed(self, number: int) -> None:
        """Let the next batch hold every lead: what its columns mean has changed."""
        self._db.execute("UPDATE leads SET fresh = ?", (number,))

    def delivered(self, number: int) -> None:
        """The warehouse has everything up to this pass."""
        self._db.execute("UPDATE leads SET fresh = 0 WHERE fresh <= ?", (number,))
