"""One server for all workers of pytest-xdist: they ask the controller, which starts it.

Questions and answers go through an execnet channel that is part of the worker's input. So nothing
has to listen, and the server belongs to the controller: a worker that crashes does not end it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

_KEY = "understudy_databases"


def offer(node: Any, answer: Callable[[pytest.Config, str], Mapping[str, Any]]) -> None:
    """Answer a worker's questions; call this on the controller.

    Args:
        node: xdist's worker.
        answer: takes a question. It may block: it runs in the thread that receives from this
            worker alone, and the worker waits for it.
    """
    if node.gateway.spec.popen:  # else it is on another machine, which cannot reach the server
        channel = node.gateway.newchannel()
        channel.setcallback(lambda question: channel.send(answer(node.config, question)))
        node.workerinput[_KEY] = channel


def ask(config: pytest.Config, question: str) -> Mapping[str, Any] | None:
    """Return the controller's answer to a worker's question, or None if there is no controller.

    Raises:
        EOFError: the controller is gone.
        OSError: the controller was known to be gone already.
    """
    channel = getattr(config, "workerinput", {}).get(_KEY)
    if channel is None:
        return None
    channel.send(question)
    answer: Mapping[str, Any] = channel.receive()
    return answer
