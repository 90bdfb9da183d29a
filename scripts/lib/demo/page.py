"""The page with the cabinet: a small HTTP server on loopback, an origin of its own beside the kiosk's.

GET / and its files, GET /state (one snapshot), GET /events (Server-Sent Events: a snapshot at each change), POST /act
({"act": name, ...}). The model behind it has .version, .text(), .wait(version, timeout_s) and .act(name, arguments).
"""

import http.server
import json
import os
import socket

WEB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "web")
FILES = {"/": ("index.html", "text/html; charset=utf-8"), "/demo.css": ("demo.css", "text/css; charset=utf-8"),
         "/demo.js": ("demo.js", "text/javascript; charset=utf-8"),
         "/words.js": ("words.js", "text/javascript; charset=utf-8"), "/icon.svg": ("icon.svg", "image/svg+xml")}
BODY_MOST = 4096
SILENCE_S = 10  # an empty comment keeps the stream alive


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Handler)
        self.model, self.kiosk_origin, self.over = None, "", False

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        """A browser that goes away is no news."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "lockerd-demo"

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass

    def _send(self, status, body=b"", kind="text/plain; charset=utf-8", **more):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy",
                         f"default-src 'self'; frame-src {self.server.kiosk_origin}; frame-ancestors 'none'; base-uri 'none'")
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _is_ours(self):
        """Another site must not get at us by a name of its own that leads to 127.0.0.1."""
        return self.headers.get("Host") == self.server.origin[len("http://"):]

    def do_GET(self):  # noqa: N802
        port = self.server.server_address[1]
        if self.headers.get("Host") == f"localhost:{port}" and self.path == "/":
            self._send(302, Location=self.server.origin + "/")
        elif not self._is_ours():
            self._send(403, b"use the printed address\n")
        elif self.path == "/state":
            self._send(200, self.server.model.text().encode(), "application/json")
        elif self.path == "/events":
            self._stream()
        elif self.path in FILES:
            name, kind = FILES[self.path]
            with open(os.path.join(WEB, name), "rb") as f:
                self._send(200, f.read(), kind)
        else:
            self._send(404, b"nothing here\n")

    def _stream(self):
        model, version = self.server.model, 0
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while not self.server.over:
            version, text = model.wait(version, SILENCE_S)
            self.wfile.write(f"data: {text}\n\n".encode() if text else b": still here\n\n")

    def do_POST(self):  # noqa: N802
        size = self.headers.get("Content-Length", "")
        if not self._is_ours() or self.headers.get("Origin") != self.server.origin:
            self.close_connection = True
            self._send(403, b"from the page only\n")
            return
        if self.path != "/act" or not size.isdigit() or int(size) > BODY_MOST:
            self.close_connection = True
            self._send(400, b"no such thing\n")
            return
        try:
            wish = json.loads(self.rfile.read(int(size)))
            answer = self.server.model.act(wish.pop("act"), wish)
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            self._send(400, f"not understood: {error}\n".encode())
            return
        self._send(200, json.dumps(answer).encode(), "application/json")
