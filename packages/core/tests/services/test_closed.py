"""Waiting for a plugin: each way an answer can come, fail to come, or be refused."""

import asyncio
from collections.abc import Awaitable, Callable, Generator

import pytest

from afterpost.services.closed import Misbehaved, contained

PATIENCE = 10.0


async def at_once() -> str:
    return "yes"


async def after_two_waits() -> str:
    await asyncio.sleep(0)
    answer = await asyncio.get_running_loop().run_in_executor(None, lambda: "yes")
    await asyncio.sleep(0.001)
    return answer


async def in_a_task_of_its_own() -> str:
    return await asyncio.create_task(after_two_waits())


class NoCoroutine:
    def __await__(self) -> Generator[object, None, str]:
        return after_two_waits().__await__()


@pytest.mark.parametrize("ask", [at_once, after_two_waits, in_a_task_of_its_own, NoCoroutine])
def test_an_answer_comes_out_however_it_is_come_by(ask: Callable[[], Awaitable[str]]) -> None:
    assert asyncio.run(contained(ask, PATIENCE)) == "yes"


@pytest.mark.parametrize("waits", [0, 1, 2])
def test_what_it_raises_comes_out_however_late(waits: int) -> None:
    async def raising() -> None:
        for _ in range(waits):
            await asyncio.sleep(0)
        raise LookupError("its own")

    with pytest.raises(LookupError, match="its own"):
        asyncio.run(contained(raising, PATIENCE))


@pytest.mark.parametrize("waits", [0, 1])
@pytest.mark.parametrize("leaving", [SystemExit, GeneratorExit])
def test_it_cannot_end_the_process(waits: int, leaving: type[BaseException]) -> None:
    async def ending() -> None:
        for _ in range(waits):
            await asyncio.sleep(0)
        raise leaving

    with pytest.raises(Misbehaved, match="tried to end the process"):
        asyncio.run(contained(ending, PATIENCE))


@pytest.mark.parametrize("waits", [0, 1])
def test_it_cannot_cancel_itself_and_us_with_it(waits: int) -> None:
    async def cancelling() -> None:
        for _ in range(waits):
            await asyncio.sleep(0)
        raise asyncio.CancelledError

    with pytest.raises(Misbehaved, match="cancelled itself"):
        asyncio.run(contained(cancelling, PATIENCE))


def test_one_that_never_answers_is_given_up_and_hears_of_it() -> None:
    heard: list[str] = []

    async def silent() -> None:
        await asyncio.sleep(0)
        try:
            await asyncio.Event().wait()
        finally:
            heard.append("cancelled")

    with pytest.raises(TimeoutError):
        asyncio.run(contained(silent, 0.01))
    assert heard == ["cancelled"]


def test_a_wait_that_fails_is_told_to_who_waits() -> None:
    async def recovering() -> str:
        failing: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(failing.set_exception, OSError("gone"))
        try:
            return await failing
        except OSError as error:
            return f"without it: {error}"

    assert asyncio.run(contained(recovering, PATIENCE)) == "without it: gone"


def test_when_we_are_cancelled_so_is_it() -> None:
    heard: list[str] = []

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            heard.append("cancelled")
            raise

    async def ours() -> None:
        task = asyncio.create_task(contained(waiting, PATIENCE))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(ours())
    assert heard == ["cancelled"]


def test_its_own_patience_ends_in_its_own_time() -> None:
    async def impatient() -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return "gave up by itself"
        return "never"

    assert asyncio.run(contained(impatient, PATIENCE)) == "gave up by itself"
