"""From a command to an HTTP request, and from what came back to an answer; nothing of Kafka."""

import datetime
import email.utils
import json
import re
import time
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import urllib3

PLACE = re.compile(r"\{(\.[A-Za-z_][\w.-]*|key|header:[\w.-]+)\}")
ANSWER_BYTES_MAX = 900_000  # A broker's limit is 1 MiB.
CONNECT_S = 5.0
KEY_SAFE = "!#$&'()*+,/:;=?@[]~"  # A header holds ASCII; a key may be anything.

# What a status means; a route's `errors` comes first. timeout and communication say that nobody
# knows whether it took place, rate-limited that it did not; baton repeats all three.
ERRORS = {"400": "validation", "413": "validation", "422": "validation",
          "401": "configuration", "403": "configuration", "405": "configuration",
          "406": "configuration", "415": "configuration", "501": "configuration",
          "408": "timeout", "504": "timeout", "429": "rate-limited",
          "2xx": "success", "3xx": "configuration", "4xx": "rejected", "5xx": "communication"}


class Unfit(Exception):
    """The command does not fit the route: asking again would give the same."""

    def __init__(self, message, name="validation"):
        super().__init__(message)
        self.name = name

    def outcome(self):
        return Outcome(failure(self.name, str(self)))


class Command(NamedTuple):
    """What a route works with."""

    key: str
    headers: dict
    text: bytes
    value: object  # The text as JSON.


class Outcome(NamedTuple):
    """The answer for the flow, and how long to wait (None: no need) before asking again."""

    answer: dict
    retry_after_s: float = None


def command_of(key, headers, text):
    try:
        return Command(key, headers, text, json.loads(text))
    except (TypeError, ValueError) as error:
        raise Unfit(f"the command is not JSON: {error}") from error


def failure(name, message, **more):
    return {"ok": False, "error": name, "message": message, **more}


def text_of(answer):
    """As JSON; without the body if a broker would not take so much."""
    text = json.dumps(answer)
    return text if len(text) <= ANSWER_BYTES_MAX else json.dumps({**answer, "body": None})


# --- Templates -----------------------------------------------------------------------------------


def find(place, command):
    if place == "key":
        return command.key
    if place.startswith("header:"):
        return command.headers.get(place[7:])
    value = command.value
    for name in place[1:].split("."):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def scalar(place, command):
    value = find(place, command)
    if isinstance(value, bool) or isinstance(value, (int, float)):
        return json.dumps(value)
    if isinstance(value, str) and value:
        return value
    raise Unfit(f"'{place}' is no text or number in the command")


def fill_url(template, command):
    def filled(match):
        text = quote(scalar(match.group(1), command), safe="")
        if text in (".", ".."):  # Would lead elsewhere, and no quoting helps.
            raise Unfit(f"'{match.group(1)}' cannot be part of a path")
        return text
    return PLACE.sub(filled, template)


def fill_header(template, command):
    text = PLACE.sub(lambda match: scalar(match.group(1), command), template)
    if not text.isprintable() or not text.isascii():
        raise Unfit("a header can hold printable ASCII only")
    return text


def fill_body(template, command):
    """A text that is one place keeps the value's JSON type; what is missing is null."""
    if isinstance(template, dict):
        return {name: fill_body(value, command) for name, value in template.items()}
    if isinstance(template, list):
        return [fill_body(value, command) for value in template]
    if not isinstance(template, str):
        return template
    whole = PLACE.fullmatch(template)
    if whole:
        return find(whole.group(1), command)
    return PLACE.sub(lambda match: scalar(match.group(1), command), template)


# --- A route -------------------------------------------------------------------------------------


