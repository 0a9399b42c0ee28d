"""SimpleJWT itself, rotating and blacklisting, in a project that has never heard of ours.

Run as a process of its own, since SimpleJWT reads its settings when it is imported. Prints what
its views answer to the story; with arguments it is the project's `manage.py`.
"""

import json
import os
import sys

import django
from django.conf import settings
from django.core.management import call_command, execute_from_command_line
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["OLD_DATABASE"]}
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework_simplejwt.token_blacklist",
    ],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "rest_framework_simplejwt.authentication.JWTAuthentication"
        ],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    ROOT_URLCONF=__name__,
    SECRET_KEY="a-secret-key-of-the-other-project-0123456789-abcdefghijklmnop",
    SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True},
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_simplejwt import views  # noqa: E402

from tests.accounts.simplejwt_client import (  # noqa: E402
    EMAIL,
    INACTIVE,
    PASSWORD,
    TokenClient,
    story,
)


class Hello(APIView):
    def get(self, request):
        return Response({"hello": str(request.user)})


urlpatterns = [
    path("api/hello", Hello.as_view()),
    path("api/token/", views.token_obtain_pair),
    path("api/token/refresh/", views.token_refresh),
    path("api/token/verify/", views.token_verify),
    path("api/token/blacklist/", views.token_blacklist),
]


def play() -> None:
    call_command("migrate", verbosity=0)
    User.objects.create_user(EMAIL, password=PASSWORD)
    User.objects.create_user(INACTIVE, password=PASSWORD, is_active=False)
    print(json.dumps(story(TokenClient())))


if __name__ == "__main__":
    execute_from_command_line(sys.argv) if sys.argv[1:] else play()
