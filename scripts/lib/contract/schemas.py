"""The JSON Schemas (draft-07) of every message, made from the tables of docs/contract/README.md.

They are tolerant: a new member and a new word of a list marked x-words must not break anybody (docs/contract/versioning.md).
strict() makes of each what the program of today may say, for the tests.
"""

DRAFT = "http://json-schema.org/draft-07/schema#"
ID, TIME = "^[A-Za-z0-9._-]{1,64}$", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"
LABEL, BANK, EPOCH = "^[A-Z][A-Z0-9]{0,4}[0-9]{2}$", "^[A-Z][A-Z0-9]{0,4}$", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
SHORT_ID = "^[A-Za-z0-9._-]{1,32}$"
NOTE = r"^[^\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+$"
PIN_HASH = (r"^\$argon2id\$v=19\$m=[1-9][0-9]{3,4},t=[1-4],p=[1-4]\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{22,86}$")


def text(pattern=None, least=1, most=None):
    return {"type": "string", **({"pattern": pattern} if pattern else {"minLength": least}),
            **({"maxLength": most} if most else {})}


def number(least=0, most=2147483647):
    return {"type": "integer", "minimum": least, "maximum": most}


def word(known):
    """One of a list that may grow."""
    return {"type": "string", "pattern": "^[a-z0-9_.]+$", "x-words": list(known)}


def fixed(known):
    """One of a list that is part of version 1."""
    return {"type": "string", "enum": list(known)}


def an_object(required, properties, title=None, about=None):
    return {**({"title": title} if title else {}), **({"description": about} if about else {}), "type": "object",
            "required": list(required), "properties": properties}


def field(page, name):
    """A member of `data`, by its form on the page."""
    from page import words
    form = page.fields[name][0]
    kind = form.split()[0]
    if kind == "one":
        return (fixed if name in ("from", "to", "clock") else word)(words(form))
    return {"id": text(ID), "text": text(most=256), "list": {"type": "array", "minItems": 1, "items": text(LABEL)},
            "label": text(BANK if name == "bank" else LABEL), "reason": word(page.reasons),
            "number": number(1), "true": {"const": True}}[kind]


def event(page, name):
    always, maybe, meaning = page.events[name]
    members = list(dict.fromkeys([*always, *maybe, "second", "note"]))
    data = an_object(always, {each: field(page, each) for each in members})
    envelope = {
        "specversion": {"const": "1.0"}, "id": text(most=128), "source": text("^/locker/[A-Za-z0-9._-]{1,32}/[A-Za-z0-9._-]{1,32}$"),
        "type": {"const": f"locker.{name}.v1"}, "time": text(TIME), "datacontenttype": {"const": "application/json"},
        "seq": number(1), "epoch": text(EPOCH), "timequality": fixed(("synced", "rtc", "unsynced")),
        "prevhash": text("^[0-9a-f]{64}$"), "hash": text("^[0-9a-f]{64}$"), "data": data}
    required = list(envelope)
    if name.startswith("item."):
        envelope["postalstatus"] = text("^[A-Za-z0-9._-]{1,31}$")
    return an_object(required, envelope, f"locker.{name}.v1", meaning or None)


def presence(_page):
    return an_object(("state", "epoch", "time", "version"), {
        "state": fixed(("online", "offline", "stopped")), "epoch": text(EPOCH), "time": text(TIME), "version": text(most=32)},
        "state/presence")


def compartments(page):
    one = an_object(("compartment", "state", "use"), {
        "compartment": text(LABEL), "state": word(page.states("state")), "use": word(page.states("use"))})
    return an_object(("epoch", "seq", "time", "compartments"), {
        "epoch": text(EPOCH), "seq": number(), "time": text(TIME), "compartments": {"type": "array", "items": one}},
        "state/compartments")


def health(page):
    fault = an_object(("what", "reason"), {"what": word(page.faults()), "place": text(most=32), "reason": word(page.reasons)})
    return an_object(("epoch", "time", "timequality", "version", "uptime_s", "seq", "hash", "acked", "firstSeq", "faults"), {
        "epoch": text(EPOCH), "time": text(TIME), "timequality": fixed(("synced", "rtc", "unsynced")),
        "version": text(most=32), "uptime_s": number(), "seq": number(), "hash": {"type": "string", "pattern": "^([0-9a-f]{64})?$"},
        "acked": number(), "firstSeq": number(1), "leftOut": number(1), "oldestUnacked": number(1), "oldestUnackedTime": text(TIME),
        "faults": {"type": "array", "items": fault}}, "state/health")


JWE = r"^[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{22}$"


def answer(page):
    from page import words
    return an_object(("id", "result", "time"), {
        "id": text(ID), "result": fixed(("ok", "refused", "failed", "unknown")), "reason": word(page.reasons),
        "outcome": word(words(page.fields["outcome"][0])), "compartment": text(LABEL), "why": text(most=256), "time": text(TIME), "sealed": text(JWE, most=1535),
        "status": health(page)}, "rsp")


