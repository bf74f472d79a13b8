"""A platform that answers every request with the same fifty videos, 50 ms later: no work, only waiting."""

import asyncio
import json
import socket

BATCH = 50
LATENCY = 0.05
"""Seconds between a request and its answer."""
IDS = [f"video{n:06}" for n in range(BATCH)]


def _video(n: int) -> dict[str, object]:
    return {
        "kind": "youtube#video",
        "id": IDS[n],
        "snippet": {
            "publishedAt": "2026-05-01T12:00:00Z",
            "channelId": "UCbench",
            "title": f"Video {n}",
            "description": "What it is about, in a sentence or two that say no more than that. " * 2,
            "channelTitle": "Bench",
        },
        "statistics": {"viewCount": str(1_000 + n), "likeCount": str(50 + n), "commentCount": str(n)},
    }


BODY = json.dumps(
    {
        "kind": "youtube#videoListResponse",
        "items": [_video(n) for n in range(BATCH)],
        "pageInfo": {"totalResults": BATCH, "resultsPerPage": BATCH},
    }
).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


class _Answering(asyncio.Protocol):
    """One kept connection, on which requests without a body come one after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        *requests, self._unread = (self._unread + data).split(b"\r\n\r\n")
        for _ in requests:
            asyncio.get_running_loop().call_later(LATENCY, self._transport.write, ANSWER)


def serve(listening: socket.socket) -> None:
    """The platform, until the process ends."""
    asyncio.run(_serve(listening))


async def _serve(listening: socket.socket) -> None:
    server = await asyncio.get_running_loop().create_server(_Answering, sock=listening)
    await server.serve_forever()
