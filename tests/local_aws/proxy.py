"""Microburst, which cuts the connection instead of any answer, an empty one too.

Run as `python -m local_aws.proxy`, with microburst's own arguments. By itself microburst
passes on an answer without a body, as S3 gives to most writes, where it was told to cut
the connection after 0 bytes. And it would add a date to the answers that have none, see the handler of `local_aws.moto`.
"""

from __future__ import annotations

import sys
from typing import Any

from aiohttp import web
from microburst import forward
from microburst.cli import main


def patch() -> None:
    """Cuts before the status line, so that the client has nothing of the answer; adds no date."""
    stream = forward._stream_to_client

    async def to_client(
        request: web.Request, status: int, headers: Any, mutator: Any, chunks: Any
    ) -> web.StreamResponse:
        """Sends the answer of the upstream, which has applied the call, or cuts."""
        if mutator is None or mutator.abort_bytes != 0:
            return await stream(request, status, headers, mutator, chunks)
        async for _ in chunks:
            pass
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=status)

    forward._stream_to_client = to_client

    async def undated(_: web.Request, response: web.StreamResponse) -> None:
        response.headers.pop("Date", None)

    run = web.run_app

    def run_app(app: web.Application, **given: Any) -> None:
        """Serves the proxy."""
        app.on_response_prepare.append(undated)
        run(app, **given)

    web.run_app = run_app


if __name__ == "__main__":
    patch()
    sys.exit(main())
