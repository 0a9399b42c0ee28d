"""The database server of a run, and the processes of the sides."""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import side

PROJECT = Path(__file__).resolve().parent.parent
OURS, THEIRS = "portcullis", "simplejwt"

Sides = Mapping[str, "Side"]


class Side:
    """A process that keeps its state between calls, with a database of its own."""

    def __init__(self, side_name: str, url: str, database: str) -> None:
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
            "BENCHMARK_SIDE": side_name,
            "BENCHMARK_DATABASE": database,
            "DATABASE_URL": url,
            "CACHE_URL": "locmemcache://benchmarks",
        }
        self._process = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=side.start,
            initargs=(self.environment,),
        )

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self._process.submit(function, *arguments).result()

    def close(self) -> None:
        self._process.shutdown()

    def run(self, module: str) -> Any:
        """What a module prints as JSON that is run beside it, over the same database."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", module],
            check=False, cwd=PROJECT, env={**os.environ, **self.environment},
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{module}: exit code {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout)


@contextmanager
def sides(url: str, names: Mapping[str, str]) -> Iterator[dict[str, Side]]:
    """A process for each name, of the side that it stands for."""
    with ExitStack() as running:
        started = {name: Side(side_name, url, name) for name, side_name in names.items()}
        for process in started.values():
            running.callback(process.close)
        yield started


def each(processes: Sides, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """What each answers; not for what is timed, since they work at the same time."""
    asked = {name: it._process.submit(function, *arguments) for name, it in processes.items()}
    return {name: answer.result() for name, answer in asked.items()}


@contextmanager
def server(database: str) -> Iterator[str]:
    with services(database) as [url]:
        yield url


@contextmanager
def services(*names: str) -> Iterator[list[str]]:
    """URLs of the suite's own, from wheels: they end with us, however we end."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.services", *names],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as helper:
        assert helper.stdout is not None
        yield json.loads(helper.stdout.readline())
