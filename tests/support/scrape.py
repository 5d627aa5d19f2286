"""What a worker shows of itself by HTTP: its metrics, read as Prometheus reads them, and its health."""

import http.client
import json
import re
import shutil
import subprocess

import records

SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:\\.|[^"\\])*)"(?:,|$)')


def get(address, path, method="GET", seconds=10):
    """(status, body) of one request."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=seconds)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def ready(address):
    """(is it ready, what is missing)."""
    status, body = get(address, "/readyz")
    said = json.loads(body)
    if (status == 200) != said["ready"]:
        raise AssertionError(f"/readyz answers {status} and says {body}")
    return said["ready"], said["missing"]


class Metrics:
    """The samples of one scrape: value(name, label=value), total(name, ...) over the rest."""

    def __init__(self, text):
        self.text = text
        self.types, self.helps, self.samples = {}, {}, {}
        for line in text.splitlines():
            word, _, rest = line.partition(" ")
            if word == "#":
                kind, name, what = rest.split(" ", 2)
                {"HELP": self.helps, "TYPE": self.types}[kind][name] = what
                continue
            match = SAMPLE.match(line)
            if not match:
                raise AssertionError(f"no sample: {line!r}")
            name, labels, value = match.groups()
            key = (name, frozenset(LABEL.findall(labels or "")))
            if key in self.samples:
                raise AssertionError(f"twice: {line!r}")
            self.samples[key] = float(value)

    def value(self, name, **labels):
        return self.samples.get((name, frozenset(labels.items())), 0.0)

    def total(self, name, **labels):
        return sum(value for (found, has), value in self.samples.items()
                   if found == name and labels.items() <= dict(has).items())

    def families(self):
        """{family: set of its label names, `le` left out}"""
        found = {name: set() for name in self.types}
        for (name, labels) in self.samples:
            family = name if name in self.types else re.sub(r"_(bucket|sum|count)$", "", name)
            if family not in self.types:
                raise AssertionError(f"{name} has no TYPE")
            found[family] |= {label for label, _ in labels} - {"le"}
        return found


def metrics(address):
    status, body = get(address, "/metrics")
    if status != 200:
        raise AssertionError(f"/metrics answers {status}: {body}")
    return Metrics(body)


def promtool(*arguments, text=""):
    """(exit code, what it says). ops/deps fetches it."""
    own = records.SOURCE / ".deps" / "promtool" / "promtool"
    program = shutil.which("promtool") or str(own)
    done = subprocess.run([program, *arguments], input=text, capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr
