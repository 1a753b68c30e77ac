"""First sync of a large account from the stand-in, the rate limit lifted: time, requests, peak memory.

    python bench/amocrm.py [--leads 100000] [--events 300000]

The stand-in runs in a process of its own, so the memory measured is the sync's alone. Bars: under 180 s,
under 500 MB.
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from funnel.settings import Settings
from funnel.sources.amocrm import AmoSettings, Credentials, Pace, Source, pull
from standin.server import TOKEN, Api, serve
from standin.truth import DAY, SETTINGS, STAGES, START
from standin.world import Lead, World

LADDER = (60002, 60003, 60004, 60005, 60006, 142)
NOW = START + 800 * DAY


def account(leads: int, events: int) -> World:
    """Leads over two years; as many events as asked for, one `lead_added` each and the rest moves."""
    rng, world = random.Random(1), World()
    acts: list[tuple[int, int, int]] = []
    for number in range(leads):
        at = START + rng.randrange(700 * DAY)
        acts.append((at, 900_001 + number, 0))
        for step in range(1, 1 + (events - leads) // leads + (number < (events - leads) % leads)):
            at += rng.randrange(1, 30 * DAY)
            acts.append((at, 900_001 + number, min(step, 5)))
    for at, id_, step in sorted(acts):
        if step:
            world.move(id_, at, 7001, LADDER[step])
        else:
            world.add(
                Lead(
                    id_,
                    7001,
                    LADDER[0],
                    at,
                    at,
                    price=50_000,
                    fields={11: "yandex", 13: "Москва"},
                    contact=id_,
                ),
                at,
            )
    return world


def stand_in(leads: int, events: int, pipe: Connection) -> None:
    with serve(Api(account(leads, events))) as host:
        pipe.send(host)
        pipe.recv()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=300_000)
    sizes = parser.parse_args()
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=stand_in, args=(sizes.leads, sizes.events, there)
    )
    server.start()
    host = here.recv()
    funnel = Settings.model_validate(
        {"timezone": "Europe/Moscow", "currency": "RUB", "stages": [{"key": key} for key in STAGES]}
    )
    amo = AmoSettings.model_validate({"host": host, **SETTINGS})
    now = dt.datetime.fromtimestamp(NOW, dt.UTC)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        for what in ("first sync", "nothing new"):
            start, busy = time.perf_counter(), time.process_time()
            pulled = pull(funnel, Source(amo, Credentials(token=TOKEN)), store, now, pace=Pace(0))
            pulled.commit()
            seconds = time.perf_counter() - start
            requests = len((store / "requests.csv").read_text().splitlines()) - 1
            rows = {name: table.num_rows for name, table in pulled.batch.tables.items()}
            cpu = time.process_time() - busy
            print(f"{what}: {seconds:.1f} s ({cpu:.1f} s of processor), {requests} requests, rows {rows}")
            if what == "first sync":
                first = seconds
        size = sum(file.stat().st_size for file in store.iterdir()) / 1e6
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {memory:.0f} MB, state on disk {size:.0f} MB")
    here.send("done")
    server.join()
    return int(first > 180 or memory > 500)


if __name__ == "__main__":
    sys.exit(main())
