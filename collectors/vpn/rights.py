"""How is asked what only root may see? As the account first, then through a sudo rule that names just that command.

The commands read and show no key: never `wg show all dump`, `wg showconf` or `ip xfrm state` without `nokeys`.
"""

from __future__ import annotations

from collectors import Kind, Ran, Shell, Unanswered
from collectors.plain import plain

__all__ = ["NOT_FOUND", "allowed", "is_denied", "unparsable"]

# env and shells answer 126 for a folder that is closed to the account, 127 for a command that is not there.
NOT_FOUND = (126, 127)
_DENIED = ("not permitted", "permission denied", "access denied", "must be root", "insufficient permissions")
_SUDO = ("sudo", "-n", "--")


def unparsable(what: str, text: str = "") -> Unanswered:
    """The answer is not what it must be; `text` is the part that shows it."""
    shown = f": {plain(text, 120)}" if text.strip() else ""
    return Unanswered(Kind.UNPARSABLE, what + shown)


def is_denied(ran: Ran) -> bool:
    """Say whether a command failed for want of rights."""
    said = f"{ran.stderr}\n{ran.stdout[:2000]}".lower()
    return ran.code != 0 and any(words in said for words in _DENIED)


async def allowed(host: Shell, *argv: str, deadline: float = 20.0) -> Ran | None:
    """Run a command as the account, and through sudo where that is denied; None where the host has no such command.

    argv: with the command's whole path, as a sudo rule needs it. Raises Unanswered when neither may run it: the text
    names the rule that is lacking.
    """
    ran = await host.run(*argv, deadline=deadline)
    if ran.code in NOT_FOUND and not ran.stdout:
        return None
    if not is_denied(ran):
        return ran
    raised = await host.run(*_SUDO, *argv, deadline=deadline)
    if raised.code in NOT_FOUND or (raised.code and _is_refused(raised)):
        raise Unanswered(
            Kind.UNPARSABLE,
            f"only root may ask this: allow the account '{' '.join(argv)}' in sudoers, without a password",
        )
    return raised


def _is_refused(ran: Ran) -> bool:
    """Say whether sudo itself said no; what it runs may fail as well."""
    said = ran.stderr.lstrip()
    return said.startswith(("sudo:", "Sorry, user")) or "is not in the sudoers file" in said
