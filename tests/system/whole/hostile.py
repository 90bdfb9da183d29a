"""Wrong messages on `cmd`, as a table: what each is, why the locker refuses it, whether anybody gets an answer.

A row is Wrong(what, reason, answered, make). make(Forge) gives the payload (text or bytes), or a Message when more than
that is wrong. The rows stand in docs/contract/hostile.md too; hostile_whole.py sends them and keeps the two equal.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "upstream"))
import upstream  # noqa: E402

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (SEC 2, 2.4.2)
DOOR, ITEM, CODE = "A01", "Y1", "11112222"


def b64(data):
    return upstream.b64url(data if isinstance(data, bytes) else data.encode())


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Message:
    """A payload, and what is wrong around it."""

    def __init__(self, payload, topic="cmd", retain=False):
        self.payload, self.topic, self.retain = payload, topic, retain


class Wrong:
    def __init__(self, what, reason, answered, make):
        self.what, self.reason, self.answered, self.make = what, reason, answered, make


class Forge:
    """Makes tokens that are right but for one thing. Each has a new jti, kept in `jti` for the one who looks for it."""

    def __init__(self, operator, site, keys, stranger, done):
        """done: a token that was obeyed already."""
        self.operator, self.site, self.keys, self.stranger, self.done = operator, site, keys, stranger, done
        self.jti, self.count = None, 0

    def claims(self, cmd="compartment.open", args=None, **changes):
        """Without changes it would open a door. A claim of None is left out."""
        self.count += 1
        self.jti = f"hostile-{self.count}"
        made = upstream.claims_for(self.operator, self.site, cmd, {"compartment": DOOR} if args is None else args, self.jti)
        made.update(changes)
        self.jti = made["jti"]
        return {key: value for key, value in made.items() if value is not None}

    def signed(self, cmd="compartment.open", args=None, header=None, **changes):
        return self.keys.sign(self.claims(cmd, args, **changes), header)

    def raw(self, payload, header=None):
        """Rightly signed bytes."""
        self.claims()
        return self.keys.sign(payload if isinstance(payload, bytes) else payload.encode(), header)

    def swapped(self, old, new, **changes):
        """The claims as text with one piece of it replaced, rightly signed: what no dictionary can say."""
        text = json.dumps(self.claims(**changes))
        assert old in text, (old, text)
        return self.keys.sign(text.replace(old, new, 1).encode())

    def parts(self, **changes):
        head, body, signature = self.signed(**changes).split(".")
        return head, body, unb64(signature)

    def with_signature(self, change, **changes):
        head, body, signature = self.parts(**changes)
        return f"{head}.{body}.{b64(change(signature))}"

    def head(self, **changes):
        made = {"alg": "ES256", "kid": self.keys.kid, "typ": "JWT", **changes}
        return {key: value for key, value in made.items() if value is not None}

    def hmac(self, secret):
        """Algorithm confusion: HS256 with what everybody knows, the public key."""
        text = f"{b64(json.dumps(self.head(alg='HS256')))}.{b64(json.dumps(self.claims()))}"
        return f"{text}.{b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def public_pem(keys):
    from cryptography.hazmat.primitives import serialization
    return keys.private.public_key().public_bytes(serialization.Encoding.PEM,
                                                  serialization.PublicFormat.SubjectPublicKeyInfo)


def der(signature):
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def twin(token):
    """The other signature that fits the same words: (r, n - s)."""
    head, body, signature = token.split(".")
    raw = unb64(signature)
    s = ORDER - int.from_bytes(raw[32:], "big")
    return f"{head}.{body}.{b64(raw[:32] + s.to_bytes(32, 'big'))}"


def spare_bits(token):
    """The same bytes of signature in other letters: the last one has four bits that say nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + letters[letters.index(token[-1]) ^ 1]


def flipped(signature):
    return signature[:40] + bytes([signature[40] ^ 1]) + signature[41:]


