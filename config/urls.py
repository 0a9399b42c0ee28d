"""Every path of the project."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from config import health
from config.home import HomePage
from config.outbox import outbox, outbox_html, outbox_text
from portcullis.api import NoSuchEndpoint
from tokens.api.views import JwksView

api: list[URLPattern | URLResolver] = [
    path("", include("accounts.api.urls")),
    path("", include("tokens.api.urls")),
    path("", include("rbac.api.urls")),
    path("schema", SpectacularJSONAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    re_path(r"", NoSuchEndpoint.as_view()),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include(api)),
    path(".well-known/jwks.json", JwksView.as_view()),
    path("accounts/", include("accounts.pages.urls")),
    path("accounts/", include("tokens.pages.urls")),
    path("admin/", admin.site.urls),
    path("", HomePage.as_view(), name="home"),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]

if settings.DEBUG:
    urlpatterns += [
        path("outbox/", outbox, name="outbox"),
        path("outbox/<str:name>.txt", outbox_text, name="outbox-text"),
        path("outbox/<str:name>.html", outbox_html, name="outbox-html"),
    ]
