"""Staff enter the admin by the login page that everybody uses; nobody else does."""

from playwright.sync_api import expect


def test_staff_log_in_through_the_same_page_and_see_the_users(staff, member):
    staff.open("/admin/")
    staff.is_at("/accounts/login/?next=/admin/")
    staff.fill(email_address=staff.email, password=staff.password)
    staff.press("Log in")
    staff.is_at("/admin/")

    staff.page.get_by_role("link", name="Users", exact=True).click()
    expect(staff.page.get_by_role("link", name=member.email)).to_be_visible()
    expect(staff.page.get_by_role("link", name=staff.email)).to_be_visible()


def test_staff_find_the_admin_in_their_menu_and_others_do_not(staff, member):
    staff.log_in()
    staff.page.get_by_role("link", name="Admin", exact=True).click()
    staff.is_at("/admin/")
    expect(member.page.get_by_role("link", name="Admin", exact=True)).to_have_count(0)


def test_whoever_is_not_staff_is_refused(member):
    for path in ("/admin/", "/admin/accounts/user/"):
        answer = member.open(path)
        assert answer.status == 403
        expect(member.page.get_by_role("heading", name="Not allowed")).to_be_visible()


def test_leaving_the_admin_ends_the_session(staff):
    staff.log_in()
    staff.open("/admin/")
    staff.page.get_by_role("button", name="Log out").click()
    expect(staff.page.get_by_role("heading", name="Log in")).to_be_visible()
    staff.is_logged_out()
