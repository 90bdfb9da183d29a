#!/usr/bin/python3
"""Wrong commands through a real broker into the whole daemon: each is refused for the right reason, audited, answered only when it
was rightly signed, and without effect: no event but the refusal, no pulse, no item, staff, door changed. The table is
docs/contract/hostile.md; --page writes it."""

import argparse
import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
import site_rig  # noqa: E402
from contract_examples import expect  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: E402

OPERATOR, SITE = site_rig.OPERATOR, site_rig.SITE
b64url, unb64url = site_rig.upstream.b64url, site_rig.upstream.unb64url
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # the order of P-256
SILENT, ANSWERED = "no", "yes"
PAGE = os.path.join(ROOT, "docs", "contract", "hostile.md")
HEAD = """# Wrong commands, and what becomes of them

What `tests/system/whole/hostile_whole.py` sends through a real broker into a whole locker, in this order. Each is refused, told as `access.command_refused` with this
`reason`, and without any effect: no door is pulsed, nothing about an item, a code, a compartment or staff changes. Who gets an answer had a right signature. (A test compares this table with the
program; `hostile_whole.py --page` writes it.)

| what is wrong | reason | answered |
|---|---|---|
"""


class Maker:
    """Tokens as they should not be."""

    def __init__(self, site):
        self.site, self.keys, self.count = site, site.keys, 0

    def claims(self, **changes):
        """Those of a command that would open a door; a value of None leaves a claim out."""
        self.count += 1
        made = site_rig.upstream.claims_for(OPERATOR, SITE, "compartment.open", {"compartment": "A01"}, jti=f"h{self.count}")
        made.update(changes)
        return {k: v for k, v in made.items() if v is not None}

    def head(self, **changes):
        made = {"alg": "ES256", "kid": self.keys.kid, "typ": "JWT", **changes}
        return {k: v for k, v in made.items() if v is not None}

    def signed(self, claims=None, header=None):
        return self.keys.sign(self.claims() if claims is None else claims, self.head() if header is None else header)

    def raw(self, payload):
        """Rightly signed, whatever the payload's bytes are."""
        return self.keys.sign(payload, self.head())

    def with_claims(self, **changes):
        return self.signed(self.claims(**changes))

    def with_args(self, cmd, **args):
        return self.signed(self.claims(cmd=cmd, args=args))

    def with_head(self, **changes):
        return self.signed(header=self.head(**changes))

    def unsigned_parts(self, header):
        return b64url(json.dumps(header).encode()) + "." + b64url(json.dumps(self.claims()).encode())

    def hmac_with_public_key(self):
        """The old trick: HS256 with the public key's bytes as the secret."""
        text = self.unsigned_parts(self.head(alg="HS256"))
        pem = self.keys.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return text + "." + b64url(hmac.new(pem, text.encode(), hashlib.sha256).digest())

    def signature(self, change):
        """A right token whose signature (r, s) is changed."""
        text, signature = self.signed().rsplit(".", 1)
        raw = unb64url(signature)
        return text + "." + change(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))

    def der(self):
        text = self.signed().rsplit(".", 1)[0]
        return text + "." + b64url(self.keys.private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))

    def by_stranger(self):
        other = site_rig.upstream.Keys("/nonexistent")
        other.private, other.kid = ec.generate_private_key(ec.SECP256R1()), self.keys.kid
        text = ".".join(b64url(json.dumps(part).encode()) for part in (self.head(), self.claims()))
        r, s = decode_dss_signature(other.private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{pair(r, s)}"

    def changed_after_signing(self):
        head, _, signature = self.signed().split(".")
        return ".".join((head, b64url(json.dumps(self.claims(args={"compartment": "A02"})).encode()), signature))

    def text_with(self, old, new):
        """A right payload's text with something replaced, then signed."""
        text = json.dumps(self.claims()).replace(old, new, 1)
        return self.raw(text.encode("utf-8", "surrogatepass"))


def pair(r, s):
    return b64url((r % 2 ** 256).to_bytes(32, "big") + (s % 2 ** 256).to_bytes(32, "big"))


def rows(m):
    """(what is wrong, token, reason, answered, options of publishing)."""
    now = int(time.time())
    deep = "[" * 40 + "]" * 40
    announce = "item.announce"
    return [
        # nobody knows who speaks
        ("nothing at all", b"", "malformed", SILENT),
        ("binary noise", bytes(range(256)) * 2, "malformed", SILENT),
        ("a right token with a byte order mark before it", b"\xef\xbb\xbf" + m.signed().encode(), "malformed", SILENT),
        ("plain JSON instead of a token", json.dumps(m.claims()), "malformed", SILENT),
        ("two parts of three", m.signed().rsplit(".", 1)[0], "malformed", SILENT),
        ("five parts, as a JWE has", m.signed() + ".AAAA.BBBB", "malformed", SILENT),
        ("longer than 16 KiB", m.signed(m.claims(args={"compartment": "A01", "x": "y" * 20000})), "oversize", SILENT),
        ("algorithm none, no signature", m.unsigned_parts(m.head(alg="none")) + ".", "malformed", SILENT),
        ("algorithm none, with a right signature", m.with_head(alg="none"), "bad_signature", SILENT),
        ("algorithm None", m.with_head(alg="None"), "bad_signature", SILENT),
        ("algorithm HS256, keyed with the public key", m.hmac_with_public_key(), "malformed", SILENT),
        ("algorithm HS256 in the header of a right signature", m.with_head(alg="HS256"), "bad_signature", SILENT),
        ("algorithm ES384", m.with_head(alg="ES384"), "bad_signature", SILENT),
        ("algorithm as a list", m.with_head(alg=["ES256"]), "bad_signature", SILENT),
        ("no kid", m.with_head(kid=None), "unknown_key", SILENT),
        ("an unknown kid", m.with_head(kid="upstream-99"), "unknown_key", SILENT),
        ("a path as kid", m.with_head(kid="../../../etc/passwd"), "unknown_key", SILENT),
        ("somebody else's key under our kid", m.by_stranger(), "bad_signature", SILENT),
        ("the payload changed after signing", m.changed_after_signing(), "bad_signature", SILENT),
        ("a signature of zeros", m.signature(lambda r, s: pair(0, 0)), "bad_signature", SILENT),
        ("a signature with r = 0", m.signature(lambda r, s: pair(0, s)), "bad_signature", SILENT),
        ("a signature with s = 0", m.signature(lambda r, s: pair(r, 0)), "bad_signature", SILENT),
        ("r beyond the order of the curve", m.signature(lambda r, s: pair(r + N, s)), "bad_signature", SILENT),
        ("r and s exchanged", m.signature(lambda r, s: pair(s, r)), "bad_signature", SILENT),
        ("a signature in DER", m.der(), "malformed", SILENT),
        ("an empty signature", m.signed().rsplit(".", 1)[0] + ".", "malformed", SILENT),
        ("header field crit", m.with_head(crit=["exp"]), "malformed", SILENT),
        ("header field jwk with the signer's own key", m.with_head(jwk=m.keys.public_jwk()), "malformed", SILENT),
        ("header field jku", m.with_head(jku="https://upstream.example/keys"), "malformed", SILENT),
        ("header field x5u", m.with_head(x5u="https://upstream.example/cert"), "malformed", SILENT),
        ("header field b64 false", m.with_head(b64=False), "malformed", SILENT),
        ("published as retained", m.signed(), "retained", SILENT, {"retain": True}),
        # rightly signed, and what is inside is no command
        ("a list as payload", m.raw(b"[1,2,3]"), "malformed", SILENT),
        ("nested forty deep", m.text_with('{"compartment": "A01"}', deep), "malformed", SILENT),
        ("jti twice", m.text_with('"jti":', '"jti": "twice", "jti":'), "malformed", SILENT),
        ("args twice", m.text_with('"args":', '"args": {}, "args":'), "malformed", SILENT),
        ("an argument twice", m.text_with('{"compartment":', '{"compartment": "A02", "compartment":'), "malformed", SILENT),
        ("not UTF-8", m.raw(json.dumps(m.claims()).encode().replace(b"upstream", b"up\xff\xfeam")), "malformed", SILENT),
        ("a NUL inside a text", m.text_with("A01", "A01\\u0000B02"), "malformed", SILENT),
        ("half a surrogate pair", m.text_with("A01", "A0\\ud800"), "malformed", SILENT),
        ("no jti", m.with_claims(jti=None), "malformed", SILENT),
        ("jti with a line break", m.with_claims(jti="a\nb"), "malformed", SILENT),
        ("jti a number", m.with_claims(jti=17), "malformed", SILENT),
        ("a claim that is not in the contract", m.with_claims(role="admin"), "malformed", ANSWERED),
        ("no iss", m.with_claims(iss=None), "malformed", ANSWERED),
        ("no exp", m.with_claims(exp=None), "malformed", ANSWERED),
        ("exp a text", m.with_claims(exp=str(now + 60)), "malformed", ANSWERED),
        ("exp with a fraction", m.with_claims(exp=now + 60.5), "malformed", ANSWERED),
        ("exp beyond any integer", m.with_claims(exp=2 ** 70), "malformed", SILENT),
        ("iat negative", m.with_claims(iat=-1), "malformed", ANSWERED),
        # for somebody else, or at another time
        ("another site", m.with_claims(aud=f"{OPERATOR}/hall-2"), "wrong_audience", ANSWERED),
        ("another operator", m.with_claims(aud=f"york/{SITE}"), "wrong_audience", ANSWERED),
        ("all sites, with a wildcard", m.with_claims(aud=f"{OPERATOR}/+"), "wrong_audience", ANSWERED),
        ("aud as a list with us in it", m.with_claims(aud=[f"{OPERATOR}/{SITE}"]), "malformed", ANSWERED),
        ("expired", m.with_claims(iat=now - 200, exp=now - 100), "expired", ANSWERED),
        ("from the far future", m.with_claims(iat=now + 86400, exp=now + 86460), "not_yet_valid", ANSWERED),
        ("valid for a day", m.with_claims(exp=now + 86400), "lifetime_too_long", ANSWERED),
        ("exp before iat", m.with_claims(iat=now, exp=now - 5), "malformed", ANSWERED),
        # a command that is none, or not as it should be
        ("an unknown command", m.with_claims(cmd="compartment.open_all", args={}), "unknown_command", ANSWERED),
        ("a command in capitals", m.with_claims(cmd="COMPARTMENT.OPEN"), "unknown_command", ANSWERED),
        ("a command as a list", m.with_claims(cmd=["compartment.open"]), "unknown_command", ANSWERED),
        ("args a list", m.with_claims(args=["A01"]), "bad_argument", ANSWERED),
        ("args a number", m.with_claims(args=0), "bad_argument", ANSWERED),
        ("no compartment", m.with_args("compartment.open"), "bad_argument", ANSWERED),
        ("every compartment", m.with_args("compartment.open", compartment="*"), "bad_argument", ANSWERED),
        ("a list of compartments", m.with_args("compartment.open", compartment=["A01", "A02"]), "bad_argument", ANSWERED),
        ("a compartment that is not there", m.with_args("compartment.open", compartment="Z99"), "no_such_door", ANSWERED),
        ("an argument of another command", m.with_args("compartment.open", compartment="A01", item_id="Y1"), "bad_argument", ANSWERED),
        ("an item id with SQL in it", m.with_args(announce, item_id="x'; DROP TABLE item;--"), "bad_argument", ANSWERED),
        ("a code as a number", m.with_args(announce, item_id="H1", code=12345678), "bad_argument", ANSWERED),
        ("a code of another length", m.with_args(announce, item_id="H1", code="123456"), "bad_argument", ANSWERED),
        ("a code that is somebody else's", m.with_args(announce, item_id="H1", code="11112222"), "code_in_use", ANSWERED),
        ("an item that is known already", m.with_args(announce, item_id="Y1", code="99998888"), "item_exists", ANSWERED),
        ("a code for nobody", m.with_args("code.reissue", item_id="nobody", code="99998888"), "no_such_item", ANSWERED),
        ("a PIN instead of its hash", m.with_args("staff.upsert", staff_id="9", role="courier", pin_hash="2468"), "bad_argument", ANSWERED),
        ("a hash that takes a gigabyte", m.with_args("staff.upsert", staff_id="9", role="courier",
                                                    pin_hash="$argon2id$v=19$m=1048576,t=99,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"), "bad_argument", ANSWERED),
        ("a supervisor from afar", m.with_args("staff.upsert", staff_id="9", role="supervisor", badge="b" * 20), "not_allowed", ANSWERED),
        ("events before the first", m.with_args("events.replay", **{"from": 0}), "bad_argument", ANSWERED),
        ("events beyond the last", m.with_args("events.replay", **{"from": 1000000}), "no_such_event", ANSWERED),
    ]


def pulses(site):
    text = site.admin("metrics")["text"]
    return sum(float(x) for x in re.findall(r"^lockerd_door_pulses_total\{.*\} (\S+)$", text, re.M))


def world(site):
    """Everything a command could have changed."""
    return json.dumps([[{k: v for k, v in d.items() if k != "since_s"} for d in site.admin("doors")["doors"]], site.admin("items")["items"],
                       site.admin("staff_list"), pulses(site)], sort_keys=True)


class Trial:
    def __init__(self, site):
        self.site, self.before = site, world(site)

    def run(self, what, token, reason, answered, options):
        site, seq = self.site, self.site.admin("status")["seq"]
        answers = len(site.postal.answers)
        site.postal.send(token, **options)
        site_rig.until(lambda: site.admin("status")["seq"] > seq, 5, f"{what}: an audit record")
        site.until_all_acked()
        news = [e for e in site.events if e["seq"] > seq]
        expect([e["type"] for e in news] == ["locker.access.command_refused.v1"], f"{what}: it tells {[e['type'] for e in news]}")
        expect(news[0]["data"]["reason"] == reason, f"{what}: refused as {news[0]['data']['reason']}, not as {reason}")
        if answered == ANSWERED:
            answer = site.postal.answer(json.loads(unb64url(token.split(".")[1]))["jti"])
            expect((answer["result"], answer["reason"]) == ("refused", reason), f"{what}: answered {answer}")
        expect(len(site.postal.answers) == answers + (answered == ANSWERED), f"{what}: answered {'not ' if answered == ANSWERED else ''}")
        expect(world(site) == self.before, f"{what}: something changed")


def special(trial, m):
    """What needs more than one message, or another topic."""
    site, made = trial.site, []

    def row(what, token, reason, answered, **options):
        trial.run(what, token, reason, answered, options)
        made.append((what, reason, answered))

    first = m.claims(cmd="status.get", args={})
    site.postal.send(m.signed(first))
    expect(site.postal.answer(first["jti"])["result"] == "ok", "a good one")
    trial.before = world(site)
    site.postal.answers.pop(first["jti"])
    row("the id of a command that was obeyed, with another content", m.signed({**m.claims(), "jti": first["jti"]}), "id_reused", ANSWERED)
    site.postal._client.publish(f"locker/v1/{OPERATOR}/hall-2/cmd", m.signed(), 1)  # never reaches us
    site.postal._client.publish(f"locker/v1/{OPERATOR}/{SITE}/cmd/", m.signed(), 1)
    site.postal._client.publish(f"locker/v1/{OPERATOR}/{SITE}/CMD", m.signed(), 1)
    time.sleep(0.3)
    expect(world(site) == trial.before, "a command on another topic is not ours")
    return made


def openings_are_capped(site, m):
    """At most so many remote openings within ten minutes, whoever signs them."""
    results = []
    for door in ("A01", "A02", "A03", "A04"):
        answer = site.postal.command("compartment.open", {"compartment": door}, timeout_s=15)
        results.append((answer["result"], answer.get("reason")))
        if answer["result"] == "ok":
            site.shut(door)
    expect([r for r, _ in results[:3]] == ["ok"] * 3 and results[3] == ("refused", "remote_limit"), f"{results}")
    return [("the fourth remote opening within ten minutes", "remote_limit", ANSWERED)]


def table_of(made):
    return HEAD + "".join(f"| {what} | `{reason}` | {answered} |\n" for what, reason, answered in made)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--page", action="store_true", help="write docs/contract/hostile.md")
    args = parser.parse_args()
    with site_rig.Site(os.path.abspath(args.build), more="[remote]\nrefusals_a_minute = 1000\n") as site:
        site.hire()
        site.announce("Y1", code="11112222")
        m, trial, made = Maker(site), Trial(site), []
        site.until_all_acked()
        for what, token, reason, answered, *more in rows(m):
            trial.run(what, token, reason, answered, more[0] if more else {})
            made.append((what, reason, answered))
        made += special(trial, m)
        made += openings_are_capped(site, m)
        site.until_all_acked()
        expect(not site.postal.log.faults and not site.postal.books.faults, "the log is right")
    text = table_of(made)
    if args.page:
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(text)
    with open(PAGE, encoding="utf-8") as f:
        expect(f.read() == text, "docs/contract/hostile.md is not the table of this test; run it with --page")
    expect(len(made) >= 45, f"only {len(made)} rows")
    print(text)
    print(f"{len(made)} wrong commands, each refused, audited and without effect")


if __name__ == "__main__":
    main()
