"""The live page in a real Chromium: values, choices, and what it says when something is wrong."""

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.async_api import APIResponse, Page, Route, expect

from metrics import instant
from metrics.update import Update
from tests.browser.conftest import PATIENCE_MS, Desk, Open, again
from tests.service.press import update
from tests.service.worker import Site, Worker

pytestmark = pytest.mark.timeout(300)
expect.set_options(timeout=PATIENCE_MS)
MINUTE = 60_000
MINUS = "\u2212"
FRANCE = {"region": "fr"}
HEARING = """() => {
  let heard = 0;
  const count = () => { document.body.dataset.heard = heard += 1; };
  window.EventSource = class extends EventSource {
    constructor(address) {
      super(address);
      for (const kind of ["message", "removed"]) this.addEventListener(kind, count);
    }
  };
}"""  # counts what the page's next connections bring


def card(page: Page, metric: str) -> Any:
    """The card of a metric."""
    return page.locator(f".card[data-metric={metric}]")


def cities(count: int) -> list[Update]:
    """Many segments, the last the worst."""
    return [
        update(
            window="1h",
            segment={"region": f"city {number:05}"},
            value=50.0 - number / 1000,
            margin=0.5,
            change=-number / 1000,
            previous=50.0,
        )
        for number in range(count)
    ]


async def test_without_values_it_says_what_it_waits_for(look: Open, site: Site) -> None:
    """The first thing that is seen of a new installation."""
    page = await look()
    await expect(page.locator("#empty-title")).to_have_text("Nothing in the last 24 hours yet")
    await expect(page.locator("#empty-words")).to_contain_text(
        f"arrive on {site.source('survey_answers')} and {site.source('ticket_closures')}"
    )
    await expect(page.locator("#link-words")).to_have_text("Live")
    await expect(page.locator("#metrics")).to_be_hidden()


async def test_values_change_by_themselves(look: Open, desk: Desk) -> None:
    """Value, margin, n, change, line and status follow what is published, without a reload."""
    first = update(value=34.0, margin=14.77, n=100, previous=37.5, change=-3.5, target=40)
    await desk.put(first)
    page = await look()
    nps = card(page, "nps")
    await expect(nps.locator(".value")).to_have_text("34.0")
    await expect(nps.locator(".margin")).to_have_text("\u00b1\u202f14.8")
    await expect(nps.locator(".samples")).to_have_text("100 answers, target 40.0")
    await expect(nps.locator(".change")).to_have_text(
        f"\u25bc {MINUS}3.5 on the 24 hours before, within the margin"
    )
    await expect(page.locator("#lede")).to_have_text("Nothing changed beyond its margin of error.")
    await page.evaluate("window.kept = true")
    await desk.put(
        update(value=12.0, margin=4.0, n=101, previous=37.5, change=-25.5),
        update("aht", value=220.0, margin=20.0, n=2_000, previous=260.0, change=-40.0),
        update("csat", value=0.5, margin=0.4, n=3, status="thin"),
    )
    await expect(nps.locator(".value")).to_have_text("12.0")
    await expect(nps.locator(".change")).to_contain_text("worse")
    await expect(nps.locator(".change")).to_have_attribute("data-way", "worse")
    await expect(card(page, "aht").locator(".value")).to_have_text("3 min 40 s")
    await expect(card(page, "aht").locator(".change")).to_contain_text(f"{MINUS}40 s")
    await expect(card(page, "aht").locator(".change")).to_have_attribute("data-way", "better")
    await expect(card(page, "csat").locator(".note")).to_have_text("Thin: below 30")
    await expect(page.locator("#lede")).to_have_text("Net promoter score got worse.")
    line = await nps.locator(".line .stroke").get_attribute("d")
    assert line.count("V") == 1  # one step, from the first value to the second
    await desk.take_back([first])
    await expect(nps.locator(".change")).to_have_text("No value yet")
    assert await page.evaluate("window.kept")


