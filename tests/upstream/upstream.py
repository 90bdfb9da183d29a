#!/usr/bin/python3
"""A small reference of the postal side: what an integrator has to write to work with a locker.

It signs and sends commands, receives events, checks them (gapless seq, hash chain, one epoch) and acknowledges them.
Used by the tests, the demo and the tour, and importable. Needs Debian's python3-paho-mqtt and python3-cryptography.
The contract it speaks is docs/contract/README.md.
"""
import argparse
import hashlib
import json
import os
import queue
import secrets
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from keys import KID, Keys, Seal, b64url, unb64url  # noqa: E402,F401

ISSUER = "upstream"
LIFETIME_S = 60
ACK_EVERY = 100
ACK_AFTER_S = 0.05
REPLAY_PAUSE_S = 1.0
GENESIS = "0" * 64

EXIT_OK, EXIT_REFUSED, EXIT_USAGE, EXIT_NO_BROKER, EXIT_NO_ANSWER, EXIT_BROKEN_LOG = 0, 1, 2, 3, 4, 5


def claims_for(operator, site, command, args, jti=None, lifetime_s=LIFETIME_S, now=None):
    iat = int(time.time() if now is None else now)
    return {"iss": ISSUER, "aud": f"{operator}/{site}", "iat": iat, "exp": iat + lifetime_s,
            "jti": jti or secrets.token_hex(8), "cmd": command, "args": args}


# ---- the event log as received ---------------------------------------------------------------------------------------

def type_name(event):
    """`item.deposited` of `locker.item.deposited.v1`."""
    return event["type"][len("locker."):-len(".v1")]


def hash_of(event, data_text):
    """SHA-256 of what docs/store.md lists."""
    parts = [event["prevhash"], event["epoch"], str(event["seq"]), type_name(event), event["time"],
             event["timequality"], data_text]
    return hashlib.sha256("\n".join(parts).encode("utf-8")).hexdigest()


def data_text_of(payload):
    """The exact bytes of `data`: the last member of the envelope."""
    text = payload.decode("utf-8")
    at = text.index(',"data":')
    return text[at + len(',"data":'):-1]


class Log:
    """What upstream holds: accepts events in order, tells duplicates and gaps, checks the chain."""

    def __init__(self):
        self.epoch, self.last, self.head = None, 0, None
        self.seen = 0  # the highest seq that ever came; more than last: something is missing
        self.received = self.duplicates = self.gaps = 0
        self.faults = []

    def begin_at(self, seq):
        """What is before this event is of no interest. Before the first event comes."""
        self.last = self.seen = seq - 1

    def take(self, payload):
        """Returns (verdict, event): `new`, `duplicate`, `gap` or `bad`."""
        try:
            event = json.loads(payload)
            data = data_text_of(payload)
            seq, epoch = event["seq"], event["epoch"]
            right = hash_of(event, data) == event["hash"] and event["id"].endswith(f":{epoch}:{seq}")
        except (ValueError, KeyError, TypeError) as error:
            self.faults.append(f"unreadable event: {error!r}")
            return "bad", None
        self.received += 1
        if epoch != self.epoch:
            if self.epoch is not None:
                self.last, self.seen, self.head = 0, 0, None
            self.epoch = epoch
        if not right:
            self.faults.append(f"seq {seq}: its hash is wrong")
            return "bad", event
        self.seen = max(self.seen, seq)
        if seq <= self.last:
            self.duplicates += 1
            return "duplicate", event
        if seq > self.last + 1:
            self.gaps += 1
            return "gap", event
        if self.head is not None and event["prevhash"] != self.head:
            self.faults.append(f"seq {seq}: does not continue the chain")
        if seq == 1 and event["prevhash"] != GENESIS:
            self.faults.append("seq 1: does not begin the chain")
        self.last, self.head = seq, event["hash"]
        return "new", event


