"""A schema registry as far as Confluent's REST API is used by clients: subjects, versions, ids,
references, and the error codes of what is not there. In memory, on a thread, to be told to fail.

    with Registry() as registry:
        number = registry.register("orders-value", schema)
        registry.url

With SCHEMA_REGISTRY in the environment `registry_for_tests()` gives a client of that one instead (such as
Apicurio's at .../apis/ccompat/v7); what makes it fail is then not there.
"""

import base64
import http.server
import json
import os
import re
import struct
import threading
import urllib.request


def framed(number, value):
    """Confluent's framing."""
    return struct.pack(">bI", 0, number) + value


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *unused):
        pass

    def answer(self, code, value):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        registry = self.server.registry
        registry.asked.append(self.path)
        if registry.user:
            wanted = base64.b64encode(":".join(registry.user).encode()).decode()
            if self.headers.get("Authorization") != f"Basic {wanted}":
                self.answer(401, {"error_code": 40101, "message": "Unauthorized"})
                return
        if registry.broken:
            self.answer(*registry.broken)
        elif found := re.fullmatch(r"/schemas/ids/(\d+)", self.path):
            entry = registry.by_id.get(int(found[1]))
            self.answer(*((200, entry) if entry else
                          (404, {"error_code": 40403, "message": f"Schema {found[1]} not found"})))
        elif found := re.fullmatch(r"/subjects/([^/]+)/versions/(latest|\d+)", self.path):
            versions = registry.subjects.get(urllib.request.unquote(found[1]), [])
            at = len(versions) if found[2] == "latest" else int(found[2])
            if 0 < at <= len(versions):
                self.answer(200, {"subject": found[1], "version": at, **versions[at - 1]})
            else:
                self.answer(404, {"error_code": 40402 if versions else 40401,
                                  "message": f"Subject '{found[1]}' not found."})
        else:
            self.answer(404, b"<html>not here</html>")


class Registry:
    """`user`: (name, password) that has to be given."""

    def __init__(self, user=None):
        self.user = user
        self.asked = []  # Paths.
        self.broken = None  # (status, body) to answer everything with.
        self.by_id, self.subjects = {}, {}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        self.server.registry = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *unused):
        self.server.shutdown()
        self.server.server_close()

    def register(self, subject, schema, references=()):
        entry = {"id": 101 + len(self.by_id), "schema": json.dumps(schema)}
        if references:
            entry["references"] = [{"name": name, "subject": other, "version": version}
                                   for name, other, version in references]
        self.by_id[entry["id"]] = entry
        self.subjects.setdefault(subject, []).append(entry)
        return entry["id"]


class Outside:
    """A registry that is there already."""

    broken = None

    def __init__(self, url):
        self.url = url
        self.asked = []

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        pass

    def register(self, subject, schema, references=()):
        body = {"schema": json.dumps(schema), "references": [
            {"name": name, "subject": other, "version": version}
            for name, other, version in references]}
        request = urllib.request.Request(
            f"{self.url}/subjects/{urllib.request.quote(subject, safe='')}/versions",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/vnd.schemaregistry.v1+json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)["id"]


def registry_for_tests():
    return Outside(os.environ["SCHEMA_REGISTRY"]) if "SCHEMA_REGISTRY" in os.environ else Registry()
