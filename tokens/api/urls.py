"""Paths below /api/ that belong to tokens."""

from django.urls import path

from tokens.api import token_views, views

urlpatterns = [
    path("auth/refresh", views.RefreshView.as_view()),
    path("auth/logout", views.LogoutView.as_view()),
    path("auth/token/verify", token_views.VerifyView.as_view()),
    path("auth/token/introspect", token_views.IntrospectView.as_view()),
    path("auth/token/revoke", token_views.RevokeView.as_view()),
    path("auth/sessions", views.SessionsView.as_view()),
    path("auth/sessions/<uuid:session_id>", views.SessionView.as_view()),
    path("users/<uuid:user_id>/sessions", views.UserSessionsView.as_view()),
]
