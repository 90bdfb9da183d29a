"""An MQTT client that remembers everything it heard, for judging who is at the other side."""

import json
import threading
import time


class Message:
    """One publication as it came; topic below the site's prefix."""

    def __init__(self, topic, payload, retained, properties):
        self.topic, self.payload, self.retained, self.properties = topic, payload, retained, properties
        self.at = time.monotonic()

    def value(self):
        return json.loads(self.payload)


class Wire:
    """options: host, port, version (5 or 3), username, password, ca, cert (file, key file)."""

    def __init__(self, root, topics, options):
        import paho.mqtt.client as mqtt
        self.root, self.heard, self.changed = root, [], threading.Condition()
        self.v5 = options.get("version", 5) == 5
        self.client = mqtt.Client(protocol=mqtt.MQTTv5 if self.v5 else mqtt.MQTTv311)
        if options.get("username"):
            self.client.username_pw_set(options["username"], options.get("password"))
        if options.get("ca"):
            self.client.tls_set(options["ca"], *(options.get("cert") or ()))
        self.client.on_message = self._on_message
        self.topics, self.ready = [(root + topic, 1) for topic in topics], 0
        self.client.on_connect = lambda client, *_: client.subscribe(self.topics)
        self.client.on_subscribe = lambda *_: self._subscribed()
        self.client.on_socket_open = lambda _c, _u, s: s.setsockopt(6, 1, 1)
        self.client.connect(options["host"], options["port"], 20)
        self.client.loop_start()
        self.wait(lambda: self.ready, 10, "the broker's answer to our subscription")

    def _subscribed(self):
        with self.changed:
            self.ready += 1
            self.changed.notify_all()

    def _on_message(self, _client, _user, m):
        topic = m.topic[len(self.root):] if m.topic.startswith(self.root) else m.topic
        with self.changed:
            self.heard.append(Message(topic, m.payload, bool(m.retain), getattr(m, "properties", None)))
            self.changed.notify_all()

    def wait(self, true, timeout_s, what):
        """The first true value; TimeoutError naming `what`."""
        with self.changed:
            found = []
            if not self.changed.wait_for(lambda: (found.clear(), found.append(true()), bool(found[0]))[-1], timeout_s):
                raise TimeoutError(f"waited {timeout_s:.0f} s for {what}")
            return found[0]

    def since(self, mark, topic=""):
        return [m for m in self.heard[mark:] if m.topic.startswith(topic)]

    def mark(self):
        return len(self.heard)

    def say(self, topic, value, retain=False, response_topic=None, correlation=None):
        properties = None
        if self.v5 and (response_topic or correlation):
            from paho.mqtt.packettypes import PacketTypes
            from paho.mqtt.properties import Properties
            properties = Properties(PacketTypes.PUBLISH)
            if response_topic:
                properties.ResponseTopic = response_topic
            if correlation:
                properties.CorrelationData = correlation
        payload = value if isinstance(value, (bytes, str)) else json.dumps(value)
        self.client.publish(self.root + topic, payload, 1, retain, properties=properties).wait_for_publish(10)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
