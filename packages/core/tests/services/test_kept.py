"""What is kept is given back for the same mark only, and never more than there is room for."""

from afterpost.services.kept import Kept


def test_another_mark_is_another_answer() -> None:
    kept: Kept[str] = Kept()
    kept.put("question", 1, "answer")
    assert kept.get("question", 1) == "answer"
    assert kept.get("question", 2) is None
    kept.put("question", 2, "another")
    assert kept.get("question", 1) is None
    assert kept.get("question", 2) == "another"


def test_what_was_not_asked_for_the_longest_goes_first() -> None:
    kept: Kept[str] = Kept(most=2)
    kept.put("a", 1, "A")
    kept.put("b", 1, "B")
    assert kept.get("a", 1) == "A"
    kept.put("c", 1, "C")
    assert [kept.get(key, 1) for key in "abc"] == ["A", None, "C"]


def test_no_more_than_there_is_room_for() -> None:
    kept: Kept[bytes] = Kept(bytes_in=len, room=10)
    kept.put("a", 1, b"12345678")
    kept.put("a", 2, b"1234")
    kept.put("b", 1, b"123456")
    assert kept.get("a", 2) == b"1234"
    kept.put("c", 1, b"1234567")
    assert [kept.get("a", 2), kept.get("b", 1), kept.get("c", 1)] == [None, None, b"1234567"]
    kept.put("d", 1, b"longer than all the room there is")
    assert kept.get("d", 1) is None
