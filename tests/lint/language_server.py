"""A YAML language server (yaml-language-server, by npm) over its standard input and output, as an editor
drives it."""

import json
import queue
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / ".deps/node/node_modules/yaml-language-server/bin/yaml-language-server"
DEADLINE_S = 60


class LanguageServer:
    """One server that knows `schema`, a path, for all *.yaml. Positions count from 0."""

    def __init__(self, schema):
        self.settings = {"schemas": {Path(schema).as_uri(): "*.yaml"}, "validate": True,
                         "hover": True, "completion": True, "schemaStore": {"enable": False}}
        self.diagnostics = {}
        self.inbox = queue.Queue()
        self.number = 0
        self.child = subprocess.Popen(["node", PROGRAM, "--stdio"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        threading.Thread(target=self.read, daemon=True).start()
        self.ask("initialize", {
            "processId": None, "rootUri": Path(schema).parent.as_uri(),
            "capabilities": {"workspace": {"configuration": True},
                             "textDocument": {"hover": {"contentFormat": ["markdown"]}}}})
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": {"yaml": self.settings}})

    def read(self):
        while True:
            length = None
            while line := self.child.stdout.readline().strip():
                name, value = line.decode("ascii").split(":", 1)
                length = int(value) if name.lower() == "content-length" else length
            if length is None:
                return
            self.inbox.put(json.loads(self.child.stdout.read(length)))

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode("utf-8")
        self.child.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.child.stdin.flush()

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def serve(self, message):
        """What the server asks of an editor, and what it says unasked."""
        if message["method"] == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif message["method"] == "workspace/configuration":
            known = {"yaml": self.settings}
            self.send({"id": message["id"], "result": [known.get(item.get("section"), {})
                                                       for item in message["params"]["items"]]})
        elif "id" in message:
            self.send({"id": message["id"], "result": None})

    def take(self, end):
        return self.inbox.get(timeout=max(0.0, end - time.monotonic()))

    def ask(self, method, params):
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        end = time.monotonic() + DEADLINE_S
        while True:
            message = self.take(end)
            if "method" in message:
                self.serve(message)
            elif message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]

    def open(self, uri, text):
        """Open a file and wait until the server has judged it; gives what it found."""
        self.diagnostics.pop(uri, None)
        self.tell("textDocument/didOpen", {"textDocument": {
            "uri": uri, "languageId": "yaml", "version": 1, "text": text}})
        end = time.monotonic() + DEADLINE_S
        while uri not in self.diagnostics:
            message = self.take(end)
            if "method" in message:
                self.serve(message)
        return self.diagnostics[uri]

    def at(self, uri, line, character):
        return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}

    def complete(self, uri, line, character):
        answer = self.ask("textDocument/completion", self.at(uri, line, character)) or []
        return answer["items"] if isinstance(answer, dict) else answer

    def hover(self, uri, line, character):
        answer = self.ask("textDocument/hover", self.at(uri, line, character))
        return answer["contents"]["value"] if answer else ""

    def close(self):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()
