"""A project with pages of its own, which say whom Django takes their visitor for."""

from asgiref.sync import async_to_sync
from django.http import HttpRequest, JsonResponse
from django.urls import path

from config import urls


def whoami(request: HttpRequest) -> JsonResponse:
    awaited = async_to_sync(request.auser)()
    row = request.login_session
    return JsonResponse(
        {
            "user": request.user.email if request.user.is_authenticated else None,
            "awaited": awaited.email if awaited.is_authenticated else None,
            "session": str(row.pk) if row else None,
            "key": request.session.session_key,
        }
    )


def greeting(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"hello": request.user.get_username()})


urlpatterns = [*urls.urlpatterns, path("whoami", whoami), path("greeting", greeting)]
