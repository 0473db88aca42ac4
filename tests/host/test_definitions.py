"""What the audit knows of this pack's nodes is what they are."""

import json

from host.server import Server
from longtake.scripts.workflow.definitions import _SNAPSHOT, from_object_info
from longtake.scripts.workflow.snapshot import compact


def test_the_committed_definitions_of_our_nodes_are_those_of_the_server(server: Server) -> None:

    committed = json.loads(_SNAPSHOT.read_text(encoding="utf-8"))
    info = server.get("/object_info")
    ours = {kind: node for kind, node in info.items() if kind.startswith("LongTake") and "Test" not in kind}
    assert ours
    for kind, found in compact(ours).items():
        assert committed.get(kind) == found, f"{kind} has changed; put what the server says into extra_nodes.json"
        assert from_object_info(info).inputs(kind)
