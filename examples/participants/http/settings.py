"""The configuration file: read, checked as a whole, and said what is wrong with it and where."""

import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import yaml

import routes

SECRET = re.compile(r"\$\{(env|file):([^}]+)\}")
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE")
ERROR_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
STATUS = re.compile(r"[1-5](\d\d|xx)")
ROUTE_KEYS = {"topic", "type", "method", "url", "headers", "body", "timeout", "waitAtMost",
              "errors", "idempotencyHeader"}
KEYS = {"kafka", "concurrency", "backlog", "tls", "routes"}
KAFKA_OURS = {"isolation.level": "read_committed", "enable.auto.commit": False}


class Wrong(Exception):
    """The file cannot be used; the text says where and why."""


class Settings(NamedTuple):
    kafka: dict
    concurrency: int
    backlog: int
    tls: dict
    routes: list


def secrets_of(value, where):
    """Put in what stands in the environment or in files. No message shows what is put in."""
    if isinstance(value, dict):
        return {name: secrets_of(one, f"{where}.{name}") for name, one in value.items()}
    if isinstance(value, list):
        return [secrets_of(one, f"{where}[{number}]") for number, one in enumerate(value)]
    if not isinstance(value, str):
        return value

    def known(match):
        kind, name = match.groups()
        try:
            return os.environ[name] if kind == "env" else Path(name).read_text("utf-8").strip()
        except KeyError:
            raise Wrong(f"{where}: the environment has no '{name}'") from None
        except (OSError, ValueError) as error:
            raise Wrong(f"{where}: cannot read '{name}': {error}") from None
    return SECRET.sub(known, value)


def no_others(found, allowed, where):
    for name in found:
        if name not in allowed:
            raise Wrong(f"{where}: unknown key '{name}'; there are {', '.join(sorted(allowed))}")


def mapping(value, where):
    if not isinstance(value, dict):
        raise Wrong(f"{where}: expected keys with values, found {value!r}")
    return value


def number(value, where):
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10000:
        raise Wrong(f"{where}: expected a number from 1 to 10000, found {value!r}")
    return value


def duration(value, where):
    match = re.fullmatch(r"(\d{1,6})(ms|s|m|h)", value) if isinstance(value, str) else None
    if not match:
        raise Wrong(f"{where}: expected a duration such as 10s or 500ms, found {value!r}")
    return int(match.group(1)) * UNITS[match.group(2)]


def places(value, where):
    """Complain about braces that are no place: they would be sent as they are."""
    if isinstance(value, dict):
        for name, one in value.items():
            places(one, f"{where}.{name}")
    elif isinstance(value, list):
        for one in value:
            places(one, where)
    elif isinstance(value, str) and re.search(r"[{}]", routes.PLACE.sub("", SECRET.sub("", value))):
        raise Wrong(f"{where}: '{value}': a place is {{.path.in.the.command}}, {{key}} or "
                    "{header:name}")
    return value


def texts(value, where):
    for name, one in mapping(value, where).items():
        if not isinstance(name, str) or not isinstance(one, str):
            raise Wrong(f"{where}.{name}: expected text, found {one!r}")
    return value


def errors_of(value, where):
    found = {}
    for status, name in mapping(value, where).items():
        if not STATUS.fullmatch(str(status)):
            raise Wrong(f"{where}: '{status}' is no status such as 404 or 4xx")
        if not isinstance(name, str) or not ERROR_NAME.fullmatch(name):
            raise Wrong(f"{where}.{status}: expected the name of an error, or success, found "
                        f"{name!r}")
        found[str(status)] = name
    return found


def url_of(value, where):
    places(value, where)
    url = secrets_of(value, where)
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https") \
            or not urlsplit(url).hostname:
        raise Wrong(f"{where}: expected an http or https URL, found {value!r}")
    if routes.PLACE.search(urlsplit(url).netloc):
        raise Wrong(f"{where}: a command does not choose the server that is asked")
    return url


def body_of(found, method, where):
    if "body" not in found:
        return routes.NOTHING if method in ("GET", "DELETE") else routes.COMMAND
    if found["body"] in ("none", "command"):
        return routes.NOTHING if found["body"] == "none" else routes.COMMAND
    where = f"{where}.body"
    return secrets_of(places(mapping(found["body"], where), where), where)


def route_of(found, where):
    no_others(mapping(found, where), ROUTE_KEYS, where)
    for name in ("topic", "url"):
        if name not in found:
            raise Wrong(f"{where}: missing '{name}'")
    method = found.get("method", "POST")
    if method not in METHODS:
        raise Wrong(f"{where}.method: expected one of {', '.join(METHODS)}, found {method!r}")
    for name in ("topic", "type", "idempotencyHeader"):
        if name in found and not isinstance(found[name], str):
            raise Wrong(f"{where}.{name}: expected text, found {found[name]!r}")
    headers = places(texts(found.get("headers", {}), f"{where}.headers"), f"{where}.headers")
    return routes.Route(
        topic=found["topic"], type=found.get("type"), method=method,
        url=url_of(found["url"], f"{where}.url"),
        headers=secrets_of(headers, f"{where}.headers"),
        body=body_of(found, method, where),
        timeout_s=duration(found.get("timeout", "10s"), f"{where}.timeout"),
        wait_at_most_s=duration(found.get("waitAtMost", "30s"), f"{where}.waitAtMost"),
        errors=errors_of(found.get("errors", {}), f"{where}.errors"),
        idempotency_header=found.get("idempotencyHeader", "Idempotency-Key"))


def kafka_of(found):
    given = {name: str(value).lower() if isinstance(value, bool) else value
             for name, value in secrets_of(mapping(found, "kafka"), "kafka").items()}
    for name in ("bootstrap.servers", "group.id"):
        if name not in given:
            raise Wrong(f"kafka: missing '{name}'")
    for name in KAFKA_OURS:
        if name in given:
            raise Wrong(f"kafka.{name}: is always {KAFKA_OURS[name]}, leave it out")
    return given


def read(path):
    """The Settings of a file, with its secrets. Raises Wrong."""
    try:
        found = yaml.safe_load(Path(path).read_text("utf-8"))
        no_others(mapping(found, "the file"), KEYS, "the file")
        for name in ("kafka", "routes"):
            if name not in found:
                raise Wrong(f"missing '{name}'")
        if not isinstance(found["routes"], list) or not found["routes"]:
            raise Wrong("routes: expected a list of routes")
        tls = mapping(found.get("tls", {}), "tls")
        no_others(tls, {"ca", "cert", "key"}, "tls")
        return Settings(
            kafka=kafka_of(found["kafka"]), tls=tls,
            concurrency=number(found.get("concurrency", 16), "concurrency"),
            backlog=number(found.get("backlog", 1000), "backlog"),
            routes=[route_of(one, f"routes[{index}]")
                    for index, one in enumerate(found["routes"])])
    except (OSError, UnicodeDecodeError) as error:
        raise Wrong(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise Wrong(f"{path}: {error}") from error
    except Wrong as error:
        raise Wrong(f"{path}: {error}") from None
