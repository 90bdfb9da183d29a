"""A network between clients and a broker that can be broken: cut (every connection reset), half-open (everything is swallowed
and nobody is told), healed. For tests only; loopback."""

import selectors
import socket
import struct
import threading


class Proxy:
    """Listens on `port`, forwards to 127.0.0.1:target. One thread."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs, self.swallowed, self.lock = [], set(), threading.Lock()
        self.cuts = self.half_opens = 0
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ, None)
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.running:
            for key, _ in self.selector.select(0.05):
                if key.data is None:
                    self._accept()
                else:
                    self._forward(*key.data)

    def _accept(self):
        try:
            near, _ = self.listener.accept()
        except OSError:
            return
        try:
            far = socket.create_connection(("127.0.0.1", self.target), 1)
        except OSError:
            near.close()
            return
        with self.lock:
            self.pairs.append((near, far))
        for a, b in ((near, far), (far, near)):
            a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(a, selectors.EVENT_READ, (a, b))

    def _forward(self, a, b):
        try:
            data = a.recv(65536)
            if data and not {a, b} & self.swallowed:
                b.sendall(data)
        except OSError:
            data = b""
        if not data:
            if {a, b} & self.swallowed:
                self._forget(a)  # the other side hears nothing of it
            else:
                self._drop(a, b)

    def _forget(self, one):
        try:
            self.selector.unregister(one)
        except (KeyError, ValueError):
            pass

    def _drop(self, a, b, reset=False):
        for each in (a, b):
            self._forget(each)
            try:
                if reset:
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.close()
            except OSError:
                pass  # the other thread was quicker
        with self.lock:
            self.pairs = [p for p in self.pairs if set(p) != {a, b}]

    def cut(self):
        """Every connection is reset."""
        self.cuts += 1
        with self.lock:
            pairs = list(self.pairs)
        for a, b in pairs:
            self._drop(a, b, reset=True)

    def half_open(self):
        """What is connected now hears nothing more and is not told; new connections are all right."""
        self.half_opens += 1
        with self.lock:
            self.swallowed |= {each for pair in self.pairs for each in pair}
            self.pairs = []

    def close(self):
        self.running = False
        self.thread.join(2)
        self.listener.close()
        self.cut()