def none_of(f, letters):
    return f"{b64(json.dumps(f.head(alg='none')))}.{b64(json.dumps(f.claims()))}.{letters}"


def own_key_in_header(f):
    """The token brings the key that it wants to be judged by."""
    return f.stranger.sign(f.claims(), f.head(kid=f.keys.kid, jwk=f.stranger.public_jwk()))


def deep(levels):
    return "[" * levels + "]" * levels


def now(shift=0):
    return int(time.time()) + shift


def flattened(f):
    head, body, signature = f.signed().split(".")
    return json.dumps({"protected": head, "payload": body, "signature": signature})


def twin_of_done(f):
    f.jti = json.loads(unb64(f.done.split(".")[1]))["jti"]
    return twin(f.done)


def without_args(f):
    claims = f.claims()
    del claims["args"]
    return claims


MALFORMED, SIGNATURE, ARGUMENT = "malformed", "bad_signature", "bad_argument"

# What nobody can have signed: no answer, since nobody knows who asked.
FORM = [
    Wrong("an empty message", MALFORMED, False, lambda f: b""),
    Wrong("bytes that are no text", MALFORMED, False, lambda f: b"\x00\xff\xfe" * 40),
    Wrong("a JSON object instead of a token", MALFORMED, False, lambda f: json.dumps(f.claims())),
    Wrong("a JWS in JSON serialisation", MALFORMED, False, flattened),
    Wrong("a byte order mark before the token", MALFORMED, False, lambda f: b"\xef\xbb\xbf" + f.signed().encode()),
    Wrong("a line feed behind the token", MALFORMED, False, lambda f: f.signed() + "\n"),
    Wrong("a NUL behind the token", MALFORMED, False, lambda f: f.signed().encode() + b"\x00"),
    Wrong("two parts only", MALFORMED, False, lambda f: f.signed().rsplit(".", 1)[0]),
    Wrong("five parts (a JWE)", MALFORMED, False, lambda f: f.signed() + ".AAAA.AAAA"),
    Wrong("base64 with + and / and =", MALFORMED, False,
          lambda f: ".".join(base64.b64encode(unb64(p)).decode() for p in f.signed().split("."))),
    Wrong("longer than 16 KiB, rightly signed", "oversize", False, lambda f: f.signed(args={"compartment": DOOR, "x": "x" * 17000})),
    Wrong("1 MiB of letters", "oversize", False, lambda f: b"e" * (1 << 20)),
    Wrong("kept by the broker (retained), else right", "retained", False, lambda f: Message(f.signed(), retain=True)),
]

