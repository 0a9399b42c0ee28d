"""The page at the root: where a visitor of the ready-to-run project begins."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html", {"debug": settings.DEBUG})
