"""Refuses early who would be refused admission to hashing: before anything is read or looked up."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import Resolver404, resolve

from accounts.admission import admitted, in_line, is_full, too_many
from portcullis.errors import Unavailable
from portcullis.pages import refusal_page
from portcullis.problems import log_refusal, without_alarm

REFUSED = "accounts.refused"
"""In the environ of a server that asks what to answer whom it refuses."""


class AdmissionMiddleware:
    """Answers for the views that `accounts.admission.hashes_passwords` marks, at a fraction of what
    a refusal by their flow costs. Stands below the middleware that sets the headers of security
    and CORS, so that the refusal has them, and above all that reads a body or a row.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = view_of(request.path_info) if request.method == "POST" else None
        if not getattr(view, "hashes_passwords", False):
            return self.get_response(request)
        ready = not is_full() and _is_whole(request)
        wait = admitted if ready and getattr(view, "hashes_first", False) else in_line
        try:
            if REFUSED in request.META:
                raise too_many()
            with wait():
                return self.get_response(request)
        except Unavailable as error:  # of the gate: what views raise is an answer by now
            response = _refuse(request, view, error)
            without_alarm(response)
            return response


def _is_whole(request: HttpRequest) -> bool:
    """Its body is there: who sends one slowly keeps nobody from a place or a slot."""
    try:
        return request.body is not None
    except (RequestDataTooBig, UnreadablePostError):
        return False


def view_of(path: str) -> Any:
    """The view that serves `path`, or its class if it has one."""
    try:
        view = resolve(path).func
    except Resolver404:
        return None
    return getattr(view, "view_class", view)


def _refuse(request: HttpRequest, view: Any, error: Unavailable) -> HttpResponse:
    """In the shape of a JSON endpoint, or as a page."""
    if not hasattr(view, "problem"):
        return refusal_page(request, error)
    log_refusal(request, error)
    response: HttpResponse = view.problem(error)
    return response