SIGNED = [
    Wrong("one bit of the signature is wrong", SIGNATURE, False, lambda f: f.with_signature(flipped)),
    Wrong("signed by a stranger under our `kid`", SIGNATURE, False, lambda f: f.stranger.sign(f.claims(), f.head())),
    Wrong("signed by a stranger under a `kid` of its own", "unknown_key", False,
          lambda f: f.stranger.sign(f.claims(), f.head(kid="stranger"))),
    Wrong("no `kid`", "unknown_key", False, lambda f: f.signed(header=f.head(kid=None))),
    Wrong("`kid` is a number", "unknown_key", False, lambda f: f.signed(header=f.head(kid=1))),
    Wrong("`kid` is a path", "unknown_key", False, lambda f: f.signed(header=f.head(kid="../../etc/passwd"))),
    Wrong("the claims of one token with the signature of another", SIGNATURE, False,
          lambda f: ".".join(f.signed().split(".")[:2] + [f.done.split(".")[2]])),
    Wrong("HS256 with the public key (PEM) as the secret", MALFORMED, False, lambda f: f.hmac(public_pem(f.keys))),
    Wrong("HS256, its MAC made as long as a signature", SIGNATURE, False,
          lambda f: ".".join(f.hmac(public_pem(f.keys)).split(".")[:2] + [b64(bytes(64))])),
    Wrong("`alg` is none, no signature", MALFORMED, False, lambda f: none_of(f, "")),
    Wrong("`alg` is none, with a signature's length", SIGNATURE, False, lambda f: none_of(f, b64(bytes(64)))),
    Wrong("`alg` is None", SIGNATURE, False, lambda f: f.signed(header=f.head(alg="None"))),
    Wrong("`alg` is es256", SIGNATURE, False, lambda f: f.signed(header=f.head(alg="es256"))),
    Wrong("`alg` is ES384", SIGNATURE, False, lambda f: f.signed(header=f.head(alg="ES384"))),
    Wrong("`alg` is RS256", SIGNATURE, False, lambda f: f.signed(header=f.head(alg="RS256"))),
    Wrong("no `alg`", SIGNATURE, False, lambda f: f.signed(header=f.head(alg=None))),
    Wrong("a DER signature", MALFORMED, False, lambda f: f.with_signature(der)),
    Wrong("r = 0, s = 0", SIGNATURE, False, lambda f: f.with_signature(lambda s: bytes(64))),
    Wrong("r = 0", SIGNATURE, False, lambda f: f.with_signature(lambda s: bytes(32) + s[32:])),
    Wrong("s = 0", SIGNATURE, False, lambda f: f.with_signature(lambda s: s[:32] + bytes(32))),
    Wrong("r = the order of the curve", SIGNATURE, False,
          lambda f: f.with_signature(lambda s: ORDER.to_bytes(32, "big") + s[32:])),
    Wrong("r and s are all ones", SIGNATURE, False, lambda f: f.with_signature(lambda s: b"\xff" * 64)),
    Wrong("r and s exchanged", SIGNATURE, False, lambda f: f.with_signature(lambda s: s[32:] + s[:32])),
    Wrong("the header is no JSON", MALFORMED, False, lambda f: f.raw("{}", b"ES256")),
    Wrong("the header is a list", MALFORMED, False, lambda f: f.signed(header=[f.head()])),
    Wrong("`alg` twice in the header", MALFORMED, False,
          lambda f: f.signed(header=b'{"alg":"none","alg":"ES256","kid":"upstream-1"}')),
    Wrong("`crit` in the header", MALFORMED, False, lambda f: f.signed(header=f.head(crit=["exp"]))),
    Wrong("`jwk`: the stranger's own key in the header", MALFORMED, False, own_key_in_header),
    Wrong("`jku` in the header", MALFORMED, False, lambda f: f.signed(header=f.head(jku="https://a.invalid/keys"))),
    Wrong("`x5u` in the header", MALFORMED, False, lambda f: f.signed(header=f.head(x5u="https://a.invalid/c"))),
    Wrong("`b64` false in the header", MALFORMED, False, lambda f: f.signed(header=f.head(b64=False))),
    Wrong("`typ` is a list", MALFORMED, False, lambda f: f.signed(header=f.head(typ=["JWT"]))),
]

