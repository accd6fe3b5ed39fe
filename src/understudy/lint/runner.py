"""Checks many files: only changed ones, in as many processes as help."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from understudy.lint.cache import Cache
from understudy.lint.finding import Checked, LintError

# In bytes: with less than this, starting another process takes longer than it saves.
_WORTH_A_PROCESS = 150_000
_CHUNKS_PER_PROCESS = 6

Result = tuple[Checked, str | None]


def run(
    paths: Sequence[Path],
    codes: Sequence[str],
    *,
    cache: Cache | None = None,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Checked], OSError | None]:
    """Check files.

    Args:
        paths: the files, absolute.
        codes: the rules that are on.
        cache: the results of earlier runs, to use and to add to.
        jobs: the number of processes; None for as many as there are cores.
        progress: called after each part with the number of files done and of all files.

    Returns:
        The result for each file, sorted, and the error if the cache could not be written.

    Raises:
        LintError: A process died.
    """
    done: list[Checked] = []
    waiting = []
    for path in paths:
        known = cache.known(str(path)) if cache else None
        if known is None:
            waiting.append(str(path))
        else:
            done.append(known)
    fresh: list[Result] = []
    for part in _checked(waiting, codes, jobs):
        fresh += part
        if progress:
            progress(len(done) + len(fresh), len(paths))
    trouble = None
    if cache and fresh:
        try:
            cache.keep(fresh)
        except OSError as error:  # only time is lost; the caller reports it
            trouble = error
    done += [checked for checked, _ in fresh]
    return sorted(done, key=lambda checked: checked.path), trouble


def _checked(
    paths: Sequence[str], codes: Sequence[str], jobs: int | None
) -> Iterator[list[Result]]:
    if not paths:
        return
    # If nothing has changed, importing the rules takes longer than all the rest.
    from understudy.lint.engine import Engine, begin_worker, check_files, check_in_worker
    from understudy.lint.registry import all_rules

    sizes = {path: _size(path) for path in paths}
    worth = sum(sizes.values()) // _WORTH_A_PROCESS + 1
    count = min(jobs or _cores(), worth, len(paths))
    if count <= 1:
        engine = Engine(codes)
        for start in range(0, len(paths), 20):
            yield check_files(paths[start : start + 20], engine)
        return
    # If little has changed they are not needed, and importing them takes longer than the check.
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    # Neighbours stay together: they share conftest.py and helpers.
    size = -(-len(paths) // (count * _CHUNKS_PER_PROCESS))
    chunks = [list(paths[start : start + size]) for start in range(0, len(paths), size)]
    # Forking is faster, and safe on Linux and without threads.
    forks = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if forks else "spawn")
    all_rules()  # imported once, and not in each forked process
    with ProcessPoolExecutor(
        count, mp_context=context, initializer=begin_worker, initargs=(codes,)
    ) as pool:
        waiting = [pool.submit(check_in_worker, chunk) for chunk in chunks]
        try:
            for future in as_completed(waiting):
                yield future.result()
        except BrokenProcessPool as error:
            raise LintError(
                "A process that checked files died, perhaps for lack of memory.\n"
                "`understudy lint --jobs 1` checks in one process, file after file."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:  # the check itself reports it
        return 0


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
