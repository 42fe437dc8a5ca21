"""Which finding explains which among switches: roots, loops, changes of the topology, ports that are held back?"""

from __future__ import annotations

from collectors import Finding
from controller.links import Rule, Sure, same, same_host

__all__ = ["NET_RULES"]


def _likely(_cause: Finding, _effect: Finding) -> Sure | None:
    """Of a whole site, where nothing names the other."""
    return "likely"


def _same_pair(cause: Finding, effect: Finding) -> Sure | None:
    """Both speak of the same two switches, with their ports or without."""
    pairs = ({str(one.facts.get(end, "")).partition(" ")[0] for end in ("a", "b")} for one in (cause, effect))
    first, second = pairs
    return "likely" if first == second != {""} else None


def _same_tree(cause: Finding, effect: Finding) -> Sure | None:
    """Both speak of one tree: what is wrong with its root or its links shows in its changes."""
    trees = str(cause.facts.get("tree", "")).split(", ")
    return "likely" if str(effect.facts.get("tree", "")) in trees else None


def _at_its_end(cause: Finding, effect: Finding) -> Sure | None:
    """The port that the cause names on its host, or an end of its link, is an end of the effect's link."""
    ends = {
        f"{cause.host} {cause.facts.get('port', '')}",
        *(str(cause.facts.get(one, "")) for one in ("a", "b")),
    }
    return (
        "certain" if ends & {str(effect.facts.get(one, "")) for one in ("a", "b", "entry")} - {""} else None
    )


def _is_its_origin(cause: Finding, effect: Finding) -> Sure | None:
    """The changes of a tree come from one port, whichever switch counts them."""
    return same("tree")(cause, effect)


def _on_its_cable(cause: Finding, effect: Finding) -> Sure | None:
    """The effect is at one of the two ports that the cause names: its own, or the far one."""
    ends = {(cause.host, cause.facts.get("port")), (cause.facts.get("other"), cause.facts.get("far"))}
    return "certain" if (effect.host, effect.facts.get("port")) in ends else None


def _of_its_aggregate(cause: Finding, effect: Finding) -> Sure | None:
    """Both speak of one aggregate of one host, or the cause leads to the host whose member is left out."""
    if cause.host == effect.host and cause.facts.get("aggregate") == effect.facts.get("aggregate"):
        return "certain"
    return "likely" if cause.facts.get("other") == effect.host else None


_CHANGES = ("net.tree-changes-storm", "net.tree-changes-often")
_HELD = ("net.port-inconsistent", "net.port-broken", "net.port-err-disabled")
_LINKS = ("net.roots-disagree", "net.loop-open", "net.root-way-held-back")

_BROKEN_FRAMES = ("net.late-collisions", "net.port-errors", "net.port-errors-heavy")

NET_RULES: tuple[Rule, ...] = (
    Rule("net.duplex-differs", ("net.half-duplex", *_BROKEN_FRAMES), _on_its_cable, far=True),
    Rule("net.half-duplex", _BROKEN_FRAMES, _on_its_cable),
    Rule("net.link-slow", _BROKEN_FRAMES, _on_its_cable, far=True),
    Rule("net.native-vlan-differs", ("net.port-inconsistent",), _on_its_cable, far=True),
    Rule("net.native-vlan-differs", _LINKS, _at_its_end, far=True),
    Rule("net.lag-crossed", ("net.lag-member-out",), _of_its_aggregate, far=True),
    Rule("net.cable-crossed", _LINKS, _at_its_end, far=True),
    Rule("net.hears-itself", (*_CHANGES, "net.loop-open"), _likely),
    # Who answers nobody does not answer SNMP either.
    Rule("reach.no-answer", ("reach.snmp-silent",), same_host),
    Rule("net.tree-changes-origin", _CHANGES, _is_its_origin, far=True),
    *(Rule(held, _LINKS, _at_its_end, far=True) for held in _HELD),
    Rule("net.port-inconsistent", ("net.port-broken",), same("port")),
    *(
        Rule(deaf, ("net.loop-open", "net.roots-disagree"), _at_its_end, far=True)
        for deaf in ("net.edge-to-bridge", "net.port-without-tree")
    ),
    Rule("net.roots-disagree", ("net.loop-open",), _at_its_end, far=True),
    # What falls apart elects roots of its own, and changes with every link of it.
    Rule("net.roots-disagree", ("net.root-wrong", "net.root-default", *_CHANGES), _same_tree, far=True),
    # A root that was not planned turns the ways round, and brings its own timers.
    Rule(
        "net.root-wrong",
        (
            "net.root-cost-wrong",
            "net.root-cost-disagrees",
            "net.timers-differ",
            "net.tree-timers-unsound",
            *_CHANGES,
        ),
        _same_tree,
        far=True,
    ),
    Rule("net.region-differs", ("net.roots-disagree", "net.root-cost-disagrees"), _same_pair, far=True),
    # Frames that go round fill every link, and the switches lose BPDUs over it.
    *(
        Rule(loop, (*_CHANGES, "net.tree-changes-origin", "net.root-is-backup"), _likely, far=True)
        for loop in ("net.loop-open", "net.tree-off-on-loop", "net.port-without-tree")
    ),
)
