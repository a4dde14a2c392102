"""The packed part tree."""

from mailstead.mime import parts

LEAF = parts.Part("text", "plain", "utf-8", "7bit", "", (40, 50), (50, 60), ())
ROOT = parts.Part("multipart", "mixed", "", "7bit", "", (0, 30), (30, 90), (LEAF,))


def test_unpack_undoes_pack() -> None:
    assert ROOT == parts.unpack(parts.pack(ROOT))


def test_shift_moves_everything_but_the_start() -> None:
    moved = parts.unpack(parts.shift(parts.pack(ROOT), 7))
    assert ((0, 37), (37, 97)) == (moved.header, moved.body)
    assert ((47, 57), (57, 67)) == (moved.children[0].header, moved.children[0].body)
