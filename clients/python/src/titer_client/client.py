# SPDX-License-Identifier: Apache-2.0

"""The clients: Client blocks, AsyncClient is for asyncio. Both have the operations of _operations.py, `changes()` and `position`.

    with Client(["http://127.0.0.1:8080", "http://127.0.0.1:8081"]) as titer:
        titer.reserve_stock("elm-street-clinic", "208", doses=5)

A call goes to one replica, and to the next one when that fails, until there is an outcome or `timeout` is over. A change is executed once:
it has an Idempotency-Key, under which the replicas execute it once however often it arrives.
"""
from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from types import TracebackType
from typing import Any, AsyncIterator, Dict, Iterator, Optional, Sequence, Type, Union

import httpx

from ._exchange import Failure, Operation, Pause, Plan, Reply, Request, Send, Session, Text, exchange, position_of, request_of
from ._follower import Change, Follower
from ._operations import AsyncOperations, Operations


def _content(body: Any, is_file: bool) -> Optional[bytes]:
    """A file is sent as it is, everything else as JSON: a text too may be a value."""
    if body is None or not is_file:
        return None if body is None else json.dumps(body).encode()
    return bytes(body) if isinstance(body, (bytes, bytearray)) else str(body).encode()


def _timeout(step: Send) -> httpx.Timeout:
    return httpx.Timeout(step.timeout, connect=min(step.timeout, 5.0))


def _send_at_once(response: httpx.Response) -> None:
    """httpx sends head and body apart. Releases before 0.24 leave Nagle's algorithm on, so that each body waits 40 ms for the
    acknowledgement of its head; this turns it off for the connection's further requests."""
    stream = response.extensions.get("network_stream")
    connected = stream and stream.get_extra_info("socket")
    if connected and connected.family in (socket.AF_INET, socket.AF_INET6):
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _failure(error: httpx.RequestError) -> Failure:
    """Whether the request may have left is known only when there was no connection for it."""
    return Failure(f"{type(error).__name__}: {error}",
                   not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)))


def _reply(response: httpx.Response) -> Reply:
    return Reply(response.status_code, response.headers, response.content)


def _value(operation: Operation, reply: Reply) -> Any:
    """What a call returns."""
    if operation.json:
        return json.loads(reply.body)
    return Text(reply.body.decode(), position_of(reply.headers))


class _Common:
    """What both clients are made of.

    replicas          addresses of HTTP interfaces, in the order in which they are used
    key               titer_…, once the cluster has keys
    actor             the person or program that does this, for the history
    timeout           seconds until a call gives up
    attempt_timeout   seconds until a silent replica counts as failed, and the next one is asked
    position          POSITION-STREAM of another client: what that has seen, this one sees too
    verify            for https: the file of the authority that signed the replicas' certificates, or a context; without it, the system's
                      authorities
    """

    def __init__(self, replicas: Union[str, Sequence[str]], *, key: Optional[str] = None, actor: Optional[str] = None,
                 timeout: float = 30.0, attempt_timeout: float = 5.0, position: Optional[str] = None,
                 verify: Union[str, ssl.SSLContext, None] = None):
        self._session = Session(replicas, key, actor, timeout, attempt_timeout)
        self._session.see(position)
        self._open(verify if isinstance(verify, ssl.SSLContext) else ssl.create_default_context(cafile=verify))

    def _open(self, trust: ssl.SSLContext) -> None:
        raise NotImplementedError

    @property
    def position(self) -> Optional[str]:
        """How far this client has seen: POSITION-STREAM. Its reads show no older state, at any replica. Give it to another client
        (`position=`, or see()), and that one's reads show what this one has written."""
        return self._session.position

    def see(self, position: Optional[str]) -> None:
        """Reads wait for this position of another client."""
        self._session.see(position)

    def _request(self, operation: Operation, path: Sequence[Any], query: Optional[Dict[str, Any]], headers: Optional[Dict[str, Any]],
                 body: Any) -> Request:
        return request_of(self._session, operation, path, query, headers, _content(body, "Content-Type" in (headers or {})))


