"""Refuses early who would be refused admission to hashing: before anything is read or looked up."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from accounts.admission import is_full, too_many
from portcullis.pages import refusal_page
from portcullis.problems import log_refusal, logged


class AdmissionMiddleware:
    """A flood costs a fraction of what a refusal by the flow would. Stands below the middleware that
    sets security headers and CORS, so that the refusal has them, and above all that works.

    Looks at the views that `accounts.admission.hashes_passwords` marks.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and is_full():
            view = _view(request)
            if getattr(view, "hashes_passwords", False):
                return logged(_refuse(request, view))
        return self.get_response(request)


def _view(request: HttpRequest) -> Any:
    """The view, or its class if it has one."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return None
    return getattr(view, "view_class", view)


def _refuse(request: HttpRequest, view: Any) -> HttpResponse:
    """In the shape of a JSON endpoint, or as a page."""
    error = too_many()
    if not hasattr(view, "problem"):
        return refusal_page(request, error)
    log_refusal(request, error)
    response: HttpResponse = view.problem(error)
    return response
