"""Paths below /api/ that belong to accounts."""

from django.urls import path

from accounts.api import email, invitations, profile, views

urlpatterns = [
    path("auth/csrf", views.CsrfView.as_view()),
    path("auth/register", views.RegisterView.as_view()),
    path("auth/verify-email", views.VerifyEmailView.as_view()),
    path("auth/resend-verification", views.ResendVerificationView.as_view()),
    path("auth/login", views.LoginView.as_view()),
    path("auth/forgot-password", views.ForgotPasswordView.as_view()),
    path("auth/reset-password", views.ResetPasswordView.as_view()),
    path("auth/change-password", views.ChangePasswordView.as_view()),
    path("auth/set-password", views.SetPasswordView.as_view()),
    path("auth/change-email", email.ChangeEmailView.as_view()),
    path("auth/confirm-email-change", email.ConfirmEmailChangeView.as_view()),
    path("auth/undo-email-change", email.UndoEmailChangeView.as_view()),
    path("auth/reauthenticate", views.ReauthenticateView.as_view()),
    path("auth/reopen", profile.ReopenView.as_view()),
    path("invitations", invitations.InvitationsView.as_view()),
    path("users/profile", profile.ProfileView.as_view()),
    path("users/profile/export", profile.ExportView.as_view()),
]
