"""The forecast on two real logs: never much worse than the best simple method, and honest or silent."""

import logs
import pytest

from funnel.analysis import backtest, scores
from funnel.analysis.chainladder import SIMPLE


@pytest.mark.parametrize("log", logs.LOGS, ids=lambda log: log.name)
def test_real_log(log: logs.Log) -> None:
    reached = logs.reached(log)
    if reached is None:
        pytest.skip(f"the log {log.name} is not in {logs.FOLDER}; set FUNNEL_SHARED_DATA")
    told = backtest.forecasts(reached, log.stage, log.end, log.dates(every=6), horizon=104, draws=300, seed=1)
    by = {name: told[told["method"] == name] for name in (backtest.OURS, *SIMPLE)}
    wapes = {
        name: scores.wape(part["mean"].to_numpy(), part["actual"].to_numpy()) for name, part in by.items()
    }
    assert wapes[backtest.OURS] <= 1.1 * min(wapes[name] for name in SIMPLE)
    kept = by[backtest.OURS][by[backtest.OURS]["reason"] == ""]
    for level in (50, 80, 90):
        assert not len(kept) or kept[f"coverage_{level}"].mean() >= 0.85 * level / 100
