"""The report in a real browser: it draws, answers to pointer and keyboard, asks for nothing, and fits every width."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deckgen.workflows.report.study import report

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        yield (browser := driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]))
        browser.close()


@pytest.fixture(scope="module")
def path(analysed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a study, to whose results a melting temperature is added: so short a one has none."""
    study = Path(shutil.copytree(analysed, tmp_path_factory.mktemp("browser") / "whole", symlinks=True))
    results = study / "results" / "thermodynamics.json"
    unknown = ("peak_over_c0_ci95", "fwhm_K", "fwhm_ci95_K", "latent_heat_eV", "latent_heat_ci95_eV")
    melting = {"temperature_K": 231.24, "ci95_K": [220.0, 240.5], "peak_over_c0": 1.5, "at_edge": False}
    results.write_text(json.dumps(json.loads(results.read_text()) | {"melting": dict.fromkeys(unknown) | melting}))
    return report(study)


@pytest.fixture
def page(browser: playwright.Browser, path: Path) -> Iterator[playwright.Page]:
    """The report, open; afterwards: nothing went wrong, and nothing was asked for."""
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    errors, requests = [], []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    yield page
    assert errors == []
    assert [url for url in requests if not url.startswith(("data:", "blob:"))] == [path.as_uri()]
    page.close()


@pytest.mark.parametrize("width", [320, 1000, 3840])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_as_wide_as_the_window(page: playwright.Page, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    plots = page.locator("figure.live svg")
    assert plots.count() >= 6
    for k in range(plots.count()):
        box = plots.nth(k).bounding_box()
        assert box["width"] >= 0.5 * min(width, 400)
    if width == 1000:  # the table of temperatures does not scroll either
        assert page.evaluate(
            "[...document.querySelectorAll('.table')].every((one) => one.scrollWidth <= one.clientWidth)"
        )


def test_values_are_read_by_pointer_and_keyboard(page: playwright.Page) -> None:
    figure = page.locator('[data-chart="heat_capacity"]')
    plot, words = figure.locator("svg"), figure.locator(".reading")
    plot.hover()
    assert re.search(r"Temperature \d+.* K; MBAR, 95 % band: [\d.]+ \([\d.]+ to [\d.]+\)", words.inner_text())
    plot.focus()
    page.keyboard.press("Home")
    before = words.inner_text()
    page.keyboard.press("ArrowRight")
    assert words.inner_text() != before
    key = figure.locator(".key", has_text="fluctuations")
    assert figure.locator("svg g.black circle.dot").count() == 5  # rungs
    key.click()
    assert key.get_attribute("aria-pressed") == "false"
    assert figure.locator("svg g.black circle.dot").count() == 0


def test_the_line_at_the_melting_temperature_is_named(page: playwright.Page) -> None:
    figure = page.locator('[data-chart="heat_capacity"]')
    assert figure.locator("svg line.mark").count() == 1
    assert figure.locator(".legend span").all_inner_texts() == ["melting at 231.2 K (220.0 to 240.5 K)"]
    assert page.locator('[data-chart="energy_histograms"] .legend span').count() == 0  # over energies: no line


def test_dragging_enlarges_and_escape_goes_back(page: playwright.Page) -> None:
    figure = page.locator('[data-chart="heat_capacity"]')
    plot, whole = figure.locator("svg"), figure.locator(".reset")
    ticks = lambda: figure.locator("svg text.tick").all_inner_texts()  # noqa: E731
    first = ticks()
    assert whole.is_hidden()
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    y = box["y"] + box["height"] / 3
    page.mouse.move(box["x"] + 0.4 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], y, steps=4)
    page.mouse.up()
    assert ticks() != first
    assert whole.is_visible()
    plot.focus()
    page.keyboard.press("Escape")
    assert ticks() == first
    page.keyboard.press("+")
    assert ticks() != first


def test_on_paper_the_pictures_stand_in_place_of_the_script(page: playwright.Page) -> None:
    figure = page.locator('[data-chart="heat_capacity"]')
    assert figure.locator("img").is_hidden()
    page.emulate_media(media="print")
    assert figure.locator("img").is_visible()
    assert figure.locator("svg").is_hidden()


def test_the_run_plays_and_atoms_are_measured_and_saved(page: playwright.Page, tmp_path: Path) -> None:
    canvas, words = page.locator("#isomer-canvas"), page.locator("#isomer-words")
    page.locator("#isomer-time").fill("3")
    assert " atoms, " in words.inner_text()
    canvas.focus()
    for _ in range(3):
        page.keyboard.press("n")
        page.keyboard.press("Enter")
    found = re.search(r"Distance Na1–Na2: ([\d.]+) Å. Angle Na1–Na2–Na3: ([\d.]+)°", words.inner_text())
    assert found is not None
    with page.expect_download() as download:
        page.locator("#isomer-download").click()
    download.value.save_as(tmp_path / "shown.xyz")
    from ase.io import read

    atoms = read(tmp_path / "shown.xyz")
    assert atoms.get_distance(0, 1) == pytest.approx(float(found[1]), abs=0.006)
    assert atoms.get_angle(0, 1, 2) == pytest.approx(float(found[2]), abs=0.06)
    before = canvas.screenshot()
    page.mouse.move(*(centre := _centre(canvas)))
    page.mouse.down()
    page.mouse.move(centre[0] + 60, centre[1] + 30, steps=3)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert canvas.screenshot() != before
    page.locator("#isomer-play").click()
    playing = words.inner_text()
    page.wait_for_function("(said) => document.getElementById('isomer-words').innerText !== said", arg=playing)
    page.locator("#isomer-play").click()


def _centre(canvas: playwright.Locator) -> tuple[float, float]:
    box = canvas.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
