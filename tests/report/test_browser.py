"""The page in a real browser: no errors, no request, and a timeline that reacts."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from mespot.report.results_page import write_results_page
from mespot.report.video import timeline
from tests.report.browser import browser
from tests.report.conftest import NASTY, PAGE
from tests.report.test_results_page import results  # noqa: F401 - a fixture

pytestmark = pytest.mark.slow

RANGE = "return document.getElementById('timeline').layout.xaxis.range.map(Number)"
FACE = "return document.getElementById('face').dataset.time"
PLOT = """const box = document.querySelector('#timeline .nsewdrag').getBoundingClientRect();
return [box.left, box.top, box.width, box.height]"""


def until(condition, seconds=20.0):
    """Wait for a condition of the page."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    return tmp_path_factory.mktemp("chromium")


def test_the_timeline_reacts_and_nothing_is_loaded(tmp_path, profile, results, view):  # noqa: F811
    other = timeline(replace(view, name="second"), 12.0, 0.5, PAGE)
    results = replace(results, timelines=[*results.timelines, other])
    write_results_page(tmp_path / "report.html", results, lambda _: view, PAGE, NASTY)
    with browser(profile) as driver:
        from selenium.webdriver import ActionChains

        run = driver.execute_script
        driver.get((tmp_path / "report.html").as_uri())
        assert until(lambda: run("return document.body.dataset.ready") == "yes")

        # charts are drawn when they are scrolled to
        run("document.getElementById('search').scrollIntoView()")
        assert until(lambda: run("return document.querySelectorAll('#search .main-svg').length"))

        # the face under the pointer
        run("document.getElementById('timelines').scrollIntoView({behavior: 'instant'})")
        left, top, width, height = run(PLOT)

        def move(share):
            origin = (round(left + share * width), round(top + height / 2))
            actions = ActionChains(driver, duration=0)
            actions.w3c_actions.pointer_action.move_to_location(*origin)
            actions.perform()

        for share in (0.45, 0.8):
            move(share)
            assert until(lambda share=share: abs(float(run(FACE)) - 10 * share) < 0.35), run(FACE)
        facts = run("return document.getElementById('facts').textContent")
        assert "frame239" in facts.replace(" ", "") or "frame240" in facts.replace(" ", "")
        assert "px" in run("return document.getElementById('face').style.backgroundPosition")

        # zoom: by button, by wheel, and back
        run("document.getElementById('whole').click()")
        assert until(lambda: run(RANGE) == [0, 10])
        move(0.1)
        run("document.getElementById('later').click()")
        assert until(lambda: run(RANGE)[1] - run(RANGE)[0] < 5)
        zoomed = run(RANGE)
        actions = ActionChains(driver)
        actions.w3c_actions.wheel_action.scroll(
            round(left + width / 2), round(top + height / 2), 0, -200, 0, "viewport"
        )
        actions.perform()
        assert until(lambda: run(RANGE)[1] - run(RANGE)[0] < zoomed[1] - zoomed[0]), run(RANGE)
        run("document.getElementById('whole').click()")
        assert until(lambda: run(RANGE) == [0, 10])

        # from a card of the gallery to its place
        run("document.querySelector('.card.hit').click()")
        assert until(lambda: run(RANGE)[0] > 2.5 and run(RANGE)[1] < 6.5), run(RANGE)
        assert "fused: macro 0.90" in run("return document.getElementById('facts').textContent")

        # another video, another branch of the gallery
        run("document.getElementById('next').click()")
        assert until(lambda: run(RANGE) == [0, 10])
        run("document.querySelectorAll('.tabs button')[2].click()")
        assert run("return document.querySelector('[data-tab=flow].tab-body').hidden") is False

        assert [entry for entry in driver.get_log("browser")] == []
        assert requests_of(driver) == set()


def requests_of(driver):
    """Addresses outside this machine that the page asked for."""
    found = set()
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            found.add(message["params"]["request"]["url"])
    return {url for url in found if url.split(":")[0] in ("http", "https", "ws", "wss")}
