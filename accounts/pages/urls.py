"""Pages of accounts, below /accounts/."""

from django.urls import path

from accounts.pages import views

app_name = "accounts"
urlpatterns = [
    path("login/", views.LoginPage.as_view(), name="login"),
    path("logout/", views.LogoutPage.as_view(), name="logout"),
    path("register/", views.RegisterPage.as_view(), name="register"),
    path("verify-email/", views.verify_email_page, name="verify-email"),
    path("password/reset/", views.ResetRequestPage.as_view(), name="password-reset"),
    path("password/reset/confirm/", views.ResetPage.as_view(), name="password-reset-confirm"),
    path("password/change/", views.ChangePasswordPage.as_view(), name="password-change"),
    path("reauthenticate/", views.ReauthenticatePage.as_view(), name="reauthenticate"),
    path("mfa/challenge/", views.ChallengePage.as_view(), name="challenge"),
    path("profile/", views.ProfilePage.as_view(), name="profile"),
]