class Books:
    """Where every item is, by its events alone: each with `to` moves its item, and nothing else does. `where` is item ->
    custody; what does not follow from the event before is a fault."""

    CUSTODIES = ("expected", "in_locker", "at_window", "with_courier", "collected", "returned", "unknown")

    def __init__(self):
        self.where, self.collected_via, self.erased, self.faults = {}, {}, set(), []
        self.epoch = None

    def take(self, event):
        """An event, in order and once."""
        if event["epoch"] != self.epoch:
            self.__init__()
            self.epoch = event["epoch"]
        name, data = type_name(event), event["data"]
        item, to = data.get("item"), data.get("to")
        if name == "item.erased":
            self._erase(event, item)
        if to is None:
            return
        was = self.where.get(item)
        if was != data.get("from"):
            self.faults.append(f"seq {event['seq']}: {name} moves {item} from {data.get('from')}, it was {was}")
        if to not in self.CUSTODIES:
            self.faults.append(f"seq {event['seq']}: {name}: no such place: {to}")
        self.where[item] = to
        if name == "item.collected":
            self.collected_via[item] = data.get("via")

    def _erase(self, event, item):
        if self.where.get(item) not in ("collected", "returned"):
            self.faults.append(f"seq {event['seq']}: {item} is erased while it is {self.where.get(item)}")
        self.erased.add(item)

    def sums(self):
        """How many items are where; zero for a place without any."""
        return {custody: sum(1 for each in self.where.values() if each == custody) for custody in self.CUSTODIES}


# ---- the connection --------------------------------------------------------------------------------------------------

def no_delay(_client, _userdata, sock):
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        pass