def ack(_page):
    return an_object(("epoch", "upTo"), {"epoch": text(EPOCH), "upTo": number(1)}, "ack")


def replay(_page):
    return an_object(("replayFrom",), {"replayFrom": number(1), "epoch": text(EPOCH)}, "ack: ask again")


# ---- commands --------------------------------------------------------------------------------------------------------

def flag():
    return {"type": "boolean"}


CODE, TOKEN = text("^[0-9]{6,16}$"), text("^[!-~]{22,128}$")
PERSON = {"channel": fixed(("locker", "window", "post")), "size": fixed(("S", "M", "L", "XL")), "phone": text("^[+]?[0-9]{5,20}$"),
          "phone_tail": text("^[0-9]{4}$"), "low_reach": flag(), "name": text(most=64), "case": text(ID), "site": text(SHORT_ID),
          "second_factor": flag()}
SECRET = {"code": CODE, "token": TOKEN, "make_code": flag(), "make_token": flag()}
ITEM, DOOR, STAFF = {"item_id": text(ID)}, {"compartment": text("^[A-Za-z0-9._-]{1,7}$")}, {"staff_id": text(SHORT_ID)}

# Command: what it needs, what it may have, and what of the latter at least one must be there.
COMMANDS = {
    "item.announce": (ITEM, {**PERSON, **SECRET}, ()),
    "item.update": (ITEM, PERSON, tuple(PERSON)),
    "item.cancel": (ITEM, {}, ()),
    "item.transfer": ({**ITEM, "to": fixed(("window", "post"))}, {"waybill": text(SHORT_ID)}, ()),
    "item.extend": (ITEM, {"days": number(1, 365)}, ()),
    "item.delivered": (ITEM, {"via": fixed(("window", "post")), "undeliverable": flag()}, ()),
    "item.received": (ITEM, {}, ()),
    "code.reissue": (ITEM, SECRET, tuple(SECRET)),
    "code.revoke": (ITEM, {}, ()),
    "delegate.grant": (ITEM, {**SECRET, "phone_tail": PERSON["phone_tail"]}, tuple(SECRET)),
    "delegate.revoke": (ITEM, {}, ()),
    "compartment.open": (DOOR, {}, ()),
    "compartment.block": (DOOR, {"note": text(NOTE, most=200)}, ()),
    "compartment.unblock": (DOOR, {}, ()),
    "staff.upsert": ({**STAFF, "role": fixed(("courier", "clerk", "maintenance", "supervisor"))},
                     {"pin_hash": text(PIN_HASH, most=127), "badge": text("^[ -~]{1,128}$")}, ()),
    "staff.remove": (STAFF, {}, ()),
    "events.replay": ({"from": number(1)}, {}, ()),
    "status.get": ({}, {}, ()),
}


def command(name):
    needed, maybe, one_of = COMMANDS[name]
    args = {**an_object(needed, {**needed, **maybe}), "additionalProperties": False}
    if one_of:
        args["anyOf"] = [{"required": [each]} for each in one_of]
    if "make_code" in maybe:
        args["not"] = {"anyOf": [{"required": [each, "make_" + each], "properties": {"make_" + each: {"const": True}}} for each in ("code", "token")]}
    claims = {"iss": text(SHORT_ID), "aud": text("^[A-Za-z0-9._-]{1,32}/[A-Za-z0-9._-]{1,32}$"), "iat": number(0, 2 ** 53),
              "exp": number(0, 2 ** 53), "jti": text(ID), "cmd": {"const": name}, "args": args}
    required = [each for each in claims if needed or each != "args"]
    return {**an_object(required, claims, name), "additionalProperties": False}


def header(_page):
    members = {"alg": {"const": "ES256"}, "kid": text("^[ -~]{1,64}$"), "typ": {"type": "string"}}
    return {**an_object(("alg", "kid"), members, "header of a command"), "additionalProperties": False}


def all_of(page):
    """File name without .json -> schema."""
    made = {"presence": presence(page), "compartments": compartments(page), "health": health(page), "answer": answer(page),
            "ack": ack(page), "replay": replay(page), "command-header": header(page)}
    made.update({f"event.{name}": event(page, name) for name in page.events})
    made.update({f"command.{name}": command(name) for name in COMMANDS})
    return {name: {"$schema": DRAFT, "$id": f"https://locker.invalid/v1/{name}.json", **schema} for name, schema in made.items()}


def strict(schema):
    """What the program of today may say: no member and no word that the page does not name."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    if made.get("type") == "object" and "properties" in made:
        made["additionalProperties"] = False
    if "x-words" in made:
        made["enum"] = made["x-words"]
    return made
