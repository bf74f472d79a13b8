"""The same questions to DuckDB, over the facts: a native table with every dimension beside each snapshot.

Gains cover days that were not observed, so what was earned in a window is worked out per row: of a gain over
`days` days, the parts that fall into it. Written for DuckDB's strengths; nothing is summed up beforehand.
"""

from typing import Any

import duckdb

SHOWN = ("views", "likes", "comments", "shares", "saves")
RANKED = ("views", "impressions", "likes", "comments", "shares", "saves")


def _part(metric: str, start: str, end: str) -> str:
    """What of a row's gain is booked to the days [start, end]."""
    gain, before = f"{metric}_gain", "(day - days)"
    first, last = f"greatest(1, {start} - {before})", f"least(days, {end} - {before})"
    return f"{gain} * {last} // days - {gain} * ({first} - 1) // days"


def _earned(start: str, end: str, metrics: tuple[str, ...] = SHOWN) -> str:
    return ", ".join(f"sum({_part(name, start, end)})::BIGINT" for name in metrics)


_HERE = "organization_id = $organization"
_COVERS = "days > 0 AND day >= $start AND day - days < $end"
_WINDOW = "day BETWEEN $start AND $end"


class Duck:
    """Answers about one organisation (`organization`), or all (None), in the window [start, end].

    Every post published before `published_before` is due once a day, until it is gone.
    """

    def __init__(
        self,
        path: str,
        organization: int,
        start: int,
        end: int,
        published_before: int,
    ) -> None:
        self.connection = duckdb.connect(path, read_only=True, config={"threads": 2})
        self.names = {"organization": organization, "start": start, "end": end}
        length = end - start + 1
        self.before = {"organization": organization, "start": start - length, "end": start - 1}
        self.begins = {"begins": start * 86_400_000_000, "until": published_before}

    def ask(self, sql: str, names: dict[str, int]) -> list[tuple[Any, ...]]:
        """All rows; only the parameters the statement has are given."""
        used = {name: value for name, value in names.items() if f"${name}" in sql}
        return self.connection.execute(sql, used).fetchall()

    def earned(self, names: dict[str, int]) -> tuple[Any, ...]:
        """Each shown metric, booked to the window."""
        sql = f"SELECT {_earned('$start', '$end')} FROM facts WHERE {_HERE} AND {_COVERS}"
        return self.ask(sql, names)[0]

    def week_over_week(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Earned in the window and in the one before."""
        return self.earned(self.names), self.earned(self.before)

    def lifetime(self) -> tuple[Any, ...]:
        """Sums of last known totals at the window's end."""
        last = ", ".join(f"arg_max({name}_total, day) AS {name}" for name in SHOWN)
        sums = ", ".join(f"sum({name})::BIGINT" for name in SHOWN)
        sql = f"SELECT {sums} FROM (SELECT {last} FROM facts WHERE {_HERE} AND day <= $end GROUP BY post_id)"
        return self.ask(sql, self.names)[0]

    def distinct(self) -> int:
        """Posts observed in the window."""
        found: int = self.ask(
            f"SELECT count(DISTINCT post_id) FROM facts WHERE {_HERE} AND {_WINDOW}", self.names
        )[0][0]
        return found

    def coverage(self, *, everywhere: bool = False) -> tuple[Any, ...]:
        """(expected, observed, whether one of them was not read since)."""
        here = "true" if everywhere else _HERE
        return self.ask(
            f"WITH expected AS (SELECT id, gone_at FROM posts WHERE {here} AND published_at < $until "
            "AND (gone_at IS NULL OR gone_at >= $begins)), "
            f"seen AS (SELECT post_id, max({_WINDOW}) AS inside, max(day) AS last FROM facts "
            f"WHERE {here} AND day >= $start GROUP BY post_id) "
            "SELECT count(*), count(*) FILTER (inside), "
            "coalesce(bool_or(gone_at IS NULL AND coalesce(last, 0) <= $end), false) "
            "FROM expected LEFT JOIN seen ON seen.post_id = expected.id",
            self.names | self.begins,
        )[0]

    def overview(self) -> tuple[Any, ...]:
        """What the overview shows."""
        platforms = self.ask(
            f"SELECT platform, sum({_part('views', '$start', '$end')})::BIGINT FROM facts "
            f"WHERE {_HERE} AND {_COVERS} GROUP BY platform ORDER BY platform",
            self.names,
        )
        brands = self.ask(
            f"SELECT count(DISTINCT brand_id) FROM facts WHERE {_HERE} AND {_WINDOW}", self.names
        )
        return (
            *self.week_over_week(),
            self.lifetime(),
            self.distinct(),
            brands[0][0],
            tuple(name for name, _ in platforms),
            self.coverage(),
        )

    def by(self, dimension: str, *, everywhere: bool = False) -> list[tuple[Any, ...]]:
        """(key, posts, earned, earned before) of each value of a dimension."""
        here = "true" if everywhere else _HERE

        def earned(names: dict[str, int]) -> dict[Any, tuple[Any, ...]]:
            sql = (
                f"SELECT {dimension}, {_earned('$start', '$end')} FROM facts WHERE {here} AND {_COVERS} "
                f"GROUP BY {dimension}"
            )
            return {key: tuple(values) for key, *values in self.ask(sql, names)}

        posts = self.ask(
            f"SELECT {dimension}, count(DISTINCT post_id) FROM facts WHERE {here} AND {_WINDOW} "
            f"GROUP BY {dimension} ORDER BY {dimension}",
            self.names,
        )
        now, before = earned(self.names), earned(self.before)
        return [(key, count, now[key], before[key]) for key, count in posts]

    def timeseries(self) -> list[tuple[Any, ...]]:
        """(day, earned) of each day."""
        return self.ask(
            f"SELECT d, {_earned('d', 'd')} FROM facts, range($start, $end + 1) AS days_of(d) "
            f"WHERE {_HERE} AND {_COVERS} AND d <= day AND d > day - days GROUP BY d ORDER BY d",
            self.names,
        )

    def standings(self, published_from: int, published_until: int) -> list[tuple[Any, ...]]:
        """(post, account, platform, type, publication, totals) of what came out in that span, as it stood at
        the window's end."""
        last = ", ".join(f"arg_max({name}_total, day)" for name in RANKED)
        return self.ask(
            f"SELECT post_id, any_value(f.account_id), any_value(f.platform), any_value(f.content_type), "
            f"any_value(p.published_at), {last} FROM facts f JOIN posts p ON p.id = f.post_id "
            "WHERE f.organization_id = $organization AND p.published_at BETWEEN $since AND $until "
            "AND day <= $end GROUP BY post_id",
            self.names | {"since": published_from, "until": published_until},
        )

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
