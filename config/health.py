"""Whether this process lives (`/healthz`) and whether it can serve (`/readyz`)."""

from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe


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
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


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
