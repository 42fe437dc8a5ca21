"""Which codec is it, and how well does it bear lost packets? The constants that ITU-T G.113 publishes.

Ie, Bpl: Appendix I of G.113 (09/2024) for the narrowband scale; Ie,wb: table IV.1 (listening with one ear) for the
wideband one. What nobody published is None and is not guessed: Opus, iLBC, Speex and AMR have no values there, and no
Bpl,wb exists for listening with one ear. They are planning values, as G.113 itself says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from collectors.voip.sdp import Format

__all__ = ["G711", "G711_BARE", "Codec", "codec_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """name: as engineers say it; ie, bpl: None where nothing is published.

    concealment_is_assumed: the constants are those with a receiver that hides losses, which no packet shows.
    """

    name: str
    ie: float | None = None
    bpl: float | None = None
    is_wideband: bool = False
    concealment_is_assumed: bool = False


G711_BARE = Codec(name="G.711 without concealment", ie=0.0, bpl=4.3)
G711 = Codec(name="G.711", ie=0.0, bpl=25.1, concealment_is_assumed=True)

_CODECS = {
    "PCMU": G711,
    "PCMA": G711,
    "G722": Codec(name="G.722", ie=13.0, is_wideband=True),
    "G723": Codec(name="G.723.1", ie=15.0, bpl=16.1),
    "G726-40": Codec(name="G.726 40 kbit/s", ie=2.0),
    "G726-32": Codec(name="G.726 32 kbit/s", ie=7.0),
    "G726-24": Codec(name="G.726 24 kbit/s", ie=25.0),
    "G726-16": Codec(name="G.726 16 kbit/s", ie=50.0),
    "G728": Codec(name="G.728", ie=7.0),
    "G729": Codec(name="G.729", ie=11.0, bpl=19.0),
    "GSM": Codec(name="GSM full rate", ie=20.0),
    "GSM-EFR": Codec(name="GSM enhanced full rate", ie=5.0, bpl=10.0),
    "GSM-HR-08": Codec(name="GSM half rate", ie=23.0),
    "AMR-WB": Codec(name="AMR-WB", is_wideband=True),
    "AMR": Codec(name="AMR"),
    "ILBC": Codec(name="iLBC"),
    "OPUS": Codec(name="Opus"),
    "SPEEX": Codec(name="Speex"),
}
# Ie,wb by mode of AMR-WB, as `mode-set` of RFC 4867 numbers them: 6.60 to 23.85 kbit/s. It is not in order of the rate.
_AMR_WB = (41.0, 26.0, 13.0, 10.0, 7.0, 5.0, 3.0, 1.0, 8.0)


def codec_of(sent: Format) -> Codec:
    """The codec behind a payload type; one without constants where they are not known.

    >>> codec_of(Format(number=8, encoding="PCMA", clock=8000)).bpl, codec_of(Format(number=96, encoding="OPUS")).ie
    (25.1, None)
    >>> codec_of(Format(number=97, encoding="AMR-WB", clock=16000, parameters="octet-align=1; mode-set=2")).ie
    13.0
    """
    codec = _CODECS.get(sent.encoding, Codec(name=sent.encoding or "?"))
    if sent.encoding == "AMR-WB":
        # Only one permitted mode says which is sent.
        words = sent.parameters.replace(" ", "").lower().split(";")
        modes = next((word.removeprefix("mode-set=") for word in words if word.startswith("mode-set=")), "")
        if modes.isascii() and modes.isdigit() and int(modes) < len(_AMR_WB):
            return replace(codec, ie=_AMR_WB[int(modes)])
    return codec
