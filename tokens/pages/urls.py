"""Pages of tokens, below /accounts/."""

from django.urls import path

from tokens.pages import views

app_name = "tokens"
urlpatterns = [
    path("sessions/", views.SessionsPage.as_view(), name="sessions"),
]
