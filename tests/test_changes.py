"""What differs between two graphs, in one line each; and what of a running prompt is no setting."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from longtake.nodes.take.changes import changes, plain_prompt

PROMPT: dict[str, Any] = {
    "3": {"class_type": "KSampler", "inputs": {"steps": 4, "cfg": 1.0, "model": ["7", 0]}},
    "7": {"class_type": "LoraLoader", "inputs": {"lora_name": "a.safetensors", "strength": 0.8}},
    "9": {"class_type": "LongTakeAudioLoopController", "inputs": {"take": "face", "seed": 1}},
}


def changed(*path: Any, value: Any) -> dict[str, Any]:
    """The prompt with something else at one place; None removes it."""
    prompt = copy.deepcopy(PROMPT)
    place: Any = prompt
    *way, last = path
    for key in way:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return prompt


@pytest.mark.parametrize(
    ("after", "lines"),
    [
        (PROMPT, []),
        (changed("3", "inputs", "steps", value=6), ["KSampler.steps: 4 -> 6"]),
        (changed("3", "inputs", "model", value=["8", 0]), ["KSampler.model: ['7', 0] -> ['8', 0]"]),
        (changed("3", "inputs", "steps", value=None), ["KSampler.steps: 4 -> None"]),
        (changed("3", "inputs", "shift", value=8), ["KSampler.shift: None -> 8"]),
        (changed("7", value=None), ["LoraLoader (node 7) was removed"]),
        (changed("8", value={"class_type": "BlockSwap", "inputs": {}}), ["BlockSwap (node 8) was added"]),
        (changed("9", "inputs", "seed", value=2), []),
        (changed("9", "inputs", "take", value="other"), ["LongTakeAudioLoopController.take: face -> other"]),
        (changed("3", "inputs", "seed", value=2), ["KSampler.seed: None -> 2"]),
        (
            changed("7", "inputs", "lora_name", value="b" * 100),
            [f"LoraLoader.lora_name: a.safetensors -> {'b' * 57}..."],
        ),
    ],
)
def test_one_line_for_each_change(after: dict[str, Any], lines: list[str]) -> None:
    before = copy.deepcopy(PROMPT)
    assert list(changes(PROMPT, after)) == lines
    assert before == PROMPT


def test_several_changes_in_the_order_of_the_graph() -> None:
    after = changed("3", "inputs", "steps", value=6)
    after["3"]["inputs"]["cfg"] = 2.0
    after["7"]["inputs"]["strength"] = 1.0
    after["1"] = {"class_type": "Note", "inputs": {}}
    assert list(changes(PROMPT, after)) == [
        "KSampler.cfg: 1.0 -> 2.0",
        "KSampler.steps: 4 -> 6",
        "LoraLoader.strength: 0.8 -> 1.0",
        "Note (node 1) was added",
    ]


def test_another_node_in_the_same_place() -> None:
    after = changed("3", "class_type", value="WanVideoSampler")
    assert list(changes(PROMPT, after)) == ["KSampler (node 3) became WanVideoSampler"]


def test_marks_of_running_are_no_settings() -> None:
    running = copy.deepcopy(PROMPT)
    running["3"]["is_changed"] = [0.5]
    running["9"]["inputs"]["relay"] = '{"take": "0001"}'
    before = copy.deepcopy(running)
    assert plain_prompt(running) == PROMPT
    assert running == before
    assert list(changes(PROMPT, plain_prompt(running))) == []


values = st.one_of(st.integers(), st.text(max_size=8), st.booleans(), st.lists(st.integers(), max_size=2))
prompts = st.dictionaries(
    st.sampled_from("123456"),
    st.fixed_dictionaries(
        {
            "class_type": st.sampled_from(["A", "B"]),
            "inputs": st.dictionaries(st.sampled_from(["x", "y", "z"]), values, max_size=3),
        }
    ),
    max_size=5,
)


@given(prompts, prompts)
def test_nothing_is_said_where_nothing_differs(before: dict[str, Any], after: dict[str, Any]) -> None:
    lines, back = list(changes(before, after)), list(changes(after, before))
    assert not list(changes(before, copy.deepcopy(before)))
    assert len(lines) == len(back)
    assert bool(lines) == (before != after)