async def test_what_is_stale_is_said(look: Open, desk: Desk) -> None:
    """By the status of a value, and by its age when nobody refreshes it."""
    old = instant.format(time.time_ns() // MINUTE * MINUTE // 1_000_000 - 8 * MINUTE)
    await desk.put(update(status="stale"), update("csat", value=0.5, as_of=old))
    page = await look()
    await expect(card(page, "nps").locator(".note")).to_have_text("Stale: input waits")
    await expect(card(page, "csat").locator(".note")).to_contain_text("min old")
    await expect(page.locator("#link-words")).to_have_text("Stale")
    await expect(page.locator("#banner")).to_contain_text("Input is waiting")


async def test_a_lost_worker_is_said_and_what_was_missed_is_caught_up(
    look: Open, desk: Desk, site: Site, worker: Worker
) -> None:
    """The last values stay, dimmed, with their time; the page comes back by itself."""
    gone = update("csat", value=0.5)
    await desk.put(update(value=34.0), gone)
    page = await look()
    await expect(card(page, "nps").locator(".value")).to_have_text("34.0")
    await page.evaluate("window.kept = true")
    page.watch.lost_line = True  # type: ignore[attr-defined]
    worker.kill()
    await expect(page.locator("#link-words")).to_have_text("Disconnected")
    await expect(page.locator("#banner")).to_contain_text("What is shown is from")
    await expect(page.locator("#banner-retry")).to_be_visible()
    await expect(card(page, "nps").locator(".value")).to_have_text("34.0")
    await desk.put(update(value=51.0), update(window="day:2026-11-21"))
    await desk.take_back([gone])
    await asyncio.to_thread(again, site, worker)
    await expect(page.locator("#link-words")).to_have_text("Live")
    await expect(page.locator("#banner")).to_be_hidden()
    await expect(card(page, "nps").locator(".value")).to_have_text("51.0")
    await expect(card(page, "csat").locator(".change")).to_have_text("No value yet")
    await desk.put(update(value=52.0))
    await expect(card(page, "nps").locator(".value")).to_have_text("52.0")
    await expect(page.locator("#closed-pick option[value='day:2026-11-21']")).to_have_count(1)
    assert await page.evaluate("window.kept")


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({"dimensions": ["product"], "groupings": [[], ["product"]]}, "All customers"),
        ({"metrics": {"csat": {"enabled": False}}}, "fr"),
    ],
    ids=["what is asked for is gone", "another list of metrics"],
)
async def test_a_worker_that_is_told_something_else_gets_a_page_that_fits(
    look: Open, site: Site, worker: Worker, changes: dict[str, Any], about: str
) -> None:
    """The page loads anew, and keeps of what was chosen what there still is."""
    page = await look("#" + urlencode({"window": "1h", "segment": json.dumps(FRANCE)}))
    await expect(page.locator("#about")).to_have_text("fr, the last hour")
    await page.evaluate("document.body.dataset.old = true")
    page.watch.lost_line = True  # type: ignore[attr-defined]
    worker.kill()
    await expect(page.locator("#link-words")).to_have_text("Disconnected")
    changed = await asyncio.to_thread(again, site, worker, **changes)
    try:
        await page.wait_for_selector("body:not([data-old])")
        await expect(page.locator("#link-words")).to_have_text("Live")
        await expect(page.locator("#about")).to_have_text(f"{about}, the last hour")
        await expect(card(page, "csat")).to_have_count(0 if "metrics" in changes else 1)
    finally:
        changed.kill()


async def test_what_comes_before_the_values_is_put_over_them(look: Open, desk: Desk) -> None:
    """An answer that is late neither hides what is newer nor brings back what is gone."""
    gone = update("csat", "1h", value=0.5)
    await desk.put(update(window="1h", value=34.0), gone)
    page = await look("#window=1h")
    await expect(card(page, "nps").locator(".value")).to_have_text("34.0")
    await expect(card(page, "csat").locator(".value")).to_have_text("50.0 %")
    await page.evaluate(HEARING)
    held: asyncio.Future[tuple[Route, APIResponse]] = asyncio.Future()

    async def hold(route: Route) -> None:
        held.set_result((route, await route.fetch()))

    await page.locator("#windows input[value='1h']").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#empty-title")).to_have_text("Nothing in the last 24 hours yet")
    await page.route("**/api/values*", hold)
    await page.keyboard.press("ArrowLeft")
    route, answer = await held
    assert {one["metric"] for one in await answer.json()} == {"nps", "csat"}
    await desk.put(update(window="1h", value=12.0), update("aht", "1h", value=220.0))
    await desk.take_back([gone])
    await page.wait_for_selector("body[data-heard='3']")
    await route.fulfill(response=answer)
    await expect(card(page, "nps").locator(".value")).to_have_text("12.0")
    await expect(card(page, "aht").locator(".value")).to_have_text("3 min 40 s")
    await expect(card(page, "csat").locator(".change")).to_have_text("No value yet")


