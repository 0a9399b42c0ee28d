"""Pages of accounts, below /accounts/."""

from django.urls import path

from accounts.pages import closing, email, registration, views
from accounts.pages.not_me import NotMePage

app_name = "accounts"
urlpatterns = [
    path("login/", views.LoginPage.as_view(), name="login"),
    path("logout/", views.LogoutPage.as_view(), name="logout"),
    path("register/", registration.register_page, name="register"),
    path("verify-email/", registration.verify_email_page, name="verify-email"),
    path("password/reset/", views.ResetRequestPage.as_view(), name="password-reset"),
    path("password/reset/confirm/", views.ResetPage.as_view(), name="password-reset-confirm"),
    path("password/change/", views.ChangePasswordPage.as_view(), name="password-change"),
    path("email/change/", email.ChangeEmailPage.as_view(), name="email-change"),
    path("email/confirm/", email.ConfirmEmailPage.as_view(), name="email-confirm"),
    path("email/undo/", email.UndoEmailPage.as_view(), name="email-undo"),
    path("reauthenticate/", views.ReauthenticatePage.as_view(), name="reauthenticate"),
    path("not-me/", NotMePage.as_view(), name="not-me"),
    path("mfa/challenge/", views.ChallengePage.as_view(), name="challenge"),
    path("profile/", views.ProfilePage.as_view(), name="profile"),
    path("profile/export/", closing.ExportPage.as_view(), name="export"),
    path("close/", closing.ClosePage.as_view(), name="close"),
    path("reopen/", closing.ReopenPage.as_view(), name="reopen"),
]
