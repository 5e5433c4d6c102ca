# SPDX-License-Identifier: Apache-2.0

"""Connections that break: through a door in between, or cut under the hands of a living process.

A door stands before each replica, for clients that go through it (`--only-these`). It can drop its connections, with a
reset, or hold back everything for a while and then let it go on. The replicas' own links have no door; cut_links() takes
hold of a process's sockets with pidfd_getfd(2) and shuts them down, which needs the right to trace that process.
"""
import asyncio
import ctypes
import os
import socket
import threading

_PIDFD_GETFD = 438  # the same number on every architecture
_libc = ctypes.CDLL(None, use_errno=True)


class Doors:
    """Use it in a with statement; `ports[i]` leads to replica i."""

    def __init__(self, targets):
        self.targets, self.ports, self._open, self.passed = list(targets), [], {}, 0
        self.hold_after = None  # bytes
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(self, *_):
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self, share, chance):
        """Resets this share of the connections. How many."""
        return self._call(self._cut(share, chance))

    def hold(self):
        """Nothing passes until let_go(), and nobody is told."""
        self._loop.call_soon_threadsafe(self._passing.clear)

    def let_go(self):
        self._loop.call_soon_threadsafe(self._passing.set)

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _listen(self):
        self._passing = asyncio.Event()
        self._passing.set()
        self._servers = []
        for target in self.targets:
            server = await asyncio.start_server(lambda r, w, t=target: self._serve(r, w, t), "127.0.0.1", 0)
            self._servers.append(server)
            self.ports.append(server.sockets[0].getsockname()[1])

    async def _serve(self, reader, writer, target):
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.transport.abort()
            return
        self._open[writer] = there
        await asyncio.gather(self._pump(reader, there), self._pump(there_reader, writer))
        self._open.pop(writer, None)

    async def _pump(self, reader, writer):
        try:
            while data := await reader.read(1 << 16):
                await self._passing.wait()
                writer.write(data)
                self.passed += len(data)
                if self.hold_after is not None and self.passed >= self.hold_after:
                    self._passing.clear()
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def _cut(self, share, chance):
        chosen = [pair for pair in self._open.items() if chance.random() < share]
        for pair in chosen:
            for end in pair:
                end.transport.abort()
        return len(chosen)

    async def _close(self):
        self._passing.set()
        for server in self._servers:
            server.close()
        for pair in self._open.items():
            for end in pair:
                end.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=5)


def cut_links(pid, share, chance):
    """Shuts down this share of the process's TCP connections. How many; PermissionError when that is not allowed."""
    count, process = 0, os.pidfd_open(pid)
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            one = _socket_of(pid, process, name)
            if one is None:
                continue
            with one:
                if chance.random() < share and _is_connected_tcp(one):
                    one.shutdown(socket.SHUT_RDWR)
                    count += 1
    except FileNotFoundError:  # it died meanwhile
        pass
    finally:
        os.close(process)
    return count


def send_as(pid, descriptor, data):
    """Writes this to a socket of the process, in its name."""
    process = os.pidfd_open(pid)
    try:
        with _socket_of(pid, process, str(descriptor)) as one:
            one.sendall(data)
    finally:
        os.close(process)


def _socket_of(pid, process, name):
    try:
        if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
            return None
    except OSError:
        return None
    copy = _libc.syscall(_PIDFD_GETFD, process, int(name), 0)
    if copy < 0:
        if ctypes.get_errno() == 1:
            raise PermissionError("pidfd_getfd is not allowed here")
        return None
    return socket.socket(fileno=copy)


def _is_connected_tcp(one):
    try:
        return one.family == socket.AF_INET and one.getpeername() is not None
    except OSError:
        return False
