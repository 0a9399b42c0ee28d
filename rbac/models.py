"""Roles, what they hold and inherit, and who holds them since when, until when, and by whom."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.validators import (
    MaxLengthValidator,
    MaxValueValidator,
    ProhibitNullCharactersValidator,
    RegexValidator,
)
from django.db import models, router
from django.db.models import F, Q
from django.utils import timezone

from portcullis.validators import no_control_characters

MAX_RANK = 10_000
is_slug = RegexValidator(
    r"\A[a-z0-9]+([-_][a-z0-9]+)*\Z", "Use small letters, digits, and single - or _ between them."
)


class RoleManager(models.Manager["Role"]):
    """Reads where it is written: a replica that lags would let somebody in, or a cycle close."""

    def get_queryset(self) -> models.QuerySet["Role"]:
        return super().get_queryset().using(router.db_for_write(self.model))


class Role(models.Model):
    """A named bundle of permissions. `rank` orders people: who stands lower cannot touch it.

    Whoever holds a role holds its parents too, and theirs. Write through `rbac.flows`: they keep
    the hierarchy free of cycles and let nobody climb.
    """

    slug = models.CharField(max_length=50, unique=True, validators=[is_slug])
    name = models.CharField(max_length=100, validators=[no_control_characters])
    description = models.TextField(
        max_length=1000,
        blank=True,
        validators=[MaxLengthValidator(1000), ProhibitNullCharactersValidator()],
    )
    rank = models.PositiveIntegerField(default=1, validators=[MaxValueValidator(MAX_RANK)])
    mfa_required = models.BooleanField(default=False)
    parents: models.ManyToManyField["Role", models.Model] = models.ManyToManyField(
        "self", symmetrical=False, related_name="children", blank=True
    )
    permissions: models.ManyToManyField[Permission, models.Model] = models.ManyToManyField(
        Permission, related_name="roles", blank=True
    )
    given = models.JSONField(default=list, editable=False)
    """Codes that a release put into this system role, once: taken out, they stay out."""

    objects: ClassVar[RoleManager] = RoleManager()

    class Meta:
        ordering: ClassVar = ["-rank", "slug"]

    def __str__(self) -> str:
        return self.name


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    def in_force(self, now: datetime | None = None) -> "RoleAssignmentQuerySet":
        now = now or timezone.now()
        return self.unexpired(now).filter(starts_at__lte=now)

    def unexpired(self, now: datetime | None = None) -> "RoleAssignmentQuerySet":
        """In force, or yet to begin."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now or timezone.now()))


class RoleAssignmentManager(models.Manager["RoleAssignment"]):
    """As RoleManager: it reads where it is written."""

    def get_queryset(self) -> RoleAssignmentQuerySet:
        return RoleAssignmentQuerySet(self.model, using=router.db_for_write(self.model))

    def in_force(self, now: datetime | None = None) -> RoleAssignmentQuerySet:
        return self.get_queryset().in_force(now)

    def unexpired(self, now: datetime | None = None) -> RoleAssignmentQuerySet:
        return self.get_queryset().unexpired(now)


class RoleAssignment(models.Model):
    """Somebody holds a role from `starts_at` until `expires_at`, or for good."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="role_assignments"
    )
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="assignments")
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    """None: an operator, or somebody who is gone."""
    reason = models.CharField(max_length=200, validators=[no_control_characters])
    granted_at = models.DateTimeField(default=timezone.now, editable=False)
    starts_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)

    objects: ClassVar[RoleAssignmentManager] = RoleAssignmentManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "role"], name="rbac_one_assignment"),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("starts_at")),
                name="rbac_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role}"

    def is_in_force(self, now: datetime) -> bool:
        return self.starts_at <= now and self.is_unexpired(now)

    def is_unexpired(self, now: datetime) -> bool:
        return self.expires_at is None or self.expires_at > now
