"""What the pack's takes look like over HTTP."""

from __future__ import annotations

from aiohttp import web
from server import PromptServer

from .host import log, saved_result, store
from .relay import next_prompt
from .take.progress import status
from .take.take import Take


def add_routes() -> None:
    """Answer below /longtake."""
    routes = PromptServer.instance.routes

    @routes.get("/longtake/takes")
    async def list_takes(_request: web.Request) -> web.Response:
        takes, wrong = store().current_takes()
        for problem in wrong:
            log.warning("%s", problem)
        return web.json_response([_describe(take, with_windows=False) for take in takes])

    @routes.get("/longtake/takes/{name}")
    async def show_take(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        try:
            take = store().current(name)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        if take is None:
            return web.json_response({"error": f"There is no take named {name!r}."}, status=404)
        return web.json_response(_describe(take, with_windows=True))


def _describe(take: Take, *, with_windows: bool) -> dict[str, object]:
    first = take.kept(0)
    video = store().video(take, first.encoding.suffix) if first else None
    joined = take.state.joined and video is not None and video.exists()
    return {
        **status(take, with_windows=with_windows),
        "next_prompt_id": next_prompt(str(take.folder)),
        "video": saved_result(video) if joined and video else None,
    }
