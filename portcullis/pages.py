"""The base of every page: never cached, and every refusal a page or a line in a form."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView
from django.views.generic.base import View

from portcullis.errors import AuthError, FieldErrors
from portcullis.problems import log_refusal

BELONGS_INTO_THE_FORM = frozenset({400, 401})
"""Refusals of what was typed; others (a limit, a closed door, a part that is gone) are pages."""

MAX_PATH = 2000


class Uncached(View):
    """No cache and no back button shows the page again once its reader has logged out."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        allowed = super().http_method_not_allowed(request, *args, **kwargs).headers["Allow"]
        message = "This address does not answer a visit. Use the button that leads here."
        page = render(request, "portcullis/refused.html", {"message": message}, status=405)
        page.headers["Allow"] = allowed
        return page


class Page(Uncached, TemplateView):
    """A page that shows something."""

    http_method_names = ("get", "head", "options")


class FormPage(Uncached, FormView[Any], ABC):
    """A page with a form. A wrong one is shown again, errors beside their fields."""

    http_method_names = ("get", "head", "post", "options")
    no_mistakes: tuple[type[AuthError], ...] = ()
    """Refusals that no other input would mend: `dispatch` says where they lead."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """What is typed stays out of error reports, also if a mixin's `dispatch` fails first."""
        return sensitive_post_parameters()(super().as_view(**initkwargs))

    @abstractmethod
    def act(self, *args: Any, **typed: Any) -> HttpResponse:
        """Do what the valid form asks for. An AuthError about what was typed goes into the form."""

    def form_valid(self, form: forms.Form) -> HttpResponse:
        try:
            return self.act(**form.cleaned_data)
        except AuthError as error:
            if isinstance(error, self.no_mistakes) or error.status not in BELONGS_INTO_THE_FORM:
                raise
            log_refusal(self.request, error)
            _explain(form, error)
        return self.form_invalid(form)

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        for name in form.errors:  # whoever cannot see the page starts at what is wrong
            if name in form.fields:
                form.fields[name].widget.attrs["autofocus"] = True
                break
        return super().form_invalid(form)


def refusal_page(request: HttpRequest, error: AuthError) -> HttpResponse:
    """A refusal that no form can show. Where a part is gone the page does without it."""
    log_refusal(request, error)
    reader = request if error.status < 500 else None  # else the menu would ask the database
    page = render_to_string("portcullis/refused.html", {"message": error.message}, request=reader)
    response = HttpResponse(page, status=error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    add_never_cache_headers(response)
    return response


def local_path(candidate: str) -> str:
    """`candidate` if it is a path of this very site, or else nothing: no open redirect."""
    sane = candidate.startswith("/") and len(candidate) <= MAX_PATH
    return candidate if sane and url_has_allowed_host_and_scheme(candidate, None) else ""


def _explain(form: forms.Form, error: AuthError) -> None:
    if isinstance(error, FieldErrors):
        for field, found in error.errors.items():
            for code, text in found:
                form.add_error(_place(form, field), ValidationError(text, code))
    else:
        form.add_error(_place(form, error.field), ValidationError(error.message, error.code))


def _place(form: forms.Form, field: str | None) -> str | None:
    """The field, or the form as a whole where it has none of that name."""
    return field if field in form.fields else None
