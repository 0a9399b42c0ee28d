"""Permissions declared in code: `declare` them in `AppConfig.ready`, and `migrate` makes them.

declare(Declared("billing.refund_invoice", "Refund an invoice", Danger.HIGH, roles=("admin",)))
"""

from collections.abc import Iterable
from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.contrib.auth import get_permission_codename
from django.contrib.auth.management import create_permissions
from django.core.exceptions import ImproperlyConfigured
from django.db import router
from django.db.models import Model

from portcullis.registry import Danger, Declared, declare, declared
from rbac.system import SystemRole, make_system_roles

__all__ = ["Danger", "Declared", "danger_of", "declare", "make_declared"]


def danger_of(code: str) -> Danger | None:
    """None for a permission that nobody declared."""
    found = declared().get(code)
    return found.danger if found else None


def make_declared(app_config: AppConfig, using: str, apps: Any = installed, **kwargs: Any) -> None:
    """After each app's migrations: its declared permissions, and what system roles hold of them.

    Django makes the permissions of the app's models first, in whichever order apps are installed.
    """
    wanted = [each for each in declared().values() if each.app_label == app_config.label]
    try:
        models = {name: apps.get_model(name) for name in ("rbac.Role", "auth.Permission")}
    except LookupError:  # not migrated yet
        return
    if not router.allow_migrate_model(using, models["rbac.Role"]):
        return
    roles = models["rbac.Role"]._default_manager.using(using)
    if app_config.label == "rbac":
        _check(declared().values())
    if wanted or app_config.label == "rbac":
        make_system_roles(roles)
    if wanted:
        create_permissions(app_config, verbosity=0, using=using, apps=apps)
        made = _make(wanted, models["auth.Permission"]._default_manager.using(using), app_config)
        _give(wanted, made, roles)


def _check(permissions: Iterable[Declared]) -> None:
    """Raises ImproperlyConfigured for what would silently never be made, or never be given."""
    for each in permissions:
        if strange := set(each.roles) - set(SystemRole):
            raise ImproperlyConfigured(f"{each.code} is declared for no system role: {strange}")
        if not any(
            app.label == each.app_label and app.models for app in installed.app_configs.values()
        ):
            raise ImproperlyConfigured(f"{each.code} is declared in no installed app with models")


def _make(wanted: list[Declared], permissions: Any, app_config: AppConfig) -> dict[str, list[Any]]:
    """The rows behind each declared code, made or labelled where that is due."""
    found: dict[str, list[Any]] = {each.code: [] for each in wanted}
    for row in permissions.filter(content_type__app_label=app_config.label):
        found.get(f"{app_config.label}.{row.codename}", []).append(row)
    for each in wanted:
        if not found[each.code]:
            kind = _filed_under(each, app_config, permissions.db)
            label = each.label or each.codename.replace("_", " ").capitalize()
            row = permissions.create(content_type_id=kind, codename=each.codename, name=label)
            found[each.code].append(row)
        for row in found[each.code]:
            if each.label and row.name != each.label:
                row.name = each.label
                row.save(update_fields=["name"])
    return found


def _filed_under(each: Declared, app_config: AppConfig, using: str) -> Any:
    """The id of the content type of the model whose permission it is, or of `on`, or of the app's
    first model."""
    kinds = installed.get_model("contenttypes.ContentType")._default_manager.db_manager(using)
    models = list(app_config.get_models())
    if each.on:
        model = installed.get_model(each.on)
    else:
        model = next((model for model in models if each.codename in _codenames(model)), models[0])
    if model._meta.app_label != each.app_label:
        raise ImproperlyConfigured(f"{each.code} cannot be filed under {model._meta.label}")
    return kinds.get_for_model(model, for_concrete_model=False).pk


def _codenames(model: type[Model]) -> set[str]:
    """The permissions that a model has of itself, also before its table is made."""
    options = model._meta
    actions = {get_permission_codename(each, options) for each in options.default_permissions}
    return actions | {codename for codename, _ in options.permissions}


def _give(wanted: list[Declared], made: dict[str, list[Any]], roles: Any) -> None:
    """Each system role gets what is new for it, once: what somebody took out stays out."""
    for role in roles.filter(slug__in={slug for each in wanted for slug in each.roles}):
        new = [each.code for each in wanted if role.slug in each.roles]
        new = [code for code in new if code not in role.given]
        if new:
            role.permissions.add(*(row.pk for code in new for row in made[code]))
            role.given = sorted({*role.given, *new})
            role.save(update_fields=["given"])
