"""Dead letters kept in memory, newest first; pages as the real ones give them."""

from __future__ import annotations

from dataclasses import replace

from podcore.errors import ConfigError
from podtwin.letters import Letter, LetterQuery, Position, Stage


def a_letter(number: int = 1, **changed: object) -> Letter:
    plain = Letter(
        id=f"i{number}",
        stage=Stage.INTAKE,
        at_ns=number * 10**9,
        first_ns=number * 10**9,
        count=1,
        site="ams-03",
        node="gw-1",
        topic="podtwin/v1/ams-03/gw-1/telemetry",
        reason="not_json",
        place="payload",
        value="b'rubbish'",
        rule="a payload is one JSON object",
        way_out="validate what the sender makes with a JSON parser",
        payload=b"rubbish",
        size=7,
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


class MemoryLetters:
    def __init__(self, *letters: Letter) -> None:
        self.kept = list(letters)
        self.asked: list[tuple[str, str]] = []

    def page(self, query: LetterQuery) -> tuple[list[Letter], Position | None]:
        names = [each.id for each in self.kept]
        start = names.index(f"i{query.after.intake}") + 1 if query.after.intake else 0
        found = [each for each in self.kept[start:] if query.wants(each)]
        more = len(found) > query.limit
        found = found[: query.limit]
        return found, Position(intake=found[-1].id[1:]) if more else None

    def get(self, letter: str) -> Letter | None:
        return next((each for each in self.kept if each.id == letter), None)

    def retry(self, letter: Letter, by: str, now_ns: int, new_id: str) -> str:
        if letter.why_not:
            raise ConfigError("letter", letter.id, letter.why_not)
        self.asked.append((letter.id, by))
        return new_id
