"""The fixture `event_loop`: a loop for sync tests, gone without a trace afterwards."""

from __future__ import annotations

from tests.plugin.conftest import Project


def test_a_sync_test_runs_what_is_async(project: Project) -> None:
    project.write(
        test_it="""
            import asyncio
            import pytest

            async def twice(n):
                await asyncio.sleep(0)
                return 2 * n

            loops = []

            def test_one(event_loop):
                assert event_loop.run_until_complete(twice(2)) == 4
                loops.append(event_loop)

            def test_two(event_loop):
                assert event_loop is not loops[0]
                assert loops[0].is_closed()
                assert not event_loop.is_closed()
        """
    )
    project.passes("-W", "error", passed=2)
    project.passes("-W", "error", passed=2, asyncio=False)
    project.passes("-W", "error", "--asyncio-mode=auto", passed=2)


def test_the_loop_is_not_left_as_the_current_one(project: Project) -> None:
    project.write(
        test_it="""
            import asyncio, warnings

            def test_one(event_loop):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        current = asyncio.get_event_loop()
                    except RuntimeError:
                        return
                try:
                    assert current is not event_loop
                finally:
                    current.close()
                    asyncio.set_event_loop(None)
        """
    )
    project.passes(asyncio=False)


def test_what_is_left_on_the_loop_is_cancelled(project: Project) -> None:
    project.write(
        test_it="""
            import asyncio

            ended = []

            async def forever():
                try:
                    await asyncio.sleep(1000)
                finally:
                    ended.append("cancelled")

            async def numbers():
                try:
                    yield 1
                finally:
                    ended.append("closed")

            left = []

            async def begin():
                left.append(numbers())
                await anext(left[0])

            def test_one(event_loop):
                event_loop.create_task(forever())
                event_loop.run_until_complete(begin())

            def test_two():
                assert ended == ["cancelled", "closed"]
        """
    )
    project.passes("-W", "error", "--understudy-check-tasks=off", passed=2)


def test_an_exception_from_what_is_left_is_logged(project: Project) -> None:
    project.write(
        test_it="""
            import asyncio

            async def stubborn():
                try:
                    await asyncio.sleep(1000)
                finally:
                    raise ValueError("would not go")

            def test_one(event_loop):
                event_loop.create_task(stubborn())
                event_loop.run_until_complete(asyncio.sleep(0))
                assert False, "show the log"
        """
    )
    result = project.passes(failed=1)
    result.stdout.fnmatch_lines(["*unhandled exception during asyncio.run() shutdown*"])
    result.stdout.fnmatch_lines(["*ValueError: would not go*"])


def test_a_test_may_close_the_loop_itself(project: Project) -> None:
    project.write(test_it="def test_it(event_loop): event_loop.close()")
    project.passes("-W", "error")


def test_an_async_test_is_told_of_its_own_loop(project: Project) -> None:
    project.write(test_it="async def test_it(event_loop): pass")
    assert project.message("test_it", "--asyncio-mode=auto") == (
        "`event_loop` is a fresh loop for sync tests; test_it is async and runs in a loop of its"
        " own already, so nothing would ever run in this one.\n"
        "Use asyncio.get_running_loop() in the test instead."
    )
