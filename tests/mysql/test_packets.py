from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.mysql import packets
from understudy.mysql.fields import Malformed, Reader, lenenc_int
from understudy.mysql.packets import Err, Frames, Ok, Prepared

LONG = packets.LONGEST_FRAME


def received(data: bytes, piece: int) -> list[bytes]:
    frames = Frames()
    found = []
    for start in range(0, len(data), piece):
        frames.add(data[start : start + piece])
        found += list(frames)
    assert frames.rest == b""
    return found


@given(st.lists(st.binary(max_size=300)), st.integers(1, 50), st.integers(0, 255))
def test_packets_come_back_from_pieces_of_any_size(
    payloads: list[bytes], piece: int, sequence: int
) -> None:
    data, after = packets.frame(payloads, sequence)
    assert received(data, piece) == payloads
    assert after == (sequence + len(payloads)) % 256


@pytest.mark.parametrize(
    "length",
    [LONG, *(pytest.param(n, marks=pytest.mark.slow) for n in (LONG - 1, LONG + 1, 2 * LONG))],
)
def test_a_packet_of_16_mb_is_several_frames(length: int) -> None:
    payload = b"ab" * (length // 2) + b"c" * (length % 2)
    data, after = packets.frame([payload, b"next"], 254)
    frames = length // LONG + 1
    assert len(data) == length + 4 * frames + 4 + 4
    assert after == (254 + frames + 1) % 256
    assert received(data, 1 << 20) == [payload, b"next"]


def test_a_packet_that_is_too_long_is_refused_by_its_header() -> None:
    frames = Frames(longest=10)
    frames.add(b"\x0b\0\0\x05")
    with pytest.raises(packets.PacketTooLong):
        frames.next()
    assert frames.sequence == 5


@given(st.integers(0, (1 << 64) - 1))
def test_a_length_encoded_integer_comes_back(number: int) -> None:
    reader = Reader(lenenc_int(number))
    assert reader.lenenc_int() == number
    assert reader.at_end


@given(st.lists(st.none() | st.binary(max_size=400)))
def test_a_text_row_comes_back(values: list[bytes | None]) -> None:
    assert packets.read_text_row(packets.text_row(values), len(values)) == values


def test_a_row_of_more_values_than_columns_is_malformed() -> None:
    with pytest.raises(Malformed):
        packets.read_text_row(b"\x01a\x01b", 1)


@given(
    st.builds(
        Ok,
        st.integers(0, 1 << 40),
        st.integers(0, (1 << 64) - 1),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFF),
    ),
    st.sampled_from([0, 0xFE]),
)
def test_an_ok_packet_comes_back(packet: Ok, header: int) -> None:
    written = packets.ok(packet, header)
    assert packets.read_ok(written) == packet
    assert packets.is_end(written) == (header == 0xFE)


def test_an_eof_packet_is_read_as_ok() -> None:
    assert packets.read_ok(packets.eof(34, 2)) == Ok(status=34, warnings=2)
    assert packets.is_end(packets.eof(2))


def test_a_text_row_with_a_long_first_value_does_not_end_rows() -> None:
    assert not packets.is_end(packets.text_row([bytes(LONG + 1)]))


@given(st.builds(Err, st.integers(0, 0xFFFF), st.just("42S02"), st.text()))
def test_an_error_comes_back(packet: Err) -> None:
    assert packets.read_err(packets.err(packet)) == packet


def test_an_error_before_the_login_has_no_sqlstate() -> None:
    written = packets.err(Err(1040, "08004", "Too many connections"), before_login=True)
    assert written == b"\xff\x10\x04Too many connections"
    assert packets.read_err(written) == Err(1040, "HY000", "Too many connections")


def test_the_answer_to_prepare_comes_back() -> None:
    packet = Prepared(7, 3, 2, 1)
    assert packets.read_prepared(packets.prepared(packet)) == packet


@given(st.binary(max_size=40))
def test_bytes_that_are_no_packet_are_malformed_and_nothing_else(data: bytes) -> None:
    for read in (
        packets.read_ok,
        packets.read_err,
        packets.read_prepared,
        packets.read_column_definition,
        lambda data: packets.read_text_row(data, 2),
    ):
        with contextlib.suppress(Malformed):
            read(data)
