"""How the demo shows a run, and what an account looks like."""

from __future__ import annotations

from typing import Any

from demo_story import Run, State
from screen import beginning, block, compact, fact, folded, note
from subscriber import ADDRESS

MAIL_LINES = 26
REPORT_LINES = 32
TEXT = 64


def show(run: Run, *, whole: bool) -> None:
    """What the function found and did, and the account afterwards; if `whole`, also what it sent."""
    note("The function's findings:")
    for result in run.results():
        fact(result["status"], f"{result['control']}: {result['because']}")
    note("The calls it made:")
    block(folded(", ".join(f"{call.service}:{call.operation}" for call in run.calls)))
    if whole:
        show_sent(run)
    elif run.letters or run.messages:
        note("Published to the topic:")
        fact("subject", ", ".join(letter.subject for letter in run.letters))
    else:
        note("Nothing was published to the topic.")
    if run.changed:
        show_state(run.after)
    else:
        note("The whole account, read back from the API: unchanged.")


def show_sent(run: Run) -> None:
    """What the function's subscribers received."""
    for letter in run.letters:
        note("The email that a subscriber of the topic receives:")
        fact("to", ADDRESS)
        fact("subject", letter.subject)
        block(beginning(folded(letter.text), MAIL_LINES))
    for message in run.messages:
        note("The report that a program receives from a queue (documents and long strings shortened):")
        for name, value in sorted(message.attributes.items()):
            fact(name, value.replace('","', '", "'))
        block(beginning(compact(shortened(message.body)), REPORT_LINES))


def shortened(value: Any) -> Any:
    """The same JSON with an ellipsis for each policy document and for the end of each long text."""
    if isinstance(value, dict):
        return "…" if "Statement" in value else {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    return value[:TEXT] + "…" if isinstance(value, str) and len(value) > TEXT else value


def show_state(state: State) -> None:
    """What a story tells of the account: a line for a short thing, more for a document."""
    note("The account, read back from the API:")
    for name, value in state.items():
        if isinstance(value, dict) and value:
            block(f"{name}: {compact(value, lead=len(name) + 2)}")
        else:
            fact(name, said(value))


def said(value: Any) -> str:
    """A plain word for what is no text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value or value == 0 else "none"
