"""What the workers of pytest-xdist and their controller tell each other.

One server serves all workers: they ask the controller, which starts it. Questions and answers go
through an execnet channel that is part of the worker's input. So nothing has to listen, and the
server belongs to the controller: a worker that crashes does not end it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

_KEY = "understudy_databases"
_OUTPUTS: pytest.StashKey[list[Mapping[str, Any]]] = pytest.StashKey()


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


def send(config: pytest.Config, key: str, results: Callable[[], Any]) -> bool:
    r"""On a worker, send its results to the controller; return whether this is a worker.

    Results are plain values. In their text, what UTF-8 does not have is sent as `\udcff`: execnet
    refuses it, and then the worker's end loses the whole run.
    """
    output = getattr(config, "workeroutput", None)
    if output is None:
        return False
    output[key] = _encodable(results())
    return True


def _encodable(value: Any) -> Any:
    match value:
        case str() if not value.isascii():
            return value.encode("utf-8", "backslashreplace").decode()
        case list() | tuple() | set() | frozenset():
            return type(value)(map(_encodable, value))
        case dict():
            return {_encodable(key): _encodable(each) for key, each in value.items()}
        case _:
            return value


def collect(node: Any) -> None:
    """On the controller, keep what a worker sent."""
    node.config.stash.setdefault(_OUTPUTS, []).append(getattr(node, "workeroutput", {}))


def results(config: pytest.Config, key: str) -> list[Any]:
    """Return the results that the workers sent; one that crashed sent nothing."""
    outputs = config.stash.get(_OUTPUTS, [])
    return [output[key] for output in outputs if output.get(key) is not None]