class Upstream:
    """One locker as upstream sees it. Callbacks run on paho's thread; the attributes may be read from any.

    on_event(event) is called once for each new event in order; on_message(topic, payload, retained) for everything.
    """

    def __init__(self, operator, site, keys=None, host="127.0.0.1", port=1883, auto_ack=True, client_id=None,
                 on_event=None, on_message=None, version=5, username=None, password=None, ca=None, persistent=False, cert=None):
        self.operator, self.site, self.keys = operator, site, keys
        self.host, self.port, self.auto_ack = host, port, auto_ack
        self.root = f"locker/v1/{operator}/{site}/"
        self.log, self.books = Log(), Books()
        self.presence = self.compartments = self.health = None
        self.on_event, self.on_message = on_event, on_message
        self.answers = {}
        self.judge = None  # a contract.Judge: looks at every message
        self.changed = threading.Condition()
        self.subscribed = False
        self._was_connected = self._forgotten = False
        self._acked, self._replayed_at = 0, 0.0
        self._ack_due = self._replay_due = None
        self._client = self._make(client_id or f"upstream-{secrets.token_hex(4)}", version, persistent)
        if username:
            self._client.username_pw_set(username, password)
        if ca:
            self._client.tls_set(ca, *(cert or ()))  # cert: (certificate file, key file)

    def _make(self, client_id, version, persistent):
        import paho.mqtt.client as mqtt
        self._v5 = version == 5
        if self._v5:
            client = mqtt.Client(client_id, protocol=mqtt.MQTTv5)
        else:
            client = mqtt.Client(client_id, clean_session=not persistent, protocol=mqtt.MQTTv311)
        self._persistent = persistent
        client.on_connect, client.on_message = self._connected, self._message
        client.on_subscribe, client.on_disconnect = self._subscribed, self._disconnected
        client.on_socket_open = no_delay
        client.max_inflight_messages_set(200)
        client.reconnect_delay_set(1, 2)
        return client

    # -- life

    def connect(self, timeout_s=5.0):
        """Connects and subscribes; retries until the broker is there. Raises TimeoutError."""
        until = time.monotonic() + timeout_s
        options = {}
        if self._v5:
            from paho.mqtt.packettypes import PacketTypes
            from paho.mqtt.properties import Properties
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 86400 if self._persistent else 0
            options = {"properties": properties, "clean_start": not self._persistent}
        while True:
            try:
                self._client.connect(self.host, self.port, 20, **options)
                break
            except OSError as error:
                if time.monotonic() > until:
                    raise TimeoutError(f"no broker at {self.host}:{self.port}: {error}") from error
                time.sleep(0.05)
        self._client.loop_start()
        self.wait(lambda: self.subscribed, max(0.1, until - time.monotonic()), "the broker's SUBACK")
        return self

    def close(self):
        for timer in (self._ack_due, self._replay_due):
            if timer:
                timer.cancel()
        self._send_ack(True)
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self):
        return self.connect()

    def __exit__(self, *_):
        self.close()

    def wait(self, true, timeout_s, what="it"):
        """Waits until true(); raises TimeoutError naming `what`."""
        with self.changed:
            if not self.changed.wait_for(true, timeout_s):
                raise TimeoutError(f"waited {timeout_s:.1f} s for {what}")

    # -- callbacks

    def _connected(self, client, _userdata, flags, code, _properties=None):
        failed = code.is_failure if hasattr(code, "is_failure") else int(getattr(code, "value", code)) >= 0x80
        if not failed:
            self._forgotten = self._was_connected and not flags.get("session present")
            self._was_connected = True
            client.subscribe([(self.root + topic, 1) for topic in ("evt/#", "state/#", "rsp")])

    def _subscribed(self, *_):
        with self.changed:
            self.subscribed = True
            if self._forgotten and self.auto_ack:
                self._catch_up()
            self.changed.notify_all()

    def _disconnected(self, *_):
        with self.changed:
            self.subscribed = False
            self.changed.notify_all()

    def _message(self, _client, _userdata, message):
        topic = message.topic[len(self.root):]
        with self.changed:
            if topic.startswith("evt/"):
                self._event(message.payload)
            elif topic == "rsp":
                self._answer(message.payload)
            elif topic.startswith("state/") and message.payload:
                setattr(self, topic[len("state/"):], json.loads(message.payload))
            self.changed.notify_all()
        if self.judge:
            self.judge.message(topic, message.payload, bool(message.retain))
        if self.on_message:
            self.on_message(topic, message.payload, bool(message.retain))

    def _event(self, payload):
        verdict, event = self.log.take(payload)
        if verdict == "gap" and self.auto_ack:
            self._missing()
        if verdict == "new":
            self.books.take(event)
            if self.on_event:
                self.on_event(event)
        if verdict in ("new", "duplicate"):
            self._send_ack(False)

    def _answer(self, payload):
        try:
            answer = json.loads(payload)
            self.answers[answer["id"]] = answer
        except (ValueError, KeyError, TypeError):
            self.log.faults.append("unreadable answer")

    def begin_at(self, seq):
        """Asks for the events from this one on; what was before is of no interest."""
        with self.changed:
            self.log.begin_at(seq)
            self.replay(seq)

    # -- acknowledging

    def _send_ack(self, at_once):
        """Acknowledges in batches: at once each ACK_EVERY events, else shortly after the last one."""
        if not self.auto_ack or self.log.last == 0:
            return
        if at_once or self.log.last - self._acked >= ACK_EVERY:
            self.ack(self.log.last)
        elif self._ack_due is None:
            self._ack_due = threading.Timer(ACK_AFTER_S, self._ack_now)
            self._ack_due.daemon = True
            self._ack_due.start()

    def _ack_now(self):
        with self.changed:
            self._ack_due = None
            self._send_ack(True)

    def ack(self, up_to, epoch=None):
        self._acked = up_to
        self._publish("ack", {"epoch": epoch or self.log.epoch, "upTo": up_to})

    def _missing(self):
        """Asks for what is missing; not more often than each REPLAY_PAUSE_S, and again when that brought nothing."""
        if self._replay_due is None:
            pause = max(0.0, self._replayed_at + REPLAY_PAUSE_S - time.monotonic())
            self._replay_due = threading.Timer(pause, self._ask_again)
            self._replay_due.daemon = True
            self._replay_due.start()

    def _ask_again(self):
        with self.changed:
            self._replay_due = None
            self._replayed_at = time.monotonic()
            if self.log.last < self.log.seen:
                self.replay(self.log.last + 1)
                self._missing()

    def _catch_up(self):
        """The broker had forgotten our subscription: what the locker sent until now went to nobody, confirmed."""
        self._forgotten = False
        self._replayed_at = time.monotonic()
        self.replay(self.log.last + 1)

    def replay(self, seq):
        self._publish("ack", {"replayFrom": seq})

    # -- commands

    def _publish(self, topic, value, retain=False, properties=None):
        payload = value if isinstance(value, (bytes, str)) else json.dumps(value)
        return self._client.publish(self.root + topic, payload, 1, retain, properties=properties)

    def send(self, token, retain=False, response_topic=None, correlation=None):
        """Publishes a token on cmd."""
        properties = None
        if response_topic or correlation:
            from paho.mqtt.packettypes import PacketTypes
            from paho.mqtt.properties import Properties
            properties = Properties(PacketTypes.PUBLISH)
            if response_topic:
                properties.ResponseTopic = response_topic
            if correlation:
                properties.CorrelationData = correlation
        return self._publish("cmd", token, retain, properties)

    def command(self, name, args=None, jti=None, timeout_s=5.0, **options):
        """Signs and sends a command, waits for its answer. Raises TimeoutError when none came."""
        claims = claims_for(self.operator, self.site, name, args or {}, jti)
        self.send(self.keys.sign(claims), **options)
        return self.answer(claims["jti"], timeout_s)

    def answer(self, jti, timeout_s=5.0):
        self.wait(lambda: jti in self.answers, timeout_s, f"the answer to {jti}")
        return self.answers[jti]


