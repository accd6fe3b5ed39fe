"""Headless Chromium, driven by the DevTools protocol over a pipe: JSON messages that end in NUL."""

from __future__ import annotations

import json
import os
import shutil
import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-sandbox",  # Chromium has none for root, as whom containers run
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--hide-scrollbars",
)


def program() -> str | None:
    """Return the path of Chromium; None if it is not installed, or cannot be driven by a pipe."""
    if sys.platform == "win32":
        return None
    return next(filter(None, map(shutil.which, _NAMES)), None)


class PageError(Exception):
    """A script in the page failed, or Chromium refused a command."""


class Page:
    """One tab.

    Args:
        requests: what Chromium reads.
        replies: what Chromium writes.

    Attributes:
        problems: what the console of the page says, which has errors of the policy, too.
    """

    def __init__(self, requests: BinaryIO, replies: BinaryIO) -> None:
        self._requests, self._replies = requests, replies
        self._numbers = count(1)
        self._session: str | None = None
        self._loaded = 0
        self.problems: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.look()

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command, and return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        session = {"sessionId": self._session} if self._session else {}
        self._requests.write(json.dumps(message | session).encode() + b"\0")
        self._requests.flush()
        while (reply := self._next()).get("id") != number:
            self._note(reply)
        if "error" in reply:
            raise PageError(f"{method}: {reply['error']['message']}")
        result: dict[str, Any] = reply["result"]
        return result

    def _next(self) -> dict[str, Any]:
        read = bytearray()
        while (byte := self._replies.read(1)) != b"\0":
            if not byte:
                raise PageError("Chromium ended.")
            read += byte
        reply: dict[str, Any] = json.loads(read)
        return reply

    def _note(self, event: Mapping[str, Any]) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Page.loadEventFired":
            self._loaded += 1
        elif event.get("method") == "Log.entryAdded":
            self.problems.append(parameters["entry"]["text"])
        elif event.get("method") == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.problems.append(details.get("exception", details).get("description", "?"))
        elif event.get("method") == "Network.requestWillBeSent":
            url = parameters["request"]["url"]
            if not url.startswith(("file:", "about:")):
                self.problems.append(f"a request to {url}")

    def close(self) -> None:
        """End Chromium."""
        self._session = None
        self.send("Browser.close")

    def look(
        self, *, width: int = 1280, height: int = 800, media: str = "", dark: bool = False
    ) -> None:
        """Set the size of the window and what the style sheet is told."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def open(self, path: Path, route: str = "") -> None:
        """Load a file, and wait for the end of its scripts."""
        self.send("Page.navigate", url="about:blank")  # another hash alone would load nothing
        self._wait_for_load()
        self.send("Page.navigate", url=path.as_uri() + route)
        self._wait_for_load()

    def _wait_for_load(self) -> None:
        while not self._loaded:
            self._note(self._next())
        self._loaded = 0

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page; a promise is awaited.

        Raises:
            PageError: The script raised.
        """
        found = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in found:
            details = found["exceptionDetails"]
            raise PageError(details.get("exception", details).get("description", str(details)))
        return found["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until an expression in the page is true."""
        look = f"const look = () => (({condition}) ? done() : setTimeout(look, 5)); look();"
        self.run(f"new Promise((done) => {{ {look} }})")

    def press(self, key: str, code: int = 0) -> None:
        """Press a key, as a person does: a letter, or a key such as Tab with its code."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            extra = text if kind == "keyDown" else {}
            self.send(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **extra
            )

    def screenshot(self) -> bytes:
        """Return a PNG of the window."""
        return b64decode(self.send("Page.captureScreenshot")["data"])


@contextmanager
def chromium(folder: Path) -> Iterator[Page]:
    """Start Chromium with a profile in an empty folder, and end it."""
    from fcntl import F_DUPFD_CLOEXEC, fcntl  # Windows has none

    path = program()
    assert path is not None
    # The protocol is on the descriptors 3 and 4, which may be taken here.
    their_input, requests = os.pipe()
    replies, their_output = os.pipe()
    high = [fcntl(fd, F_DUPFD_CLOEXEC, 10) for fd in (their_input, their_output)]
    actions = [
        *((os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)),
        *((os.POSIX_SPAWN_DUP2, fd, wanted) for fd, wanted in zip(high, (3, 4), strict=True)),
    ]
    arguments = [path, *_FLAGS, f"--user-data-dir={folder}"]
    process = os.posix_spawn(path, arguments, os.environ, file_actions=actions)
    for fd in (their_input, their_output, *high):
        os.close(fd)
    with os.fdopen(requests, "wb") as writer, os.fdopen(replies, "rb") as reader:
        page = Page(writer, reader)
        try:
            yield page
        finally:
            page.close()
            os.waitpid(process, 0)
