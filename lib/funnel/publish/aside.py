"""Work that is done in another process while this one goes on; see `funnel.edition.results.Aside`."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import pandas as pd

from funnel.publish.kernels import FORKS

Work = Callable[..., pd.DataFrame]


def beside(work: Work, *given: Any) -> Callable[[], pd.DataFrame]:
    """Begin some work beside this process, which has loaded its modules (`kernels.warm`).

    Returns:
        What waits for it. Where there is one processor alone, where a system cannot fork, or where the other
        process ended without an answer, the work is done here.
    """
    if not FORKS or (os.cpu_count() or 1) < 2:
        return lambda: work(*given)
    context = multiprocessing.get_context("forkserver")
    mine, its = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(its, work, given), daemon=True)
    process.start()
    its.close()

    def wait() -> pd.DataFrame:
        try:
            done, answer = mine.recv()
        except EOFError:
            return work(*given)
        finally:
            mine.close()
            process.join()
        if not done:
            raise answer
        result: pd.DataFrame = answer
        return result

    return wait


def _answer(there: Connection, work: Work, given: tuple[Any, ...]) -> None:
    """Do the work, and send whether it could be done, with its result or its error."""
    try:
        there.send((True, work(*given)))
    except Exception as error:
        there.send((False, error))
