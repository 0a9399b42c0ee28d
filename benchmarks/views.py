"""The trivial view, open and authenticated, and the trivial page that both sides serve."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.holders import CODE
from portcullis.permissions import HasPermission


class Trivial(APIView):
    def get(self, request: Request) -> Response:
        return Response({"ok": True})


@login_required
def somebodys_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user.pk))


class Approval(Trivial):
    """For who has a permission, as a role or a group gives it."""

    permission_classes = (HasPermission(CODE),)


def urls(authentication: type[BaseAuthentication]) -> list[URLPattern]:
    return [
        path("page", somebodys_page),
        path("permitted", Approval.as_view(authentication_classes=[authentication])),
        path("bare", Trivial.as_view(authentication_classes=[])),
        path(
            "authenticated",
            Trivial.as_view(
                authentication_classes=[authentication], permission_classes=[IsAuthenticated]
            ),
        ),
    ]