class Route(NamedTuple):
    """One kind of command and the request it becomes. Times in seconds."""

    topic: str
    type: str  # None: every type.
    method: str
    url: str
    headers: dict
    body: object  # COMMAND, NOTHING or a template.
    timeout_s: float
    wait_at_most_s: float
    errors: dict
    idempotency_header: str

    def takes(self, topic, kind):
        return self.topic == topic and self.type in (None, kind)

    def meaning(self, status):
        """The name of an error, or "success"."""
        for names in (self.errors, ERRORS):
            for name in (str(status), f"{status // 100}xx"):
                if name in names:
                    return names[name]
        return "communication"

    def request(self, command):
        """(url, headers, body) of the request that the command becomes."""
        headers = {"Accept": "application/json", self.idempotency_header:
                   quote(scalar("header:idempotency-key", command), safe=KEY_SAFE)}
        if "traceparent" in command.headers:
            headers["traceparent"] = fill_header("{header:traceparent}", command)
        body = None
        if self.body is not NOTHING:
            headers["Content-Type"] = "application/json"
            body = command.text if self.body is COMMAND \
                else json.dumps(fill_body(self.body, command)).encode()
        headers.update({name: fill_header(value, command) for name, value in self.headers.items()})
        return fill_url(self.url, command), headers, body


COMMAND, NOTHING = object(), object()


def call(pool, route, command):
    """Ask once: an Outcome. Raises nothing that an API or a command can cause."""
    try:
        url, headers, body = route.request(command)
        status, came, text = exchange(pool, route, url, headers, body)
    except Unfit as error:
        return error.outcome()
    except urllib3.exceptions.LocationValueError:  # Its text holds the URL, and thus secrets.
        return Outcome(failure("validation", "the command makes a URL that cannot be read"))
    except (urllib3.exceptions.ReadTimeoutError, TimeoutError):
        return Outcome(failure("timeout", f"no answer within {route.timeout_s:g} s"))
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return Outcome(failure("communication", f"{urlsplit(route.url).netloc}: {brief(error)}"))
    return outcome_of(route, status, came, text)


def outcome_of(route, status, headers, text):
    body = value_of(text)
    meaning = route.meaning(status)
    if meaning == "success":
        return Outcome({"ok": True, "status": status, "body": body})
    wait_s = retry_after(headers.get("Retry-After"), time.time()) if status in (429, 503) else None
    more = {} if wait_s is None else {"retryAfter": wait_s}
    return Outcome(failure(meaning, message_of(body, status), status=status, body=body, **more),
                   wait_s)


def exchange(pool, route, url, headers, body):
    """(status, headers, text); the text is None if it is longer than anybody wants in a flow."""
    end = time.monotonic() + route.timeout_s
    for last in (False, True):
        try:
            response = pool.request(
                route.method, url, body=body, headers=headers, redirect=False, retries=False,
                preload_content=False, timeout=urllib3.Timeout(
                    connect=min(CONNECT_S, route.timeout_s),
                    read=max(0.01, end - time.monotonic())))
            break
        except urllib3.exceptions.ProtocolError:
            if last:  # The first may have been a kept connection that the other side had closed.
                raise
    text = None
    try:
        text = read(response, end)
    finally:
        if text is None:  # What is left in the connection is nobody's answer.
            response.close()
        else:
            response.release_conn()
    return response.status, response.headers, text


def read(response, end):
    text = b""
    while len(text) <= ANSWER_BYTES_MAX:
        part = response.read1(64 * 1024)
        if not part:
            return text
        text += part
        if time.monotonic() > end:  # It drips.
            raise TimeoutError
    return None


def value_of(text):
    """JSON as JSON, other text as text, anything else as null."""
    if not text:
        return None
    try:
        return json.loads(text, parse_constant=lambda name: None)
    except ValueError:
        try:
            return text.decode()
        except UnicodeDecodeError:
            return None


def message_of(body, status):
    """What a person reads: APIs put it under one of these names (the first is RFC 9457's)."""
    if isinstance(body, dict):
        for name in ("detail", "title", "message", "error"):
            if isinstance(body.get(name), str) and body[name]:
                return body[name][:500]
    return f"status {status}"


def retry_after(text, now_s):
    """Seconds, from seconds or a date; None if there is nothing to be read."""
    if not text:
        return None
    if text.strip().isdecimal():
        return float(min(int(text), 86400))
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.timezone.utc)
    return max(0.0, min(when.timestamp() - now_s, 86400.0))


def brief(error):
    """The reason of urllib3's errors without the object that it begins with."""
    text = str(getattr(error, "reason", None) or error)
    return re.sub(r"^<[^>]*>: |\w*Connection\w*\(.*?\): ", "", text)[:300]
