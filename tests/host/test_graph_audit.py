"""The audit in a real ComfyUI: when it runs, what it says, and that the value behind it goes on untouched."""

import json
import urllib.error
import urllib.request

import pytest
from host.flow import Flow, check_whole
from host.prompt import Node, Prompt
from host.server import Server

AUDIT = "LongTakePreprocessSymmetryAudit"


def audited(seed: int, **settings: str) -> tuple[Prompt, Node, Node, Node]:
    """A picture through the audit; beside it a node that never runs, linked to nothing."""
    prompt = Prompt()
    picture = prompt.add("LongTakeTestImage", width=64, height=64, number=7, seed=seed)
    chosen = {"rules": "all rules", "when_wrong": "report", "profile": "none"} | settings
    audit = prompt.add(AUDIT, anything=picture[0], **chosen)
    after = prompt.add("LongTakeTestSlowPreview", seconds=0.0, value=audit[0])
    wrong = prompt.add("ImageScaleBy", image=["999", 0], upscale_method="area", scale_by=2.0)
    return prompt, audit, after, wrong


def test_it_reports_and_hands_the_value_on(server: Server) -> None:
    prompt, audit, after, wrong = audited(1)
    ran = server.run(prompt)
    assert server.status(ran) == "success", server.error(ran)
    shown = server.outputs(ran)[audit]
    assert [(found["rule"], found["node"]) for found in shown["findings"]] == [("dangling-link", wrong)]
    assert "999" in shown["text"][0]
    picture = shown["images"][0]
    assert server.fetch(f"/view?filename={picture['filename']}&type=temp")[:4] == b"\x89PNG"
    assert server.ran(ran).index(audit) < server.ran(ran).index(after)


def test_it_runs_again_exactly_when_the_graph_has_changed(server: Server) -> None:
    prompt, audit, after, wrong = audited(2)
    first = server.run(prompt)
    assert audit in server.ran(first)
    again = server.run(prompt)
    assert audit not in server.ran(again)
    assert after not in server.ran(again), "what lies behind it comes from the cache"
    prompt.set(wrong, image=["1", 0])
    changed = server.run(prompt)
    assert audit in server.ran(changed), "the wrong node is not upstream of the audit"
    assert server.outputs(changed)[audit]["findings"] == []


def test_a_title_is_no_change(server: Server) -> None:
    prompt, audit, _, wrong = audited(3)
    server.run(prompt)
    prompt[wrong]["_meta"] = {"title": "another title"}
    assert audit not in server.ran(server.run(prompt))


def test_it_stops_the_run_on_errors_before_what_follows(server: Server) -> None:
    prompt, _, after, wrong = audited(4, when_wrong="stop on errors")
    stopped = server.run(prompt)
    assert server.status(stopped) == "error"
    assert f"dangling-link at {wrong}" in server.error(stopped)["exception_message"]
    assert after not in server.ran(stopped)
    prompt.set(wrong, image=["1", 0])
    assert server.status(server.run(prompt)) == "success"


def test_what_the_canvas_allows_is_left_out(server: Server) -> None:
    prompt, audit, _, _ = audited(5)
    canvas = {"workflow": {"extra": {"longtake": {"allow": ["dangling-link"]}}}}
    ran = server.queue(prompt, extra_data={"extra_pnginfo": canvas})
    server.wait()
    assert server.outputs(ran)[audit]["findings"] == []


def test_a_prompt_that_does_not_pass_the_server_is_audited_too(server: Server) -> None:
    prompt, audit, _, _ = audited(7)
    again = prompt.add("LongTakeTestQueueAgain", type=AUDIT, without="graph")
    first = server.run(prompt)
    second = server.outputs(first)[again]["prompt_id"][0]
    server.wait()
    assert server.status(second) == "success", server.error(second)
    assert audit in server.ran(first)
    assert audit in server.ran(second), "nothing marked it, so it is audited whatever the cache holds"
    assert server.outputs(second)[audit]["findings"]


def test_in_a_take_it_runs_once(server: Server) -> None:
    flow = Flow("audited", frames=73)
    audit = flow.prompt.add(AUDIT, anything=flow.loader[0], rules="all rules", when_wrong="report", profile="none")
    flow.prompt.set(flow.sampler, model=audit[0])
    before = len(server.started())
    server.run(flow.prompt)
    check_whole(server, flow)
    prompts = server.started()[before:]
    assert len(prompts) >= flow.windows
    assert sum(audit in server.ran(prompt) for prompt in prompts) == 1


def post(server: Server, body: bytes) -> tuple[int, dict]:
    request = urllib.request.Request(f"http://{server.address}/longtake/audit", data=body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the test's own server
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_the_route_audits_what_the_browser_sends(server: Server) -> None:
    prompt, _, _, wrong = audited(6)
    status, answer = post(server, json.dumps({"prompt": prompt}).encode())
    assert status == 200
    assert [(found["rule"], found["node"], found["severity"]) for found in answer["findings"]] == [
        ("dangling-link", wrong, "error")
    ]
    assert answer["skipped"]["preprocess-symmetry"]
    assert "preprocess-symmetry" in answer["rules"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "is empty"),
        (b"[" * 10_000, 400, "too deeply"),
        (b'{"a": 1}', 400, "is not a workflow"),
        (b"\xff\xfe", 400, "not UTF-8"),
        (b" " * (33 * 1024 * 1024), 413, "at most"),
    ],
    ids=["empty", "deep", "no workflow", "no text", "too large"],
)
def test_the_route_refuses_in_one_sentence(server: Server, body: bytes, status: int, words: str) -> None:
    code, answer = post(server, body)
    assert code == status
    assert words in answer["error"]
