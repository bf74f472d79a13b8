"""The world of a snapshot file."""

import gzip
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from afterpost.domain.errors import InvalidInput
from afterpost.emulator import Dataset
from afterpost.emulator.dataset import BrandFrom

HEADER = "video_id,snapshot_date,published_at,title,channel,category,views,likes,comments"
ROWS = """\
-a,2026-01-02,2026-01-01T10:00:00Z,"One, two",Chan,Music,100,10,1
-a,2026-01-03,2026-01-01T10:00:00Z,"One, two",Chan,Music,90,,0
-a,2026-01-06,2026-01-05T08:00:00+01:00,Renamed,Chan 2,Film & Animation,200,20,
b,2026-01-02,2026-01-01T11:00:00Z,Other,Chan,Music,5,,
c,2026-01-03,2025-12-31T23:00:00Z,Late,Third,Music,7,0,0
"""
WHOLE = f"{HEADER}\n{ROWS}"
MUSIC = "UC512ab3c6b9869577bd4474"


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC)


def load(tmp_path: Path, text: str = WHOLE, brand_from: BrandFrom = "category") -> Dataset:
    file = tmp_path / "snapshots.csv"
    file.write_text(text, encoding="utf-8")
    return Dataset(file, brand_from=brand_from)


def account_of(dataset: Dataset, brand: str) -> str:
    return next(account_id for account_id, name in dataset.brands().items() if name == brand)


def test_a_row_becomes_true_at_noon_of_its_day(tmp_path: Path) -> None:
    dataset = load(tmp_path)
    assert dataset.post("-a", at(2, 11, 59)) is None
    assert dataset.metrics("-a", at(2, 11, 59)) == {}
    assert dataset.metrics("-a", at(2)) == {"views": 100, "likes": 10, "comments": 1}
    assert dataset.metrics("-a", at(3, 11, 59)) == {"views": 100, "likes": 10, "comments": 1}
    assert dataset.metrics("-a", at(30)) == {"views": 200, "likes": 20}


def test_an_empty_count_is_absent_and_zero_is_zero(tmp_path: Path) -> None:
    dataset = load(tmp_path)
    assert dataset.metrics("-a", at(3)) == {"views": 90, "comments": 0}
    assert dataset.metrics("b", at(3)) == {"views": 5}
    assert dataset.metrics("nobody", at(3)) == {}


def test_title_and_publication_are_those_of_the_last_row_so_far(tmp_path: Path) -> None:
    dataset = load(tmp_path)
    before, after = dataset.post("-a", at(3)), dataset.post("-a", at(6))
    assert before is not None
    assert after is not None
    assert (before.title, before.published_at) == ("One, two", at(1, 10))
    assert (after.title, after.published_at) == ("Renamed", at(5, 7))
    assert before.visible_from == after.visible_from == at(2)


def test_a_brand_is_the_last_value_of_the_column(tmp_path: Path) -> None:
    by_category = load(tmp_path)
    assert list(by_category.brands().values()) == ["Film & Animation", "Music"]
    film = account_of(by_category, "Film & Animation")
    assert [post.id for post in by_category.posts(film, at(2))] == ["-a"]
    assert list(load(tmp_path, brand_from="channel").brands().values()) == ["Chan", "Chan 2", "Third"]
    assert list(load(tmp_path, brand_from="none").brands().values()) == ["All videos"]
    with pytest.raises(InvalidInput, match="brand_from"):
        load(tmp_path, brand_from="title")  # type: ignore[arg-type]


def test_a_row_without_a_brand_belongs_to_one_all_the_same(tmp_path: Path) -> None:
    dataset = load(tmp_path, f"{HEADER}\nx,2026-01-02,2026-01-01T10:00:00Z,T,C, ,1,1,1\n")
    assert list(dataset.brands().values()) == ["Unnamed"]


def test_accounts_have_stable_ids_and_tokens_of_their_own(tmp_path: Path) -> None:
    dataset = load(tmp_path)
    assert account_of(dataset, "Music") == account_of(load(tmp_path, brand_from="category"), "Music")
    film, music = dataset.accounts()
    assert (film.name, film.handle) == ("Film & Animation", "@filmanimation")
    assert music.id == account_of(dataset, "Music")
    assert len(music.id) == 24
    assert dataset.account_for_token(film.token) == film
    assert dataset.account_for_refresh_token(music.refresh_token) == music
    assert len({film.token, film.refresh_token, music.token, music.refresh_token}) == 4


def test_the_newest_come_first_by_day_seen_then_publication_then_id(tmp_path: Path) -> None:
    text = HEADER + "".join(
        f"\n{post},2026-01-0{day},2026-01-01T{hour:02}:00:00Z,T,C,Music,1,1,1"
        for post, day, hour in (("a", 2, 10), ("b", 2, 11), ("c", 2, 11), ("d", 3, 9), ("e", 4, 9))
    )
    dataset = load(tmp_path, text)
    music = account_of(dataset, "Music")
    assert [post.id for post in dataset.posts(music, at(3))] == ["d", "c", "b", "a"]
    assert [post.id for post in dataset.posts(music, at(4))] == ["e", "d", "c", "b", "a"]
    assert [post.id for post in dataset.posts(music, at(2, 11))] == []
    assert [post.id for post in dataset.posts(music, at(2, 12))] == ["c", "b", "a"]
    assert dataset.posts("UCnobody", at(4)) == ()


