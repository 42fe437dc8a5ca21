"""How does the event loop wait for a library that blocks? In a thread, in the context of the question that asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from typing import TypeVar

__all__ = ["in_thread"]

T = TypeVar("T")


async def in_thread(threads: Executor, ask: Callable[[], T]) -> T:
    """In the context of the question that asks: what a wall holds back there is told as that question's."""
    return await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, ask)
