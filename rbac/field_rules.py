"""Serializer fields that not everybody may read, or write."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import empty

if TYPE_CHECKING:
    from rest_framework.serializers import Serializer

    _Base = Serializer[Any]
else:
    _Base = object


class FieldRulesMixin(_Base):
    """Put before a Serializer. Who lacks the permission in `readable_with` never sees the field;
    who lacks the one in `writable_with` is told so, by field, when they send it.

        class Employee(FieldRulesMixin, serializers.ModelSerializer):
            readable_with = {"salary": "hr.view_salary"}
            writable_with = {"salary": "hr.change_salary", "name": "hr.change_employee"}

    The user is `context["request"].user`; without a request nobody asks, and nothing is allowed.
    """

    readable_with: Mapping[str, str] = {}
    writable_with: Mapping[str, str] = {}

    def get_fields(self) -> dict[str, Any]:
        """A field that may be written and not read is taken and never shown."""
        fields: dict[str, Any] = super().get_fields()
        if unknown := {*self.readable_with, *self.writable_with} - fields.keys():
            raise ImproperlyConfigured(f"{type(self).__name__} has rules for no field: {unknown}")
        for name in self._refused(self.writable_with):
            fields[name].read_only, fields[name].required = True, False
            fields[name].default = empty
        for name in self._refused(self.readable_with):
            if fields[name].read_only or name not in self.writable_with:
                del fields[name]
            else:
                fields[name].write_only = True
        return fields

    def to_internal_value(self, data: Any) -> Any:
        """Forms name the parts of a field: `address.street`, `tags[0]`."""
        sent = {re.split(r"[.\[]", key)[0] for key in data} if isinstance(data, Mapping) else ()
        may_not = [ErrorDetail("You may not set this.", code="permission_denied")]
        refused = {name: may_not for name in self._refused(self.writable_with) if name in sent}
        if refused:
            raise ValidationError(refused)
        return super().to_internal_value(data)

    def _refused(self, rules: Mapping[str, str]) -> list[str]:
        return [name for name, code in rules.items() if not self._may(code)]

    def _may(self, code: str) -> bool:
        user = getattr(self.context.get("request"), "user", None)
        return user is not None and bool(user.has_perm(code))
