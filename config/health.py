"""Whether this process lives (`/healthz`) and whether it can serve (`/readyz`)."""

from collections.abc import Callable
from threading import Event

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

_applied = Event()


@csrf_exempt
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@csrf_exempt
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Tries database, cache and migrations; 503 names the parts that failed, and no detail."""
    parts = {name: _works(probe) for name, probe in PROBES.items()}
    ready = all(parts.values())
    states = {name: "ok" if works else "failed" for name, works in parts.items()}
    answer = {"status": "ok" if ready else "unavailable", "parts": states}
    response = JsonResponse(answer, status=200 if ready else 503)
    response.headers["Cache-Control"] = "no-store"
    if not ready:
        response.headers["Retry-After"] = "5"
    return response


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _cache() -> bool:
    cache.set("readyz", "ok", timeout=10)
    return bool(cache.get("readyz") == "ok")


def _migrations() -> bool:
    """Asked until it is true: the code of this process does not change, nor do migrations go back
    beneath it, and building their graph for every caller would be a gift to a flood."""
    if not _applied.is_set():
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _applied.set()
    return True


PROBES: dict[str, Callable[[], bool]] = {
    "database": _database,
    "cache": _cache,
    "migrations": _migrations,
}


def _works(probe: Callable[[], bool]) -> bool:
    try:
        return probe()
    except Exception:  # noqa: BLE001  (whatever breaks a probe, the part is not ready)
        return False