# Rightly signed from here on.
PAYLOAD = [
    Wrong("the payload is no JSON", MALFORMED, False, lambda f: f.raw("open A01")),
    Wrong("the payload is a list", MALFORMED, False, lambda f: f.raw(json.dumps([f.claims()]))),
    Wrong("the payload is empty: {}", MALFORMED, False, lambda f: f.raw("{}")),
    Wrong("the payload is not UTF-8", MALFORMED, False,
          lambda f: f.raw(json.dumps(f.claims()).encode().replace(b"A01", b"A\xff1"))),
    Wrong("a byte order mark in the payload", MALFORMED, False, lambda f: f.raw("\ufeff" + json.dumps(f.claims()))),
    Wrong("something behind the payload's object", MALFORMED, False, lambda f: f.raw(json.dumps(f.claims()) + "{}")),
    Wrong("a NUL in a text (\\u0000)", MALFORMED, False, lambda f: f.swapped('"A01"', '"A01\\u0000"')),
    Wrong("half a surrogate in a text (\\ud800)", MALFORMED, False, lambda f: f.swapped('"A01"', '"A01\\ud800"')),
    Wrong("nested nine deep", MALFORMED, False, lambda f: f.swapped('"A01"', deep(7))),
    Wrong("nested 5,000 deep", MALFORMED, False, lambda f: f.swapped('"A01"', deep(5000))),
    Wrong("`cmd` twice", MALFORMED, False, lambda f: f.swapped('"cmd":', '"cmd": "status.get", "cmd":')),
    Wrong("`jti` twice", MALFORMED, False, lambda f: f.swapped('"jti":', '"jti": "other", "jti":')),
    Wrong("an argument twice", MALFORMED, False,
          lambda f: f.swapped('"compartment":', '"compartment": "A02", "compartment":')),
    Wrong("a number beyond every float (1e400)", MALFORMED, False, lambda f: f.swapped('"jti"', '"nbf": 1e400, "jti"')),
    Wrong("`exp` is larger than 64 bits", MALFORMED, False,
          lambda f: f.swapped('"exp": 1', '"exp": 99999999999999999999')),
    Wrong("no `jti`", MALFORMED, False, lambda f: f.signed(jti=None)),
    Wrong("`jti` is a number", MALFORMED, False, lambda f: f.keys.sign({**f.claims(), "jti": 7})),
    Wrong("`jti` of 65 characters", MALFORMED, False, lambda f: f.keys.sign({**f.claims(), "jti": "j" * 65})),
    Wrong("`jti` with a slash", MALFORMED, False, lambda f: f.keys.sign({**f.claims(), "jti": "a/../b"})),
]

CLAIMS = [
    Wrong("`aud` is another site", "wrong_audience", True, lambda f: f.signed(aud=f"{f.operator}/hall-2")),
    Wrong("`aud` is another operator", "wrong_audience", True, lambda f: f.signed(aud=f"other/{f.site}")),
    Wrong("`aud` in capitals", "wrong_audience", True, lambda f: f.signed(aud=f"{f.operator}/{f.site}".upper())),
    Wrong("`aud` with something behind it", "wrong_audience", True, lambda f: f.signed(aud=f"{f.operator}/{f.site}/")),
    Wrong("`aud` is a list that has us in it", MALFORMED, True, lambda f: f.signed(aud=[f"{f.operator}/{f.site}"])),
    Wrong("no `aud`", MALFORMED, True, lambda f: f.signed(aud=None)),
    Wrong("no `iss`", MALFORMED, True, lambda f: f.signed(iss=None)),
    Wrong("`iss` with a blank", MALFORMED, True, lambda f: f.signed(iss="up stream")),
    Wrong("a claim that is not understood (`nbf`)", MALFORMED, True, lambda f: f.signed(nbf=0)),
    Wrong("expired", "expired", True, lambda f: f.signed(iat=now(-120), exp=now(-1))),
    Wrong("a minute ahead of the locker's clock", "not_yet_valid", True, lambda f: f.signed(iat=now(60), exp=now(120))),
    Wrong("in the far future", "not_yet_valid", True, lambda f: f.signed(iat=4102444800, exp=4102444860)),
    Wrong("valid for 121 s", "lifetime_too_long", True, lambda f: f.signed(iat=now(), exp=now(0) + 121)),
    Wrong("valid for ever", "lifetime_too_long", True, lambda f: f.signed(exp=2 ** 53 - 1)),
    Wrong("`exp` before `iat`", MALFORMED, True, lambda f: f.signed(iat=now(), exp=now(-60))),
    Wrong("no `exp`", MALFORMED, True, lambda f: f.signed(exp=None)),
    Wrong("no `iat`", MALFORMED, True, lambda f: f.signed(iat=None)),
    Wrong("`exp` is a float", MALFORMED, True, lambda f: f.signed(exp=time.time() + 60)),
    Wrong("`exp` is a text", MALFORMED, True, lambda f: f.signed(exp=str(now(60)))),
    Wrong("`iat` is negative", MALFORMED, True, lambda f: f.signed(iat=-1, exp=60)),
    Wrong("`exp` beyond 2^53", MALFORMED, True, lambda f: f.signed(exp=2 ** 60)),
    Wrong("a command that was obeyed, its `jti` with other content", "id_reused", True,
          lambda f: f.signed(jti=json.loads(unb64(f.done.split(".")[1]))["jti"])),
    Wrong("a command that was obeyed, with its signature's twin (r, n - s)", "id_reused", True, twin_of_done),
]