def test_days_and_ids_on_a_day(tmp_path: Path) -> None:
    dataset = load(tmp_path)
    film, music = account_of(dataset, "Film & Animation"), account_of(dataset, "Music")
    assert dataset.days() == (date(2026, 1, 2), date(2026, 1, 3), date(2026, 1, 6))
    assert dataset.ids_on(date(2026, 1, 2)) == {film: ["-a"], music: ["b"]}
    assert dataset.ids_on(date(2026, 1, 3)) == {film: ["-a"], music: ["c"]}
    assert dataset.ids_on(date(2026, 1, 4)) == {}
    dataset.ids_on(date(2026, 1, 2))[film].append("not in the file")
    assert dataset.ids_on(date(2026, 1, 2))[film] == ["-a"]


def test_order_of_rows_and_columns_does_not_matter(tmp_path: Path) -> None:
    shuffled = "\n".join([HEADER, *reversed(ROWS.splitlines())])
    one, other = load(tmp_path), load(tmp_path, shuffled)
    assert one.brands() == other.brands()
    for day in range(1, 9):
        assert one.ids_on(date(2026, 1, day)) == other.ids_on(date(2026, 1, day))
        for account in one.accounts():
            assert one.posts(account.id, at(day)) == other.posts(account.id, at(day))
    moved = load(
        tmp_path,
        "likes,extra,comments,views,category,channel,title,published_at,snapshot_date,video_id\n"
        "10,?,1,100,Music,Chan,One,2026-01-01T10:00:00Z,2026-01-02,a\n",
    )
    assert moved.metrics("a", at(2)) == {"views": 100, "likes": 10, "comments": 1}


def test_gzip_and_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "snapshots.csv.gz"
    file.write_bytes(gzip.compress(b"\xef\xbb\xbf" + WHOLE.encode()))
    assert Dataset(file).brands() == load(tmp_path).brands()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Line 1: .*no column video_id, snapshot_date"),
        ("video_id,snapshot_date,published_at,title,channel,category,views,likes\n", "no column comments"),
        (f"{WHOLE}d,2026-01-02\n", "Line 7: 2 cells where the header has 9"),
        (
            f"{WHOLE}b,2026-01-02,2026-01-01T11:00:00Z,T,C,M,1,1,1\n",
            "Line 7: b has a second row for 2026-01-02",
        ),
        (f"{WHOLE},2026-01-02,2026-01-01T11:00:00Z,T,C,M,1,1,1\n", "Line 7: video_id '' is empty"),
        (f"{WHOLE}d e,2026-01-02,2026-01-01T11:00:00Z,T,C,M,1,1,1\n", "Line 7: video_id 'd e'"),
        (f"{WHOLE}d,02.01.2026,2026-01-01T11:00:00Z,T,C,M,1,1,1\n", "Line 7: snapshot_date '02.01.2026'"),
        (f"{WHOLE}d,2026-01-02,2026-01-01T11:00:00,T,C,M,1,1,1\n", "Line 7: published_at .* not an instant"),
        (f"{WHOLE}d,2026-01-02,yesterday,T,C,M,1,1,1\n", "Line 7: published_at 'yesterday'"),
        (f"{WHOLE}d,2026-01-02,2026-01-01T11:00:00Z,T,C,M,-1,1,1\n", "Line 7: views '-1' is not a count"),
        (f"{WHOLE}d,2026-01-02,2026-01-01T11:00:00Z,T,C,M,1,1.5,1\n", "Line 7: likes '1.5' is not a count"),
        (f"{WHOLE}d,2026-01-02,2026-01-01T11:00:00Z,T,C,M,1,1,{2**63}\n", "Line 7: comments .* not a count"),
        (f'{WHOLE}d,2026-01-02,2026-01-01T11:00:00Z,"T"x,C,M,1,1,1\n', "Line 7: not readable as CSV"),
        (f'{WHOLE}d,2026-01-02,2026-01-01T11:00:00Z,"T,C,M,1,1,1\n', "not readable as CSV"),
        (f"{HEADER}\na,2026-01-02,9999-12-31T23:59:59-12:00,T,C,M,1,1,1\n", "Line 2: published_at"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        load(tmp_path, text)


def test_files_that_are_no_text_at_all(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"missing\.csv can't be read"):
        Dataset(tmp_path / "missing.csv")
    file = tmp_path / "latin.csv"
    file.write_bytes(HEADER.encode() + b"\n\xe9")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        Dataset(file)
    broken = tmp_path / "broken.csv.gz"
    for content in (b"no gzip at all", gzip.compress(WHOLE.encode())[:-12], b"\x1f\x8b\x08\x00" + b"\0" * 20):
        broken.write_bytes(content)
        with pytest.raises(InvalidInput, match=r"broken\.csv\.gz can't be read"):
            Dataset(broken)


REAL = Path(__file__).resolve().parents[5] / "shared" / "data" / "yt_trending_africa.csv.gz"


@pytest.mark.skipif(not REAL.exists(), reason="the recorded snapshots are not beside this checkout")
def test_the_recorded_snapshots() -> None:
    dataset = Dataset(REAL)
    days = dataset.days()
    assert (len(days), days[0], days[-1]) == (256, date(2025, 12, 10), date(2026, 8, 22))
    assert all(later - day == timedelta(days=1) for day, later in pairwise(days))
    assert sum(len(ids) for day in days for ids in dataset.ids_on(day).values()) == 67_695
    end = datetime(2026, 8, 22, 12, tzinfo=UTC)
    posts = [post for account in dataset.accounts() for post in dataset.posts(account.id, end)]
    assert len({post.id for post in posts}) == len(posts) == 9_056
    assert dataset.metrics("--i8M_upJSc", datetime(2026, 3, 11, 11, tzinfo=UTC)) == {
        "views": 682_897,
        "likes": 1_509,
        "comments": 0,
    }
