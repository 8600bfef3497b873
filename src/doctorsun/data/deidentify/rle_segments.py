"""RLE pixels without what their segments hold behind the picture."""

import struct

from doctorsun.data.deidentify.refusal import Refusal

HEADER, MOST_SEGMENTS, PLAIN_RUNS, NOTHING = 64, 15, 128, 128


def rle_alone(frame: bytes, num_pixels: int) -> bytes:
    """Return an RLE frame with each segment cut where its pixels are decoded, and nothing between segments.

    Source: PS3.5 G.3 (runs), G.5 (header).

    Args:
        frame: the stream of one frame.
        num_pixels: bytes that each segment decodes to.

    Raises:
        Refusal: a segment decodes to another number of bytes.
    """
    number, *offsets = struct.unpack_from("<16L", frame)
    if not 0 < number <= MOST_SEGMENTS:
        raise Refusal("damaged: an RLE frame of no sound header")
    ends = [*offsets[1:number], len(frame)]
    segments = [_segment_alone(frame[start:end], num_pixels) for start, end in zip(offsets, ends, strict=False)]
    starts = [HEADER + sum(map(len, segments[:place])) for place in range(number)]
    unused = [0] * (MOST_SEGMENTS - number)
    return struct.pack("<16L", number, *starts, *unused) + b"".join(segments)


def _segment_alone(segment: bytes, num_pixels: int) -> bytes:
    """Return the runs that make up the pixels, without runs of nothing, of even length."""
    kept, position, decoded = bytearray(), 0, 0
    while decoded < num_pixels:
        head = segment[position]
        size = head + 2 if head < PLAIN_RUNS else 1 if head == NOTHING else 2
        run = segment[position : position + size]
        if len(run) < size:
            raise IndexError(position)
        if head != NOTHING:
            kept += run
            decoded += head + 1 if head < PLAIN_RUNS else 257 - head
        position += size
    if decoded != num_pixels:
        raise Refusal("damaged: an RLE segment of more pixels than the header tells")
    return bytes(kept) + b"\0" * (len(kept) % 2)
