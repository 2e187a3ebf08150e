"""A mail server for tests."""

from __future__ import annotations

import asyncio


class MailServer:
    """Speaks enough SMTP to take a message."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def __aenter__(self) -> MailServer:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        await self.server.wait_closed()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode().strip():
            if line.upper() == "DATA":
                writer.write(b"354 go on\r\n")
                self.taken.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            writer.write(b"250 ok\r\n" if line.upper() != "QUIT" else b"221 bye\r\n")
            if line.upper() == "QUIT":
                break
        writer.close()