# ---- command line ----------------------------------------------------------------------------------------------------

# What each command takes: a name alone is required, --name has a value, --name= a whole number, a trailing ? marks a flag.
DETAILS = ("--channel", "--size", "--phone", "--phone-tail", "--name", "--case", "--item-site", "--low-reach?",
           "--second-factor?")
SECRETS = ("--code", "--token", "--make-code?", "--make-token?")
COMMANDS = {
    "announce": ("item.announce", ("item",) + SECRETS + DETAILS),
    "update": ("item.update", ("item",) + DETAILS),
    "cancel": ("item.cancel", ("item",)),
    "transfer": ("item.transfer", ("item", "to", "--waybill")),
    "extend": ("item.extend", ("item", "--days=")),
    "delivered": ("item.delivered", ("item", "--via", "--undeliverable?")),
    "received": ("item.received", ("item",)),
    "reissue": ("code.reissue", ("item",) + SECRETS),
    "revoke": ("code.revoke", ("item",)),
    "grant": ("delegate.grant", ("item",) + SECRETS + ("--phone-tail",)),
    "ungrant": ("delegate.revoke", ("item",)),
    "open": ("compartment.open", ("compartment",)),
    "block": ("compartment.block", ("compartment", "--note")),
    "unblock": ("compartment.unblock", ("compartment",)),
    "staff": ("staff.upsert", ("staff_id", "role", "--pin-hash", "--badge")),
    "dismiss": ("staff.remove", ("staff_id",)),
    "again": ("events.replay", ("--from=",)),
    "status": ("status.get", ()),
}


def add_argument(parser, option):
    """One of COMMANDS' options."""
    if option.endswith("?"):
        parser.add_argument(option[:-1], action="store_true", default=None)
    elif option.endswith("="):
        parser.add_argument(option[:-1], type=int)
    else:
        parser.add_argument(option)


def field_of(option):
    """The name of an option on the wire."""
    name = option.strip("-=?").replace("-", "_")
    return {"item": "item_id", "item_site": "site"}.get(name, name)


def parse(argv):
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                epilog="exit codes: 0 ok, 1 refused, 2 usage, 3 no broker, 4 no answer, 5 broken log")
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, default=1883)
    p.add_argument("--operator", required=True)
    p.add_argument("--site", required=True)
    p.add_argument("--keys", default=".", metavar="DIR", help="folder of the signing key; made when it is not there")
    p.add_argument("--kid", default=KID)
    p.add_argument("--mqtt", choices=("5", "3.1.1"), default="5")
    p.add_argument("--username")
    p.add_argument("--password-file")
    p.add_argument("--ca")
    p.add_argument("--timeout", type=float, default=10.0, help="seconds to wait for the broker and for an answer")
    p.add_argument("--jti", help="id of the command; default: a new one")
    p.add_argument("--print-token", action="store_true", help="print the signed command instead of sending it")
    p.add_argument("--retain", action="store_true", help="publish the command retained, which the locker refuses")
    sub = p.add_subparsers(dest="do", required=True)
    sub.add_parser("keys", help="make the key pairs and print where the public ones are: command_keys, and seal_key for codes the locker makes")
    listen = sub.add_parser("listen", help="print events as JSON lines")
    listen.add_argument("--no-ack", action="store_true")
    listen.add_argument("--out", help="write the events there instead")
    listen.add_argument("--from", type=int, dest="first", metavar="SEQ", help="ask for the events from this one on")
    listen.add_argument("--until", metavar="EVENT", help="end after the first such event, for example item.deposited")
    listen.add_argument("--count", type=int, help="end after so many new events")
    listen.add_argument("--for", type=float, dest="seconds", help="end after so many seconds")
    listen.add_argument("--all", action="store_true", help="also states and answers, as {\"topic\":..,\"payload\":..}")
    for do, (name, takes) in COMMANDS.items():
        command = sub.add_parser(do, help=name)
        for option in takes:
            add_argument(command, option)
    sub.add_parser("state", help="print the retained presence, compartments and health")
    ack = sub.add_parser("ack", help="acknowledge by hand")
    ack.add_argument("epoch")
    ack.add_argument("up_to", type=int)
    sub.add_parser("replay", help="ask for events again").add_argument("seq", type=int)
    sub.add_parser("token", help="publish a token as it is, read from stdin")
    return p.parse_args(argv)


