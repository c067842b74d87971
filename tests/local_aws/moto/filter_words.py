"""CloudWatch Logs: filter patterns for events that are not JSON, matched in a simple way.

Source: CloudWatch Logs User Guide, "Using filter patterns to match terms in unstructured log
events" and "... in space-delimited log events". Terms with other than letters, digits and
underscores stand in double quotes. Not looked at: how AWS splits an event into fields beyond
spaces, quotes and square brackets.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

TERM = re.compile(
    r'''\s*(?P<mark>[-?]?)
    (?:(?P<quoted>"(?:[^"\\]|\\.)*")|%(?P<regex>[^%]+)%|(?P<word>\w+))(?=\s|$)''',
    re.VERBOSE,
)
FIELD = re.compile(r"[\w.-]+|\.\.\.")
CONDITION = re.compile(
    r'''(?P<name>[\w.-]+)\s*(?P<sign><=|>=|!=|=|<|>)\s*
    (?P<value>"[^"]*"|%[^%]+%|[^\s,&|"]+)''',
    re.VERBOSE,
)
PART = re.compile(r'"[^"]*"|\[[^\]]*\]|\S+')


class InvalidPattern(ValueError):
    """A text that is no filter pattern."""


def quoted(text: str) -> str:
    """What stands between double quotes; a backslash takes the next character as it is."""
    return re.sub(r"\\(.)", r"\1", text[1:-1])


@dataclass(frozen=True)
class Words:
    """Terms: all of those without a mark, one of those with ?, none of those with -."""

    terms: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> Words:
        """The terms of a text; without any, every event matches."""
        found, at, text = [], 0, text.strip()
        while at < len(text):
            term = TERM.match(text, at)
            if term is None:
                raise InvalidPattern(f"Invalid character(s) in term {text[at:].split()[0]!r}")
            plain = term["word"] or (quoted(term["quoted"]) if term["quoted"] else "")
            found.append((term["mark"], f"%{term['regex']}" if term["regex"] else plain))
            at = term.end()
        return cls(tuple(found))

    def extracted(self, message: str) -> dict[str, str] | None:
        """Nothing of an event that they match; None of another."""

        def there(mark: str) -> list[bool]:
            return [_has(message, term) for sign, term in self.terms if sign == mark]

        needed, either = there(""), there("?")
        enough = bool(needed) or not either or any(either)
        return {} if all(needed) and not any(there("-")) and enough else None


def _has(message: str, term: str) -> bool:
    return bool(re.search(term[1:], message)) if term.startswith("%") else term in message


@dataclass(frozen=True)
class Row:
    """Fields in their order, some with conditions: [ip, user, status = 4*, ...]."""

    fields: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Row:
        """The fields of a text in square brackets."""
        if not text.endswith("]"):
            raise InvalidPattern("the bracket is not closed")
        fields = tuple(field.strip() for field in text[1:-1].split(","))
        for field in fields:
            parts = [part.strip() for part in re.split(r"&&|\|\|", field)]
            if not FIELD.fullmatch(field) and not all(map(CONDITION.fullmatch, parts)):
                raise InvalidPattern(f"the field {field!r}")
        return cls(fields)

    def extracted(self, message: str) -> dict[str, str] | None:
        """The fields of an event that it matches; None of another."""
        parts = [part.strip('"[]') for part in PART.findall(message)]
        fields = list(self.fields)
        if "..." in fields:
            at, more = fields.index("..."), len(parts) - len(fields) + 1
            fields[at : at + 1] = [f"${at + 1 + number}" for number in range(more)]
        if len(fields) != len(parts):
            return None
        pairs = list(zip(fields, parts, strict=True))
        if not all(_meets(field, part) for field, part in pairs):
            return None
        names = [re.split(r"[^$.\w-]", field)[0].lstrip("$") for field in fields]
        return {f"${name}": part for name, part in zip(names, parts, strict=True)}


def _meets(field: str, part: str) -> bool:
    return not CONDITION.search(field) or any(
        all(_met(condition, part) for condition in CONDITION.finditer(both))
        for both in field.split("||")
    )


def _met(condition: re.Match[str], part: str) -> bool:
    sign, value = condition["sign"], condition["value"].strip('"')
    if sign in ("=", "!="):
        found = re.search(value[1:-1], part) if value[0] == "%" else fnmatchcase(part, value)
        return bool(found) == (sign == "=")
    try:
        left, right = float(part), float(json.loads(value))
    except ValueError:
        return False
    return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[sign]
