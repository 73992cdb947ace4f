"""Pages in a real browser, without a network: Chromium, if it is installed."""

import shutil

import pytest
from pages import page_of_claims, page_of_port, page_of_run, page_of_training

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: it drives the browser"
)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed"),
    pytest.mark.xdist_group("browser"),
]
PHONE, SCREEN = {"width": 360, "height": 740}, {"width": 1400, "height": 900}
KINDS = ("run", "training", "claims", "port", "port with twin")
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def addresses(tmp_path_factory):
    """The address of a page of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    texts = {
        "run": page_of_run(),
        "training": page_of_training(),
        "claims": page_of_claims(),
        "port": page_of_port(folder),
        "port with twin": page_of_port(folder, twin=True),
    }
    by_kind = {}
    for kind, text in texts.items():
        file = folder / f"{kind}.html"
        file.write_text(text, encoding="utf-8")
        by_kind[kind] = file.as_uri()
    return by_kind


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as driver:
        # As root, which CI may be, Chromium has no sandbox; the pages are our own.
        opened = driver.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser, addresses):
    """Opens a page; what it complains of is in its `complaints`."""
    contexts = []

    def opened(kind, size=SCREEN, scheme="light"):
        context = browser.new_context(viewport=size, color_scheme=scheme, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda asked: page.complaints.append(asked.url))
        page.goto(addresses[kind])
        return page

    yield opened
    for context in contexts:
        context.close()


def width_beyond(page):
    """By how many pixels a page is wider than what shows it."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def open_all(page):
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


@pytest.mark.parametrize("kind", KINDS)
def test_the_console_is_silent_and_nothing_is_loaded(open_page, kind):
    page = open_page(kind)

    loaded = [text for text in page.complaints if not text.startswith("data:")]
    assert loaded == [page.url]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_and_so_contrast_is_4_5_or_more(open_page, kind, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page(kind, scheme=scheme)
    open_all(page)
    stage = page.locator(".stage > button").first
    if stage.count():
        stage.focus()

    found = axe.run(page)

    assert found.violations_count == 0, found.generate_report()
    passed = {rule["id"] for rule in found.response["passes"]}
    assert "color-contrast" in passed


@pytest.mark.parametrize("kind", ["run", "port"])
def test_the_keyboard_reaches_every_stage_and_shows_its_figures(open_page, kind):
    page = open_page(kind)
    stages = page.locator(".stage > button").count()
    shown = set()
    for _ in range(stages + 20):  # links and what can be opened have the focus as well
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.getAttribute('aria-describedby')")
        if name:
            figures = page.locator(f"#{name}")
            assert figures.is_visible()
            assert "gap in float64" in figures.inner_text()
            shown.add(name)

    assert len(shown) == stages > 0


def test_figures_hide_when_the_focus_goes(open_page):
    page = open_page("run")
    page.locator(".stage > button").first.focus()
    assert page.locator(".more:visible").count() == 1

    page.locator("summary").first.focus()

    assert page.locator(".more:visible").count() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wider_than_a_phone(open_page, kind):
    page = open_page(kind, PHONE)
    open_all(page)
    assert width_beyond(page) <= 0
    for stage in page.locator(".stage > button").all():
        stage.focus()
        assert width_beyond(page) <= 0


def test_on_a_phone_no_line_of_either_source_that_differs_is_hidden(open_page):
    page = open_page("run", PHONE)

    for text in ("return self.head(h[:, -1])", "return self.head(h[:, 0])"):
        assert page.get_by_text(text, exact=False).first.is_visible()


@pytest.mark.parametrize("kind", KINDS)
def test_it_prints_in_dark_ink_though_the_screen_is_dark(open_page, kind):
    page = open_page(kind, scheme="dark")

    page.emulate_media(media="print")

    soft = page.locator(".soft, dt, th").first
    colour = soft.evaluate("element => getComputedStyle(element).color")
    ink = page.evaluate("getComputedStyle(document.body).color")
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ink, back) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)")
    assert colour == "rgb(77, 86, 97)"
    assert page.pdf().startswith(b"%PDF")
