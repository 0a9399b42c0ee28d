"""Paths below /api/ that belong to roles."""

from django.urls import path

from rbac.api import views

urlpatterns = [
    path("rbac/roles", views.RolesView.as_view()),
    path("rbac/roles/<slug:slug>", views.RoleView.as_view()),
    path("rbac/permissions", views.PermissionsView.as_view()),
    path("rbac/explain", views.ExplainView.as_view()),
    path("users/<uuid:user_id>/roles", views.UserRolesView.as_view()),
    path("users/<uuid:user_id>/roles/<slug:slug>", views.UserRoleView.as_view()),
]
