"""Strangers that bear one of our names: wheels install top-level modules, and a project may have an
`accounts` of its own, which Python would then take for ours without a word."""

import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

OURS = ("accounts", "mfa", "portcullis", "rbac", "tokens")
HOME = Path(__file__).absolute().parent.parent
WAY_OUT = (
    "Two packages cannot share a name: rename that one, or move it into a package of your project "
    "(`yourproject.{name}`, with a `label` of its own in its AppConfig)."
)


def refuse_strangers(installed_apps: Iterable[str]) -> None:
    """Raise ImproperlyConfigured where an installed app of our name is somebody else's.

    For the time before any model is imported: a check, which needs models, would come too late.
    """
    for name in sorted({entry.partition(".")[0] for entry in installed_apps} & set(OURS)):
        if stranger := taken(name):
            raise ImproperlyConfigured(
                f"INSTALLED_APPS names {name}, and Python takes {stranger} for it instead of "
                f"Portcullis' own in {HOME}. " + WAY_OUT.format(name=name)
            )


def taken(name: str) -> Path | None:
    """The stranger that `import name` leads to; None if it leads to ours."""
    try:
        place = _place(find_spec(name))
    except ValueError:  # loaded by hand, without a spec
        place = _origin(getattr(sys.modules[name], "__file__", None))
    return None if place is None or _is_ours(place, name) else place


def others(name: str) -> Iterator[Path]:
    """Every stranger of that name on the path, taken for ours or hidden by it. Imports none."""
    seen = set()
    for entry in sys.path:
        place = _place(PathFinder.find_spec(name, [entry]))
        if place and place not in seen and not _is_ours(place, name):
            seen.add(place)
            yield place


def _place(spec: ModuleSpec | None) -> Path | None:
    """The file that a spec would load. A folder without `__init__.py` yields to any package, so
    that it is nobody's namesake."""
    return _origin(spec.origin) if spec and spec.has_location else None


def _origin(file: str | None) -> Path | None:
    return Path(file).absolute() if file else None


def _is_ours(place: Path, name: str) -> bool:
    """Beside this very module, or in another copy of this product. Files may be links into a store:
    where they are found counts, not where they lead."""
    beside = place.parent.parent / "portcullis" / Path(__file__).name
    return place.parent.name == name and (place.parent.parent == HOME or beside.exists())
