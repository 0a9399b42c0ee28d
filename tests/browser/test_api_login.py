"""A page whose script logs in by the API opens the very session that pages use."""

from playwright.sync_api import expect

LOG_IN = """
async ([email, password]) => {
  const { csrf_token } = await (await fetch("/api/auth/csrf")).json();
  const answer = await fetch("/api/auth/login", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf_token },
    body: JSON.stringify({ email, password }),
  });
  return [answer.status, await answer.json()];
}
"""


def test_who_logs_in_by_the_api_is_logged_in_on_the_pages_by_one_session(someone):
    ada = someone()
    ada.get_account()
    ada.open("/accounts/login/")
    status, answer = ada.page.evaluate(LOG_IN, [ada.email, ada.password])
    assert (status, answer["user"]["email"]) == (200, ada.email)
    assert "access" not in answer

    ada.is_logged_in()
    ada.open("/accounts/sessions/")
    rows = ada.page.get_by_role("main").get_by_role("listitem")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("this device")

    ada.log_out()
    assert ada.context.request.get(f"{ada.site.url}/api/users/profile").status == 401


def test_who_logs_in_on_the_page_is_logged_in_at_the_api(member):
    profile = member.context.request.get(f"{member.site.url}/api/users/profile")
    assert (profile.status, profile.json()["email"]) == (200, member.email)
