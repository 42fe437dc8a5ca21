"""Property tests say nothing about time: a busy machine must not fail them.

The fast part tries a few examples of each, other ones every time; `HYPOTHESIS_PROFILE=thorough` tries many.
"""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", _PATIENT, max_examples=1000)
settings.register_profile("unhurried", _PATIENT, max_examples=20)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "unhurried"))

# A shell's job in the background ignores SIGINT, and so would every command that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
