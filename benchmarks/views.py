"""The trivial view, open and authenticated, that both sides serve."""

from django.urls import URLPattern, path
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Trivial(APIView):
    def get(self, request: Request) -> Response:
        return Response({"ok": True})


def urls(authentication: type[BaseAuthentication]) -> list[URLPattern]:
    return [
        path("bare", Trivial.as_view(authentication_classes=[])),
        path(
            "authenticated",
            Trivial.as_view(
                authentication_classes=[authentication], permission_classes=[IsAuthenticated]
            ),
        ),
    ]
