"""Paths below /api/ that belong to tokens."""

from django.urls import path

from tokens.api import views

urlpatterns = [
    path("auth/refresh", views.RefreshView.as_view()),
    path("auth/logout", views.LogoutView.as_view()),
    path("auth/sessions", views.SessionsView.as_view()),
    path("auth/sessions/<uuid:session_id>", views.SessionView.as_view()),
]
