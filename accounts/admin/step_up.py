"""Step-up in the admin: privileges are changed by whoever has proven of late that it is them."""

from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.admin.actions import FlowAdmin
from tokens.signed_in import prove_first

TOO_LONG_AGO = "Nothing is saved: prove again that it is you, and then repeat it."


def proven(request: HttpRequest) -> bool:
    session = getattr(request, "login_session", None)
    return bool(session and session.recently_proven())


def proof_url(request: HttpRequest) -> str:
    return prove_first(request.get_full_path()).headers["Location"]


def demand_proof(request: HttpRequest) -> HttpResponse:
    """To the proof, and back here. What was sent meanwhile is not saved."""
    if request.method == "POST":
        messages.warning(request, TOO_LONG_AGO)
    return redirect(proof_url(request))


class StepUpAdmin(FlowAdmin):
    """Pages whose sensitive fields are read only, and whose sensitive actions have no button but a
    link to the proof, until it is given."""

    sensitive_actions: tuple[str, ...] = ()

    def locked(self, request: HttpRequest, obj: Any) -> bool:
        """Whether this member of staff could do more here after a proof."""
        could = super().offered(request, obj)
        return not proven(request) and any(name in self.sensitive_actions for name in could)

    def must_prove(self, request: HttpRequest, object_id: str | None) -> bool:
        """Whether a request to an add or change page touches what is sensitive."""
        return False

    def offered(self, request: HttpRequest, row: Any) -> list[str]:
        names = super().offered(request, row)
        withheld = () if proven(request) else self.sensitive_actions
        return [name for name in names if name not in withheld]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        if not proven(request) and self.must_prove(request, object_id):
            return demand_proof(request)
        return super().changeform_view(request, object_id, *args, **kwargs)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if (row := context["original"]) and self.locked(request, row):
            context["proof"] = proof_url(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # All of them: Django runs the one that `action_index` points to.
        chosen = set(request.POST.getlist("action"))
        if not proven(request) and chosen & {*self.sensitive_actions}:
            return demand_proof(request)
        return super().response_action(request, *args, **kwargs)


class SensitiveAdmin(StepUpAdmin):
    """Everything on these pages is sensitive. Who may change a row is asked by `may_change`."""

    def may_change(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether they may once they have proven who they are."""
        return super().has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may_change(request, obj) and (obj is None or proven(request))

    def locked(self, request: HttpRequest, obj: Any) -> bool:
        may = self.may_change(request, obj) and not proven(request)
        return may or super().locked(request, obj)

    def must_prove(self, request: HttpRequest, object_id: str | None) -> bool:
        may = self.has_add_permission(request)
        if request.method == "POST":
            return may or self.may_change(request)
        return may and object_id is None
