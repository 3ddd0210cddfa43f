"""Bytes of something valid, changed a little: a bit flipped, bytes put in, left out, doubled, cut."""

from __future__ import annotations

from hypothesis import strategies as st


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw what is not `content` but nearly so: one to three small changes."""
    found = content
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, max(0, len(found) - 1)))
        end = min(len(found), start + draw(st.sampled_from([1, 1, 2, 31, 32, 33])))
        before, part, after = found[:start], found[start:end], found[end:]
        found = draw(
            st.sampled_from(
                [
                    before
                    + bytes(one ^ 1 << draw(st.integers(0, 7)) for one in part[:1])
                    + found[start + 1 :],
                    before + draw(st.binary(min_size=1, max_size=33)) + found[start:],
                    before + after,
                    before + part + part + after,
                    before + after[: len(part)] + part + after[len(part) :],
                    before,
                ]
            )
        )
    return found if found != content else content + b"\x00"