async def test_ten_thousand_segments_stay_usable(look: Open, desk: Desk) -> None:
    """Searched and ranked by the worker: few nodes, a quick list, the worst first."""
    await desk.put(update(window="1h"), *cities(10_000))
    page = await look("#window=1h")
    await expect(page.locator("#ranking-count")).to_contain_text("10 of 10,000 segments")
    await expect(page.locator("#ranking-rows tr").first).to_contain_text("city 09999")
    await page.keyboard.press("/")
    await expect(page.locator("#segment-hint")).to_contain_text("50 of 10,001")
    began = time.monotonic()
    await page.keyboard.type("08123")
    await expect(page.locator("#segment-list li")).to_have_count(1)
    assert time.monotonic() - began < 10  # a loaded machine; alone it is a fraction of a second
    await page.keyboard.press("Enter")
    await expect(page.locator("#about")).to_have_text("city 08123, the last hour")
    await expect(card(page, "nps").locator(".value")).to_have_text("41.9")
    assert await page.evaluate("document.querySelectorAll('*').length") < 1_500


async def test_a_segment_and_a_window_are_chosen_by_keyboard(look: Open, desk: Desk) -> None:
    """The address follows, so a view can be shared and opened again."""
    await desk.put(
        update(value=1.0),
        update(value=2.0, segment=FRANCE),
        update(window="1h", value=3.0, segment=FRANCE),
    )
    page = await look()
    await expect(card(page, "nps").locator(".value")).to_have_text("1.0")
    await page.keyboard.press("/")
    await expect(page.locator("#segment-list li")).to_have_count(2)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(card(page, "nps").locator(".value")).to_have_text("2.0")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert await page.evaluate(outline) == "solid"
    await page.locator("#windows input[value='24h']").focus()
    await page.keyboard.press("ArrowLeft")
    await expect(card(page, "nps").locator(".value")).to_have_text("3.0")
    await expect(page.locator("#aloud")).to_contain_text("fr, the last hour")
    shared = await look(page.url.partition("/#")[2].join(["#", ""]))
    await expect(card(shared, "nps").locator(".value")).to_have_text("3.0")
    await shared.locator("#segment-clear").click()
    await expect(shared.locator("#empty-title")).to_have_text("Nothing in the last hour yet")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_light_or_dark_as_the_system_or_as_chosen(look: Open, scheme: str) -> None:
    """The button goes on from the system's to light and dark, and the choice is kept."""
    page = await look(color_scheme=scheme, reduced_motion="reduce")
    paper = "getComputedStyle(document.body).backgroundColor"
    papers = {"light": "rgb(251, 250, 247)", "dark": "rgb(21, 21, 20)"}
    assert await page.evaluate(paper) == papers[scheme]
    assert await page.evaluate(
        "getComputedStyle(document.querySelector('.dot')).animationName"
    ) == ("none")
    for chosen in ("light", "dark"):
        await page.locator("#theme").press("Enter")
        await expect(page.locator("#theme")).to_have_text(f"Theme: {chosen}")
        assert await page.evaluate(paper) == papers[chosen]
    await page.reload()
    assert await page.evaluate(paper) == papers["dark"]


async def test_it_fits_a_phone(look: Open, desk: Desk) -> None:
    """At 360 pixels nothing hangs over the side, and what is touched is large enough."""
    long = {"region": "a region with quite a long name", "product": "web"}
    await desk.put(update(), update("aht", value=4_000.0, margin=100.0), update(segment=long))
    page = await look(width=360, height=740, has_touch=True, is_mobile=True)
    await page.locator("#ranking-grouping").select_option("region,product")
    await expect(page.locator("#ranking-rows tr")).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    box = await page.locator("#windows span").first.bounding_box()
    assert box is not None
    assert box["height"] >= 32
