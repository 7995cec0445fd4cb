"""The preview's page: over HTTP as a browser asks, and in a real browser where there is one."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowsync.preview.browser import Tab
from tests.preview.support import DRAWN, FLOWS, served, shown
from tests.support.command import flowsync


@pytest.fixture(scope="module")
def page(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    script = tmp_path_factory.mktemp("script") / "bundle.js"
    script.write_text("void 0")
    with served(project, "--bundle", str(script)) as (address, _):
        yield address


def state(page: str, user: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{page}state", params={"user": user}).json()
    return {**found, "flows": {flow["slug"]: flow for flow in found["flows"]}}


def test_each_flow_is_shown_with_its_difference_and_who_sees_it(page: str) -> None:
    found = state(page)
    flows = found["flows"]
    assert found["users"] == ["Nobody in particular", "A new guest", "flow_announce: a pro"]
    assert set(flows) == {*FLOWS, "flow_gone", "flow_new"}
    assert {slug: flow["difference"] for slug, flow in flows.items() if flow["difference"] != "same"} == {
        "flow_banner": "changed",
        "flow_gone": "deleted",
        "flow_new": "new",
    }
    assert flows["flow_banner"]["before"] is not None
    assert flows["flow_announce"]["before"] is None
    assert flows["flow_announce"]["verdict"] == "this user does not see it"
    assert flows["flow_announce"]["reasons"] == [
        "- user.property('plan') == 'pro'   (user.property('plan') is not set; comparing null is false)"
    ]
    assert state(page, 2)["flows"]["flow_announce"]["verdict"] == "this user sees it"
    assert flows["flow_banner"]["verdict"] == "switched off"
    assert flows["flow_own"]["verdict"] == "the file does not say who sees it"
    assert "flows/flow_broken.yaml:1:7 cannot be read: The [ that" in flows["flow_broken"]["after"]["trouble"]
    assert "it has no list of steps" in flows["flow_stepless"]["after"]["trouble"]
    assert flows["flow_own"]["hidden"] is False
    assert flows["flow_form"]["after"]["notes"] == [
        "who: the field odd has the type rating, which your app draws itself."
    ]
    assert "x-preview names a component" in flows["flow_card"]["after"]["notes"][0]


def frame_states(page: str, frame: str, **done: str) -> dict[str, Any]:
    document = httpx.get(f"{page}{frame}").text
    guest = document.partition('"userId": "')[2].partition('"')[0]
    headers = {"Origin": "null", "Authorization": "Bearer api_public_sandbox"}
    body = {"userId": guest, "context": {}, **done}
    answer = httpx.post(f"{page}frame/v1/public/flowStates", json=body, headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (201, "null")
    found: dict[str, Any] = answer.json()["eligibleFlows"][0]
    return found


def test_frames_are_answered_with_variables_filled_in(page: str) -> None:
    announce = frame_states(page, "frames/flow_announce/after/2")
    assert announce["data"]["steps"][0]["title"] == "Hello Ada and $\u2060{nobody}"
    assert announce["$state"]["visible"] is True  # whoever sees it: it is drawn
    card = frame_states(page, "frames/flow_card/after/0")
    assert card["data"]["steps"][0]["title"] == "A card for somebody"
    assert frame_states(page, "frames/flow_banner/before/0")["data"]["steps"][0]["title"] == "Old title"
    tour = frame_states(page, "frames/flow_tour/after/0")
    assert tour["data"]["steps"][0]["selector"] == "#anchor-0"
    begun = frame_states(page, "frames/flow_list/after/0", actionType="COMPLETED_STEP", flowSlug="x", stepId="a")
    assert begun["$state"]["currentStepId"] == "b"
    assert frame_states(page, "frames/flow_list/after/0?step=b")["$state"]["currentStepId"] == "b"


STEPS = "{steps: [{id: a}]}"
WRONG = ("[1, a]", "{a: 1}", "5", "null", "true", "x", '""', "[]", ".inf", '"\\ud800"')


def test_wrong_types_anywhere_break_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "b.js").write_text("void 0")
    for number, wrong in enumerate(WRONG):
        step = f"{{id: a, title: {wrong}, props: {wrong}, selector: {wrong}, fields: [{wrong}, {{type: {wrong}}}]}}"
        for slug, text in {
            "step": f"name: N\ntype: TOUR\ndata: {{props: {wrong}, steps: [{step}, {wrong}]}}\n",
            "data": f"name: N\ntype: FORM\ndata: {{title: {wrong}, steps: [{{id: {wrong}}}]}}\n",
            "root": f"name: {wrong}\ntype: {wrong}\nx-preview: {wrong}\ntests: [{wrong}]\ndata: {{steps: {wrong}}}\n",
            "own": f"x-preview: {{component: {wrong}, variables: {wrong}}}\ntests: {wrong}\ndata: {STEPS}\n",
        }.items():
            (tmp_path / f"flows/flow_{slug}_{number}.yaml").write_text(text)
    with served(tmp_path, "--bundle", "b.js") as (page, _):
        flows = state(page)["flows"]
        assert len(flows) == 4 * len(WRONG)
        drawn = [flow for flow in flows.values() if not flow["after"]["trouble"]]
        assert {flow["slug"] for flow in drawn} >= {f"flow_{kind}_{n}" for kind in ("step", "own") for n in range(10)}
        for flow in drawn:
            assert "$state" in frame_states(page, flow["after"]["frame"])


def test_a_user_can_be_described(project: Path, tmp_path: Path) -> None:
    (tmp_path / "b.js").write_text("void 0")
    with served(project, "--bundle", str(tmp_path / "b.js")) as (page, _):
        taken = httpx.post(f"{page}users", content="name: Me\nuser: {properties: {plan: pro}}")
        assert (taken.status_code, taken.json()) == (201, 0)
        found = state(page)
        assert found["users"][0] == "Me"
        assert found["flows"]["flow_announce"]["sees"] is True
        for text, message in (("user: [", "never closed"), ("user: {plan: pro}", "plan"), ("sees: true", "verdict")):
            refused = httpx.post(f"{page}users", content=text)
            assert (refused.status_code, message in refused.json()["message"]) == (400, True), refused.text


def test_only_this_machine_gets_in_and_frames_reach_nothing(page: str) -> None:
    base = page.rsplit("/", 2)[0]
    for url in (base, f"{base}/", f"{base}/state", f"{base}/guess/state", f"{page}nothing", f"{page}frames/x/after/0"):
        assert httpx.get(url).status_code == 404
    assert httpx.get(f"{page}frames/flow_card/after/9999").status_code == 404
    assert httpx.get(page, headers={"Host": "evil.example"}).status_code == 421
    for path in ("", "state", "frames/flow_card/after/0"):
        assert httpx.get(page + path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert httpx.post(f"{page}state").status_code == 404
    assert httpx.get(f"{page}frame/nothing").status_code == 404
    document = httpx.get(f"{page}frames/flow_hostile/after/0")
    policy = document.headers["content-security-policy"]
    for part in ("default-src 'none'", "script-src 'self'", "sandbox allow-scripts", "frame-src 'none'"):
        assert part in policy
    assert "https:" not in policy
    assert "<script>parent" not in document.text
    assert "frame-ancestors 'none'" in httpx.get(page).headers["content-security-policy"]
    for path, kind in (("page.js", "javascript"), ("page.css", "css"), ("frame/bundle.js", "javascript")):
        found = httpx.get(page + path)
        assert (found.status_code, kind in found.headers["content-type"]) == (200, True)
    assert httpx.options(f"{page}frame/v1/public/flowStates").status_code == 204
    assert httpx.post(f"{page}frame/v1/public/sessions", json={}).status_code == 201


def test_remote_media_are_loaded_only_on_request(project: Path, tmp_path: Path) -> None:
    (tmp_path / "b.js").write_text("void 0")
    with served(project, "--bundle", str(tmp_path / "b.js"), "--remote-media", "flow_card") as (address, _):
        assert set(state(address)["flows"]) == {"flow_card"}
        policy = httpx.get(f"{address}frames/flow_card/after/0").headers["content-security-policy"]
        assert "img-src 'self' data: https:" in policy


def test_without_a_repository_there_is_no_before(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/flow_own.yaml").write_text(FLOWS["flow_own"])
    (tmp_path / "b.js").write_text("void 0")
    with served(tmp_path, "--bundle", "b.js") as (address, server):
        assert state(address)["base"] == ""
        waiting = httpx.get(f"{address}wait", params={"revision": "0"})
        assert waiting.json() == 1
        host, _, path = address.removeprefix("http://").partition("/")
        with socket.create_connection((host.partition(":")[0], int(host.partition(":")[2]))) as open_page:
            open_page.sendall(f"GET /{path}wait?revision=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            time.sleep(0.2)
            began = time.monotonic()
            server.send_signal(signal.SIGINT)
            server.wait(60)
            assert time.monotonic() - began < 1.5  # nothing waits for a page that is still open
    assert server.returncode == 130


def test_a_browser_draws_every_flow(project: Path, tab: Tab) -> None:
    with served(project) as (address, _):
        tab.ask(
            "Emulation.setDeviceMetricsOverride",
            {"width": 900, "height": 6000, "deviceScaleFactor": 1, "mobile": False},
        )
        tab.ask("Page.navigate", {"url": f"{address}#%"})
        count = len(FLOWS) + 2
        shown(tab, "document.querySelectorAll('article').length", count)
        # Each frame reports when it is drawn; none has a component that failed.
        shown(tab, DRAWN, 16)
        assert tab.value("document.querySelector('article#user-dialog iframe') !== null") is True
        assert tab.value("document.getElementById('describe').click(), document.querySelector('dialog').open") is True
        assert tab.value("document.querySelector('dialog').close(), document.querySelector('.empty').hidden") is True
        assert tab.value("[...document.querySelectorAll('.went')].map(each => each.textContent).join('')") == ""
        assert tab.value("window.x === undefined") is True
        assert tab.value("document.querySelectorAll('article script, article img').length") == 0
        names = "[...document.querySelectorAll('iframe')].every(each => each.title)"
        assert tab.value(names) is True
        file = project / "flows/flow_own.yaml"
        file.write_text(FLOWS["flow_own"].replace("name: Own", "name: Renamed"))
        shown(tab, "document.getElementById('flow_own').querySelector('h2').textContent", "Renamed")
        (project / "flows/flow_broken.yaml").write_text(FLOWS["flow_own"])
        shown(tab, "document.getElementById('flow_broken').querySelectorAll('iframe').length", 1)
        (project / "flows/flow_broken.yaml").write_text(FLOWS["flow_broken"])
        file.write_text(FLOWS["flow_own"])
        shown(tab, "document.getElementById('flow_broken').querySelectorAll('.trouble').length", 1)
        tab.value(
            "const f = document.getElementById('filter'); f.value = 'flow_tour'; f.dispatchEvent(new Event('input'))"
        )
        shown(
            tab,
            "[...document.querySelectorAll('article')].filter(each => !each.hidden).map(each => each.id).join()",
            "flow_tour",
        )


def test_a_link_to_a_flow_keeps_it_at_the_top_while_frames_above_it_grow(project: Path, tab: Tab) -> None:
    size: dict[str, Any] = {"width": 900, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    with served(project) as (address, _):
        tab.ask("Emulation.setDeviceMetricsOverride", size)
        tab.ask("Page.navigate", {"url": f"{address}#flow_own"})
        shown(
            tab, "[...document.querySelectorAll('iframe')].filter(each => each.dataset.state).length > 8", wanted=True
        )
        time.sleep(0.5)
        assert tab.value("document.getElementById('flow_own').getBoundingClientRect().top") == 80  # below the header


BESIDE = """(() => {
  const hint = document.querySelector('.fr-hint[data-status="open"]')?.getBoundingClientRect()
  const anchor = document.querySelector('.anchor').getBoundingClientRect()
  return hint && (hint.top >= anchor.bottom - 1 || hint.left >= anchor.right - 1)
})()"""
"""Whether the tooltip of a tour is open, and covers nothing of its anchor."""


def test_frames_show_what_is_not_there_without_the_address_of_the_page(project: Path, tab: Tab) -> None:
    with served(project) as (address, _):
        tab.ask("Page.navigate", {"url": f"{address}frames/flow_tour/after/0"})
        shown(tab, "document.querySelector('.anchor') !== null", wanted=True)
        shown(tab, BESIDE, wanted=True)
        tab.ask("Page.navigate", {"url": f"{address}frames/flow_media/after/0"})
        images = "[...document.images].map(each => decodeURIComponent(each.src))"
        shown(tab, f"{images}.filter(each => each.startsWith('data:') && each.includes('/team.png')).length", 1)
        assert "127.0.0.1" not in tab.value(f"{images}.join()")
        video = "document.querySelector('video')"
        shown(tab, f"{video} && {video}.poster.startsWith('data:') && !{video}.controls", wanted=True, seconds=5)


def test_a_form_branches_and_everything_has_a_name(project: Path, tab: Tab) -> None:
    press = "[...document.querySelectorAll({!r})].find(each => each.textContent.includes({!r}))?.click()"
    with served(project) as (address, _):
        for answer, following in (("Team", "How many?"), ("Alone", "Thanks")):
            tab.ask("Page.navigate", {"url": f"{address}frames/flow_form/after/0"})
            shown(tab, "document.documentElement.dataset.ready", "yes")
            tab.value(f"document.querySelector('[role=radio][value={answer.lower()}]').click()")
            shown(tab, "document.querySelectorAll('[role=radio][data-state=checked]').length", 1)
            tab.value(press.format("button", "Next"))
            shown(tab, f"document.body.textContent.includes({following!r})", wanted=True)
        tab.ask("Page.navigate", {"url": address})
        shown(tab, "document.querySelectorAll('article').length > 0", wanted=True)
        nodes = tab.ask("Accessibility.getFullAXTree", {})["nodes"]
    roles = {"button", "checkbox", "combobox", "Iframe", "link", "searchbox", "textbox"}
    named = [(node["role"]["value"], node.get("name", {}).get("value")) for node in nodes if not node["ignored"]]
    assert [role for role, name in named if role in roles and not name] == []
    assert {"button", "combobox", "searchbox"} <= {role for role, _ in named}


def test_pictures_are_taken_of_each_flow_and_step(project: Path, tab: Tab, tmp_path: Path) -> None:
    del tab
    slugs = ["flow_announce", "flow_banner", "flow_form", "flow_tour", "flow_nps", "flow_#%2F"]
    taken = []
    for folder, named in (("one", slugs), ("two", slugs[1:3])):
        done = flowsync("preview", "--png", str(tmp_path / folder), "--width", "500", *named, root=project)
        assert done.code == 0, done.err
        taken.append({file.name: file.read_bytes() for file in (tmp_path / folder).iterdir()})
    assert set(taken[0]) == {
        *("flow_announce.png", "flow_banner.png", "flow_banner.before.png", "flow_form.1.png", "flow_form.3.png"),
        *("flow_tour.png", "flow_nps.png", "flow_#%2F.png"),
    }
    assert taken[0].items() >= taken[1].items()
    for content in taken[0].values():
        assert content.startswith(b"\x89PNG")
        assert int.from_bytes(content[16:20], "big") == 500
    assert int.from_bytes(taken[0]["flow_nps.png"][20:24], "big") < 300  # no room for what a survey does not draw
    assert taken[0]["flow_banner.png"] != taken[0]["flow_banner.before.png"]
    failed = flowsync("preview", "--png", str(tmp_path / "three"), "flow_stepless", root=project)
    assert (failed.code, "it has no list of steps" in failed.err) == (1, True)
