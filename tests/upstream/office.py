"""The postal side of a whole city: one connection to the broker, one set of books for each site.

Office is what an integrator has for many lockers; each site of it is an upstream.Upstream of its own that shares the
office's connection, so that one site's log, gaps and acknowledgements never touch another's.
"""
import json
import threading

import upstream


class Locker(upstream.Upstream):
    """One site of an office."""

    def __init__(self, office, site):
        self.office = office
        self.strangers = []  # what came under this site's topics and is not of it
        super().__init__(office.operator, site, office.keys, persistent=True)

    def _make(self, *_, **__):
        self._v5, self._persistent = True, True
        return self.office.client

    def connect(self, timeout_s=5.0):
        return self

    def close(self):
        for timer in (self._ack_due, self._replay_due):
            if timer:
                timer.cancel()
        self._send_ack(True)

    def take(self, message):
        """A message below this site's topics; on the connection's thread."""
        topic = message.topic[len(self.root):]
        if topic.startswith("evt/") and not self._is_own(message.payload):
            self.strangers.append(message.payload)
            return
        self._message(None, None, message)

    def _is_own(self, payload):
        try:
            return json.loads(payload)["source"] == f"/locker/{self.operator}/{self.site}"
        except (ValueError, KeyError, TypeError):
            return False


class Office:
    """Use as a context manager. site(id) gives the site's postal side; ask for all of them before connecting."""

    def __init__(self, operator, keys, port, host="127.0.0.1", username=None, password=None, client_id="office"):
        self.operator, self.keys, self.host, self.port = operator, keys, host, port
        self.root = f"locker/v1/{operator}/"
        self.client = self._make(client_id, username, password)
        self.sites, self.unknown, self.broker = {}, [], {}
        self.ready = threading.Event()

    def _make(self, client_id, username, password):
        import paho.mqtt.client as mqtt
        client = mqtt.Client(client_id, protocol=mqtt.MQTTv5)
        client.on_connect, client.on_message = self._connected, self._message
        client.on_subscribe = lambda *_: self.ready.set()
        client.on_socket_open = upstream.no_delay
        client.max_inflight_messages_set(1000)
        client.reconnect_delay_set(1, 2)
        if username:
            client.username_pw_set(username, password)
        return client

    def site(self, name):
        if name not in self.sites:
            self.sites[name] = Locker(self, name)
        return self.sites[name]

    def connect(self, timeout_s=10.0):
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 86400
        self.client.connect(self.host, self.port, 20, properties=properties, clean_start=False)
        self.client.loop_start()
        if not self.ready.wait(timeout_s):
            raise TimeoutError("no SUBACK from the broker")
        return self

    def _connected(self, client, _userdata, _flags, _code, _properties=None):
        below = self.root + "+/"
        client.subscribe([(below + topic, 1) for topic in ("evt/#", "state/#", "rsp")] + [("$SYS/broker/#", 0)])

    def _message(self, _client, _userdata, message):
        if message.topic.startswith("$SYS/"):
            self.broker[message.topic] = message.payload.decode("utf-8", "replace")
            return
        site = self.sites.get(message.topic[len(self.root):].split("/", 1)[0])
        if site:
            site.take(message)
        else:
            self.unknown.append(message.topic)

    def close(self):
        for site in self.sites.values():
            site.close()
        self.client.disconnect()
        self.client.loop_stop()

    def __enter__(self):
        return self.connect()

    def __exit__(self, *_):
        self.close()
