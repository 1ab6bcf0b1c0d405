"""What the pen packs is what `msgpack` packs, byte for byte: logs are read by others, and heads are hashed over it."""

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from engine.pen import pack

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=300)
    | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=40), inner, max_size=20),
    max_leaves=30,
)


@given(part=st.dictionaries(st.text(max_size=40), VALUES, max_size=20))
def test_a_part_is_packed_as_msgpack_packs_it(part: dict[str, object]) -> None:
    assert pack(part) == msgpack.packb(part)
