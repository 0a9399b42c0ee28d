"""A Django service that believes access tokens of Portcullis. It holds only the public keys: no
database, no user model, none of the apps."""

# ruff: noqa: E402  (in a single file, the settings come before what reads them)

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.urls import path

ISSUER = os.environ["ISSUER"]

settings.configure(
    ALLOWED_HOSTS=os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1").split(","),
    ROOT_URLCONF=__name__,
    PORTCULLIS_VERIFIER={"ISSUER": ISSUER, "AUDIENCE": os.environ.get("AUDIENCE", ISSUER)},
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["tokens.stateless.StatelessTokenAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "EXCEPTION_HANDLER": "portcullis.problems.handle",  # errors look as the issuer's do
        "UNAUTHENTICATED_USER": None,  # DRF's would want django.contrib.auth
    },
)

from django.core.wsgi import get_wsgi_application
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Me(APIView):
    def get(self, request: Request) -> Response:
        return Response({"sub": request.user.id, "roles": request.user.roles})


urlpatterns = [path("me", Me.as_view())]
application = get_wsgi_application()  # gunicorn service:application

if __name__ == "__main__":
    port = os.environ.get("PORT", "8004")
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", port])
