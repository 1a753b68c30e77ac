"""Kernels forked from one process that has loaded the notebooks' modules once, instead of once a notebook.

The process loads them while the numbers are computed. Where a system cannot fork, kernels start as usual.
"""

from __future__ import annotations

import ast
import json
import multiprocessing
import os
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

FORKS = "forkserver" in multiprocessing.get_all_start_methods()
_LAUNCHER = "ipykernel_launcher"
_OWN = ("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "pyarrow.parquet", __name__)


def warm(notebooks: Sequence[Path]) -> None:
    """Begin to load, in the background, what some notebooks import; a second call does nothing."""
    if FORKS:
        modules = {name for path in notebooks for name in imported(path)}
        multiprocessing.get_context("forkserver").set_forkserver_preload([*_OWN, *sorted(modules)])
        forkserver.ensure_running()


def imported(notebook: Path) -> list[str]:
    """Return the modules that a notebook imports; what it imports from a package may be a module too."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    names = []
    for cell in cells:
        if cell["cell_type"] == "code":
            names += _imports("".join(cell["source"]))
    return names


def _imports(code: str) -> list[str]:
    """Return the modules imported by code; nothing where it is no plain Python.

    >>> _imports("from funnel.present.cohorts import charts")
    ['funnel.present.cohorts', 'funnel.present.cohorts.charts']
    """
    names: list[str] = []
    try:
        body = ast.parse(code).body
    except SyntaxError:  # a line of IPython's own, or a mistake that the run will name
        return names
    for node in body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


class Process:
    """A forked process with the manners of `subprocess.Popen`, as Jupyter expects them."""

    stdin = stdout = stderr = None

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it is done; return the exit code."""
        self._process.join(timeout)
        return self._process.exitcode

    def send_signal(self, signum: int) -> None:
        """Send a signal."""
        if self.pid is not None and self.poll() is None:
            os.kill(self.pid, signum)

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it."""
        self._process.kill()


class Forked(LocalProvisioner):
    """Starts a kernel by forking."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork a kernel that listens as the command says; a command of another kind is run as it is."""
        if not FORKS or _LAUNCHER not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        arguments = cmd[cmd.index(_LAUNCHER) + 1 :]
        environment = dict(kwargs.get("env") or os.environ)
        folder = str(kwargs.get("cwd") or Path.cwd())
        context = multiprocessing.get_context("forkserver")
        process = context.Process(target=_serve, args=(arguments, environment, folder), daemon=True)
        process.start()
        self.process = Process(process)  # type: ignore[assignment]  # it has the manners of a Popen
        self.pid = process.pid
        return self.connection_info


class WarmKernelManager(AsyncKernelManager):
    """Jupyter's manager, with kernels that are forked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kernel_id = str(uuid4())
        spec = self.kernel_spec
        self.provisioner = Forked(kernel_id=self.kernel_id, kernel_spec=spec, parent=self)


def _serve(arguments: list[str], environment: Mapping[str, str], folder: str) -> None:
    """Be a kernel: the body of a forked process."""
    from ipykernel.kernelapp import IPKernelApp

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    os.setsid()  # Ctrl-C is for the run, which ends its kernels itself
    threading.Thread(target=_end_with_parent, daemon=True).start()
    IPKernelApp.launch_instance(arguments)


def _end_with_parent() -> None:
    """End this process when the run that wanted it is gone, also if it was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