COMMANDS = [
    Wrong("no `cmd`", "unknown_command", True, lambda f: f.signed(None)),
    Wrong("`cmd` is a number", "unknown_command", True, lambda f: f.keys.sign({**f.claims(), "cmd": 1})),
    Wrong("`cmd` in other case", "unknown_command", True, lambda f: f.signed("Compartment.Open")),
    Wrong("`cmd` with a blank behind it", "unknown_command", True, lambda f: f.signed("compartment.open ")),
    Wrong("open everything", "unknown_command", True, lambda f: f.signed("compartment.open_all", {})),
    Wrong("`args` is a list", ARGUMENT, True, lambda f: f.signed(args=[DOOR])),
    Wrong("`args` is a text", ARGUMENT, True, lambda f: f.signed(args=DOOR)),
    Wrong("no `args` where one is needed", ARGUMENT, True, lambda f: f.keys.sign(without_args(f))),
    Wrong("an argument that is not understood", ARGUMENT, True, lambda f: f.signed(args={"compartment": DOOR, "force": True})),
    Wrong("another command's argument", ARGUMENT, True, lambda f: f.signed(args={"compartment": DOOR, "item_id": ITEM})),
    Wrong("a list of compartments", ARGUMENT, True, lambda f: f.signed(args={"compartment": [DOOR, "A02"]})),
    Wrong("the compartment `*`", ARGUMENT, True, lambda f: f.signed(args={"compartment": "*"})),
    Wrong("an empty compartment", ARGUMENT, True, lambda f: f.signed(args={"compartment": ""})),
    Wrong("a compartment that is not there", "no_such_door", True, lambda f: f.signed(args={"compartment": "Q99"})),
    Wrong("a compartment in small letters", "no_such_door", True, lambda f: f.signed(args={"compartment": "a01"})),
    Wrong("an `item_id` that is a number", ARGUMENT, True, lambda f: f.signed("item.cancel", {"item_id": 7})),
    Wrong("an `item_id` with SQL in it", ARGUMENT, True,
          lambda f: f.signed("item.cancel", {"item_id": "x'; DROP TABLE item;--"})),
    Wrong("an item that is not there", "no_such_item", True, lambda f: f.signed("item.cancel", {"item_id": "nobody"})),
    Wrong("an item that is there already", "item_exists", True, lambda f: f.signed("item.announce", {"item_id": ITEM})),
    Wrong("somebody else's code", "code_in_use", True,
          lambda f: f.signed("item.announce", {"item_id": "N1", "code": CODE, "phone": "13900007788"})),
    Wrong("a code with letters", ARGUMENT, True, lambda f: f.signed("code.reissue", {"item_id": ITEM, "code": "1234567a"})),
    Wrong("a code of another length than this site's", ARGUMENT, True,
          lambda f: f.signed("code.reissue", {"item_id": ITEM, "code": "123456"})),
    Wrong("a code that is a number", ARGUMENT, True, lambda f: f.signed("code.reissue", {"item_id": ITEM, "code": 12345678})),
    Wrong("a token that can be guessed", ARGUMENT, True, lambda f: f.signed("code.reissue", {"item_id": ITEM, "token": "abc"})),
    Wrong("a code to be made, where there is no key to seal it to", "no_seal_key", True,
          lambda f: f.signed("code.reissue", {"item_id": ITEM, "make_code": True})),
    Wrong("a code given and one to be made", ARGUMENT, True,
          lambda f: f.signed("code.reissue", {"item_id": ITEM, "code": "60417285", "make_code": True})),
    Wrong("`make_token` is a text", ARGUMENT, True,
          lambda f: f.signed("code.reissue", {"item_id": ITEM, "make_token": "true"})),
    Wrong("a size that is none", ARGUMENT, True, lambda f: f.signed("item.update", {"item_id": ITEM, "size": "XXL"})),
    Wrong("a name with a line feed", ARGUMENT, True, lambda f: f.signed("item.update", {"item_id": ITEM, "name": "a\nb"})),
    Wrong("a flag that is a text", ARGUMENT, True, lambda f: f.signed("item.update", {"item_id": ITEM, "low_reach": "true"})),
    Wrong("0 days", ARGUMENT, True, lambda f: f.signed("item.extend", {"item_id": ITEM, "days": 0})),
    Wrong("-1 days", ARGUMENT, True, lambda f: f.signed("item.extend", {"item_id": ITEM, "days": -1})),
    Wrong("1.5 days", ARGUMENT, True, lambda f: f.signed("item.extend", {"item_id": ITEM, "days": 1.5})),
    Wrong("2^40 days", ARGUMENT, True, lambda f: f.signed("item.extend", {"item_id": ITEM, "days": 2 ** 40})),
    Wrong("a note that rewrites a terminal", ARGUMENT, True,
          lambda f: f.signed("compartment.block", {"compartment": "A02", "note": "bent\x1b[2J"})),
    Wrong("a PIN instead of its hash", ARGUMENT, True,
          lambda f: f.signed("staff.upsert", {"staff_id": "c-9", "role": "courier", "pin_hash": "135724"})),
    Wrong("a PIN's hash that would take 4 GiB to check", ARGUMENT, True,
          lambda f: f.signed("staff.upsert", {"staff_id": "c-9", "role": "courier", "pin_hash": HEAVY})),
    Wrong("a role that is none", ARGUMENT, True,
          lambda f: f.signed("staff.upsert", {"staff_id": "c-9", "role": "root", "pin_hash": LIGHT})),
    Wrong("a supervisor from afar", "not_allowed", True,
          lambda f: f.signed("staff.upsert", {"staff_id": "c-9", "role": "supervisor", "pin_hash": LIGHT})),
    Wrong("dismissing nobody", "no_such_staff", True, lambda f: f.signed("staff.remove", {"staff_id": "nobody"})),
    Wrong("event 0 again", ARGUMENT, True, lambda f: f.signed("events.replay", {"from": 0})),
    Wrong("an event that is not there", "no_such_event", True, lambda f: f.signed("events.replay", {"from": 1000000})),
    Wrong("one remote opening too many", "remote_limit", True, lambda f: f.signed()),
]

# Sent to a daemon that believes in another calendar.
UNSYNCED = [
    Wrong("right, but the locker's clock is not set", "clock_unsynced", True, lambda f: f.signed()),
]

# Not ours to hear: nothing is reported, since nothing arrives.
ELSEWHERE = [
    Wrong("right, on another site's topic", "", False, lambda f: Message(f.signed(), topic="../hall-2/cmd")),
    Wrong("right, on a topic below `cmd`", "", False, lambda f: Message(f.signed(), topic="cmd/open")),
    Wrong("right, on `ack`", "", False, lambda f: Message(f.signed(), topic="ack")),
]

LIGHT = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$BIotcOTEc5pwkHsyACG4V1kXL6H9K3aNg5lFfcALGZU"
HEAVY = LIGHT.replace("m=19456", "m=4194304")

ONLINE = FORM + SIGNED + PAYLOAD + CLAIMS + COMMANDS


def all_rows():
    return ONLINE + UNSYNCED + ELSEWHERE