def command_of(args):
    name, takes = COMMANDS[args.do]
    given = {field_of(option): getattr(args, option.strip("-=?").replace("-", "_")) for option in takes}
    return name, {field: value for field, value in given.items() if value is not None}


def make(args, **options):
    password = None
    if args.password_file:
        with open(args.password_file, encoding="utf-8") as f:
            password = f.readline().rstrip("\r\n")
    return Upstream(args.operator, args.site, Keys(args.keys, args.kid), args.host, args.port,
                    version=5 if args.mqtt == "5" else 3, username=args.username, password=password, ca=args.ca,
                    **options).connect(args.timeout)


def do_listen(args):
    lines = queue.Queue()
    out = open(args.out, "w", encoding="utf-8") if args.out else sys.stdout
    everything = (lambda topic, payload, retained: lines.put(
        {"topic": topic, "retained": retained, "payload": json.loads(payload) if payload else None})) \
        if args.all else None
    up = make(args, auto_ack=not args.no_ack, on_event=None if args.all else lines.put, on_message=everything)
    if args.first:
        up.begin_at(args.first)
    until = time.monotonic() + args.seconds if args.seconds else None
    left = args.count if args.count else -1
    try:
        while left != 0 and (until is None or time.monotonic() < until):
            try:
                line = lines.get(timeout=0.2 if until is None else max(0.01, min(0.2, until - time.monotonic())))
            except queue.Empty:
                continue
            print(json.dumps(line, ensure_ascii=False), file=out, flush=True)
            left = 0 if args.until and line.get("type") == f"locker.{args.until}.v1" else left - 1
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    up.close()
    for fault in up.log.faults:
        print(f"upstream: {fault}", file=sys.stderr)
    return EXIT_BROKEN_LOG if up.log.faults else EXIT_OK


def do_command(args):
    name, values = command_of(args)
    if args.print_token:
        print(Keys(args.keys, args.kid).sign(claims_for(args.operator, args.site, name, values, args.jti)))
        return EXIT_OK
    up = make(args, auto_ack=False)
    try:
        answer = up.command(name, values, args.jti, args.timeout, retain=args.retain)
    finally:
        up.close()
    if "sealed" in answer and os.path.exists(Seal(args.keys).private_file):
        answer["unsealed"] = Seal(args.keys).load().open(answer["sealed"])  # of this program, not of the locker
    print(json.dumps(answer, ensure_ascii=False))
    return EXIT_OK if answer["result"] == "ok" else EXIT_REFUSED


def do_state(args):
    up = make(args, auto_ack=False)
    try:
        up.wait(lambda: up.presence is not None, min(args.timeout, 2.0), "a retained presence")
        time.sleep(0.1)
    finally:
        up.close()
    print(json.dumps({"presence": up.presence, "compartments": up.compartments, "health": up.health}))
    return EXIT_OK


def do_publish(args):
    up = make(args, auto_ack=False)
    if args.do == "ack":
        sent = up._publish("ack", {"epoch": args.epoch, "upTo": args.up_to})
    elif args.do == "replay":
        sent = up._publish("ack", {"replayFrom": args.seq})
    else:
        sent = up.send(sys.stdin.read().strip(), args.retain)
    sent.wait_for_publish(args.timeout)
    up.close()
    return EXIT_OK


def do_keys(args):
    print(Keys(args.keys, args.kid).load().public_file)
    print(Seal(args.keys).load().public_file)
    return EXIT_OK


DO = {"keys": do_keys, "listen": do_listen, "state": do_state, "ack": do_publish, "replay": do_publish,
      "token": do_publish, **{do: do_command for do in COMMANDS}}


def main(argv):
    args = parse(argv)
    try:
        return DO[args.do](args)
    except TimeoutError as error:
        print(f"upstream: {error}", file=sys.stderr)
        return EXIT_NO_BROKER if "broker" in str(error) else EXIT_NO_ANSWER


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
