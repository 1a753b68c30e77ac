"""Try the guide without an account: `python -m standin [PORT [LEADS]]` in the folder `tests`.

The account is at http://127.0.0.1:PORT, the token is the one printed.
"""

from __future__ import annotations

import sys
import threading

from standin.server import TOKEN, Api, serve
from standin.truth import Player, stories


def main(port: int = 8123, leads: int = 2000) -> None:
    """Serve a made-up account until interrupted."""
    player = Player(stories(leads, seed=1))
    player.advance(player.times[-1])
    with serve(Api(player.world, rate=7), port) as host:
        print(f"amocrm host: {host}\nFUNNEL_AMOCRM_TOKEN={TOKEN}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
