"""MQTT topic filters: reading them, matching topics, finding out whether two can meet."""

from __future__ import annotations

from dataclasses import dataclass

from podcore.topic import ROOT

MAX_FILTER = 1_024  # characters; MQTT allows 65,535, of which nobody writes a tenth
_RULE = "a topic filter has + for one level, # for all that follow and only at its end"


@dataclass(frozen=True, slots=True)
class TopicFilter:
    """What topics are meant: `telegraf/+/cpu`, `plant/#`."""

    text: str
    levels: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> TopicFilter:
        """The filter in `text`.

        Raises
        ------
        ValueError  When it is none.
        """
        levels = tuple(text.split("/"))
        wild = [level for level in levels if "+" in level or "#" in level]
        if (
            not text
            or len(text) > MAX_FILTER
            or not text.isprintable()
            or any(len(level) > 1 for level in wild)
            or "#" in levels[:-1]
        ):
            raise ValueError(_RULE)
        if levels[0].startswith("$"):
            raise ValueError("topics that begin with $ are the broker's own")
        return cls(text, levels)

    def matches(self, topic: str) -> bool:
        """Whether a topic is meant."""
        parts = topic.split("/")
        if parts[0].startswith("$"):
            return False
        if self.levels[-1] == "#":
            head = self.levels[:-1]
            parts = parts[: len(head)]
        else:
            head = self.levels
        return len(parts) == len(head) and all(
            level in {"+", part} for level, part in zip(head, parts, strict=True)
        )

    def overlaps(self, other: TopicFilter) -> bool:
        """Whether some topic is meant by both."""
        for ours, theirs in zip(self.levels, other.levels, strict=False):
            if "#" in {ours, theirs}:
                return True
            if ours != theirs and "+" not in {ours, theirs}:
                return False
        shorter, longer = sorted((self.levels, other.levels), key=len)
        # `a/#` also means `a`.
        return len(shorter) == len(longer) or longer[len(shorter) :] == ("#",)

    def __str__(self) -> str:
        return self.text


NATIVE = TopicFilter.parse(f"{ROOT}/#")  # everything below belongs to PodTwin's own messages