class Client(_Common, Operations):
    """Blocks. May be used by several threads."""

    def _open(self, trust: ssl.SSLContext) -> None:
        self._http = httpx.Client(verify=trust, event_hooks={"response": [_send_at_once]})

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def changes(self, since: Optional[str] = None) -> Iterator[Change]:
        """Every change, once, in order, as it happens, whichever replica is left. `since`: the id of the last change that you have, or
        a position; without it, from now on. Raises TooOld when the history does not reach back that far: read everything again
        (export), and go on with since=export.position. Raises Unavailable when no replica answers for `timeout` seconds."""
        follower = Follower(self._session, since)
        while True:
            came: Union[Reply, Failure] = Failure("the stream has ended", False)
            step = follower.request()
            try:
                with self._http.stream(step.method, step.url, params=dict(step.query) or None, headers=dict(step.headers),
                                       timeout=_timeout(step)) as response:
                    if response.status_code == 200:
                        follower.opened(response.headers)
                        for data in response.iter_bytes():
                            yield from follower.feed(data)
                    else:
                        response.read()
                        came = _reply(response)
            except httpx.RequestError as error:
                came = _failure(error)
            time.sleep(follower.broken(came))

    def _perform(self, step: Union[Send, Pause]) -> Union[Reply, Failure, None]:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        try:
            return _reply(self._http.request(step.method, step.url, params=dict(step.query) or None, headers=dict(step.headers),
                                             content=step.content, timeout=_timeout(step)))
        except httpx.RequestError as error:
            return _failure(error)

    def _run(self, plan: Plan) -> Reply:
        came: Union[Reply, Failure, None] = None
        while True:
            try:
                step = plan.send(came)
            except StopIteration as done:
                reply: Reply = done.value
                return reply
            came = self._perform(step)

    def _call(self, operation: Operation, *, path: Sequence[Any] = (), query: Optional[Dict[str, Any]] = None,
              headers: Optional[Dict[str, Any]] = None, body: Any = None) -> Any:
        return _value(operation, self._run(exchange(self._session, self._request(operation, path, query, headers, body))))

    def _rows(self, operation: Operation, *, rows: str, path: Sequence[Any] = (), query: Optional[Dict[str, Any]] = None,
              headers: Optional[Dict[str, Any]] = None) -> Iterator[Any]:
        request: Optional[Request] = self._request(operation, path, query, headers, None)
        while request is not None:
            page = _value(operation, self._run(exchange(self._session, request)))
            yield from page[rows]
            request = _next_page(request, page)


class AsyncClient(_Common, AsyncOperations):
    """For asyncio."""

    def _open(self, trust: ssl.SSLContext) -> None:
        self._http = httpx.AsyncClient(verify=trust)

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        await self.close()

    async def changes(self, since: Optional[str] = None) -> AsyncIterator[Change]:
        """As Client.changes()."""
        follower = Follower(self._session, since)
        while True:
            came: Union[Reply, Failure] = Failure("the stream has ended", False)
            step = follower.request()
            try:
                async with self._http.stream(step.method, step.url, params=dict(step.query) or None, headers=dict(step.headers),
                                             timeout=_timeout(step)) as response:
                    if response.status_code == 200:
                        follower.opened(response.headers)
                        async for data in response.aiter_bytes():
                            for change in follower.feed(data):
                                yield change
                    else:
                        await response.aread()
                        came = _reply(response)
            except httpx.RequestError as error:
                came = _failure(error)
            await asyncio.sleep(follower.broken(came))

    async def _perform(self, step: Union[Send, Pause]) -> Union[Reply, Failure, None]:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return _reply(await self._http.request(step.method, step.url, params=dict(step.query) or None, headers=dict(step.headers),
                                                   content=step.content, timeout=_timeout(step)))
        except httpx.RequestError as error:
            return _failure(error)

    async def _run(self, plan: Plan) -> Reply:
        came: Union[Reply, Failure, None] = None
        while True:
            try:
                step = plan.send(came)
            except StopIteration as done:
                reply: Reply = done.value
                return reply
            came = await self._perform(step)

    async def _call(self, operation: Operation, *, path: Sequence[Any] = (), query: Optional[Dict[str, Any]] = None,
                    headers: Optional[Dict[str, Any]] = None, body: Any = None) -> Any:
        request = self._request(operation, path, query, headers, body)
        return _value(operation, await self._run(exchange(self._session, request)))

    async def _rows(self, operation: Operation, *, rows: str, path: Sequence[Any] = (), query: Optional[Dict[str, Any]] = None,
                    headers: Optional[Dict[str, Any]] = None) -> AsyncIterator[Any]:
        request: Optional[Request] = self._request(operation, path, query, headers, None)
        while request is not None:
            page = _value(operation, await self._run(exchange(self._session, request)))
            for row in page[rows]:
                yield row
            request = _next_page(request, page)


def _next_page(request: Request, page: Any) -> Optional[Request]:
    """The same question at the address that the page names; None after the last page."""
    following = page.get("links", {}).get("next")
    if following is None:
        return None
    return Request(request.operation, following, {}, request.headers, None, None, request.position)
