"""CloudWatch Logs: the filter patterns, which log events they match, and which are none.

Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription
filters, filter log events, and Live Tail". Of JSON it says: "Compound expressions support
parentheses and follow standard order of operations: () > && > ||", "The variables IS NOT and
EXISTS currently aren't supported", at most one wildcard selector in a selector and three in a
pattern. A selector that leads to an object or an array does not match.

It does not say what `!=` does with a field that is missing. People who tried it on AWS with
TestMetricFilter and with real records found that it does not match, and added NOT EXISTS
(github.com/DataBiosphere/azul, issue 5884 and pull request 8228): so it is here. That a null
is neither equal nor unequal to anything, that NOT EXISTS and the like may be in small letters,
and which characters may stand without quotes, are assumptions; AWS's own patterns have
kms.amazonaws.com, AccessDenied* and *UnauthorizedOperation.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from local_aws.moto.filter_words import Row, Words, quoted
from local_aws.moto.filter_words import InvalidPattern as InvalidPattern

Test = Callable[[Any], bool]

TOKEN = re.compile(
    r"""\s*(?:(?P<sign>\(|\)|&&|\|\||<=|>=|!=|=|<|>)
    |(?P<selector>\$(?:\.(?:[\w-]+|\*|\['[^']*'\])|\[(?:\d+|\*)\]|\['[^']*'\])+)
    |(?P<quoted>"(?:[^"\\]|\\.)*")
    |%(?P<regex>[^%]+)%
    |(?P<word>[A-Za-z0-9_.*+-]+))""",
    re.VERBOSE,
)
STEP = re.compile(r"\.?\['(?P<quoted>[^']*)'\]|\.(?P<name>[\w-]+|\*)|\[(?P<index>\d+|\*)\]")
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?|[+-]?\.\d+([eE][+-]?\d+)?")
NUMERIC: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}
IS: dict[str, Test] = {
    "NULL": lambda value: value is None,
    "TRUE": lambda value: value is True,
    "FALSE": lambda value: value is False,
}
WILDCARDS, REGEXES = 3, 2


@dataclass(frozen=True)
class Comparison:
    """One condition on a field."""

    selector: str
    test: Test
    missing: bool = False

    def holds(self, event: Any) -> bool:
        """Whether one of the values that the selector leads to is as wanted."""
        found = list(values(event, self.selector))
        return not found if self.missing else any(self.test(value) for value in found)


@dataclass(frozen=True)
class Compound:
    """Conditions of which all, or any, must hold."""

    parts: tuple[Comparison | Compound, ...]
    every: bool

    def holds(self, event: Any) -> bool:
        """Whether they do."""
        return (all if self.every else any)(part.holds(event) for part in self.parts)


@dataclass(frozen=True)
class Json:
    """A pattern of the form { ... }."""

    condition: Comparison | Compound
    selectors: tuple[str, ...]

    @staticmethod
    def event(message: str) -> dict[str, Any] | None:
        """The event as an object; None where it is none."""
        try:
            found = json.loads(message)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def extracted(self, message: str) -> dict[str, str] | None:
        """The fields that the pattern names, of an event that it matches; None of another."""
        event = self.event(message)
        if event is None or not self.condition.holds(event):
            return None
        found = {one: list(values(event, one)) for one in self.selectors}
        return {one: _text(there[0]) for one, there in found.items() if there}


Pattern = Json | Words | Row


def parse(text: str) -> Pattern:
    """The pattern that a text is; InvalidPattern where it is none."""
    text = text.strip()
    if text.startswith("{"):
        if not text.endswith("}"):
            raise InvalidPattern("the brace is not closed")
        return _Reader(text[1:-1]).whole()
    return Row.parse(text) if text.startswith("[") else Words.parse(text)


def values(event: Any, selector: str) -> Iterator[Any]:
    """What a selector leads to in an event: one value, several by a wildcard, or none."""
    found = [event]
    for step in STEP.finditer(selector.removeprefix("$")):
        key, index = step["quoted"] or step["name"], step["index"]
        found = [inner for outer in found for inner in _inside(outer, key, index)]
    yield from found


def _inside(outer: Any, key: str | None, index: str | None) -> Iterator[Any]:
    if key and isinstance(outer, dict):
        yield from outer.values() if key == "*" else ([outer[key]] if key in outer else [])
    if index and isinstance(outer, list):
        yield from outer if index == "*" else outer[int(index) : int(index) + 1]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class _Reader:
    """Reads what stands between the braces."""

    def __init__(self, text: str) -> None:
        self.tokens: list[re.Match[str]] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            token = TOKEN.match(text, at)
            if token is None:
                raise InvalidPattern(f"at {text[at:]!r}")
            self.tokens.append(token)
            at = token.end()
        self.at = 0

    def whole(self) -> Json:
        """The pattern, of which nothing is left over."""
        condition = self._any()
        if self.at < len(self.tokens):
            raise InvalidPattern(f"at {self.tokens[self.at][0]!r}")
        selectors = tuple(dict.fromkeys(t["selector"] for t in self.tokens if t["selector"]))
        wild = [t["selector"].count("*") for t in self.tokens if t["selector"]]
        regexes = sum(bool(t["regex"]) for t in self.tokens)
        if max(wild) > 1 or sum(wild) > WILDCARDS or regexes > REGEXES:
            raise InvalidPattern("too many wildcard selectors or regular expressions")
        return Json(condition, selectors)

    def _peek(self) -> str:
        return self.tokens[self.at][0].strip() if self.at < len(self.tokens) else ""

    def _next(self, kind: str) -> str:
        found = self.tokens[self.at][kind] if self.at < len(self.tokens) else None
        if not found:
            raise InvalidPattern(f"no {kind} at {self._peek()!r}")
        self.at += 1
        return found

    def _any(self) -> Comparison | Compound:
        return self._chain("||", lambda: self._chain("&&", self._one, every=True), every=False)

    def _chain(
        self, sign: str, part: Callable[[], Comparison | Compound], *, every: bool
    ) -> Comparison | Compound:
        parts = [part()]
        while self._peek() == sign:
            self.at += 1
            parts.append(part())
        return parts[0] if len(parts) == 1 else Compound(tuple(parts), every)

    def _one(self) -> Comparison | Compound:
        if self._peek() == "(":
            self.at += 1
            inner = self._any()
            if self._next("sign") != ")":
                raise InvalidPattern("a parenthesis is not closed")
            return inner
        selector = self._next("selector")
        if self._peek().upper() in ("IS", "NOT"):
            return self._state(selector)
        sign = self._next("sign")
        if sign in NUMERIC:
            return Comparison(selector, _compared(NUMERIC[sign], self._next("word")))
        if sign not in ("=", "!="):
            raise InvalidPattern(f"no comparison at {sign!r}")
        return Comparison(selector, _equal(self._value(), wanted=sign == "="))

    def _state(self, selector: str) -> Comparison:
        pair = (self._next("word").upper(), self._next("word").upper())
        if pair == ("NOT", "EXISTS"):
            return Comparison(selector, lambda value: False, missing=True)
        if pair[0] != "IS" or pair[1] not in IS:
            raise InvalidPattern(f"at {' '.join(pair)!r}")
        return Comparison(selector, IS[pair[1]])

    def _value(self) -> Test:
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        self.at += 1
        if token and token["quoted"]:
            return _like(quoted(token["quoted"]))
        if token and token["regex"]:
            return _regex(token["regex"])
        if not token or not token["word"]:
            raise InvalidPattern("a value is missing")
        number, like = NUMBER.fullmatch(token["word"]), _like(token["word"])
        if number is None:
            return like
        return lambda value: like(value) or (_is_number(value) and value == float(number[0]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _compared(compare: Callable[[Any, Any], bool], word: str) -> Test:
    if not NUMBER.fullmatch(word):
        raise InvalidPattern(f"{word!r} is no number")
    return lambda value: _is_number(value) and compare(value, float(word))


def _equal(fits: Test, *, wanted: bool) -> Test:
    return lambda value: (
        value is not None and not isinstance(value, dict | list) and fits(value) is wanted
    )


def _like(text: str) -> Test:
    """A string in which * stands for any characters; * alone is any value."""
    pattern = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)
    wild = "*" in text
    return lambda value: (
        bool(pattern.fullmatch(value))
        if isinstance(value, str)
        else wild and bool(pattern.fullmatch(_text(value)))
    )


def _regex(text: str) -> Test:
    try:
        pattern = re.compile(text, re.ASCII)
    except re.error as wrong:
        raise InvalidPattern(f"the regular expression {text!r}") from wrong
    if "(" in text or ")" in text:
        raise InvalidPattern("a regular expression with parentheses")
    return lambda value: bool(pattern.search(_text(value)))
