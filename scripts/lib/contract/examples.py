"""A valid example of every message, and one that is wrong in one way, with what is wrong beside it."""

import copy

COMMAND_FILES = {
    "item.announce": "announce", "item.update": "update", "item.cancel": "cancel", "item.transfer": "transfer",
    "item.extend": "extend", "item.delivered": "delivered", "item.received": "received", "code.reissue": "reissue",
    "code.revoke": "revoke", "delegate.grant": "grant", "delegate.revoke": "ungrant", "compartment.open": "open",
    "compartment.block": "block", "compartment.unblock": "unblock", "staff.upsert": "staff-upsert",
    "staff.remove": "staff-remove", "events.replay": "replay", "status.get": "status",
}


def valid(page):
    """Schema name -> a message that fits it, from the page's own examples."""
    made = {"presence": page.example("presence-online"), "compartments": page.example("compartments"),
            "health": page.example("health"), "answer": page.example("rsp-open"), "ack": page.example("ack"),
            "replay": page.example("replay"), "command-header": page.example("command-header")}
    envelope, all_data = page.example("event"), page.example("events")
    for name in page.events:
        made[f"event.{name}"] = {**envelope, "type": f"locker.{name}.v1", "data": all_data[name]}
    for name, file in COMMAND_FILES.items():
        made[f"command.{name}"] = page.example(f"command-{file}")
    return made


def without(message, *path):
    made = copy.deepcopy(message)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return made


def with_other(message, value, *path):
    made = copy.deepcopy(message)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return made


def wrong_event(page, name, message):
    always = page.events[name][0]
    if always:
        return f"data.{always[0]} is missing", without(message, "data", always[0])
    return "seq is a text", with_other(message, "42", "seq")


WRONG_ARGS = {
    "item.announce": ("args.code has letters", ("code", "48A01957")), "item.update": ("args.size is no size", ("size", "XXL")),
    "item.transfer": ("args.to is the locker", ("to", "locker")), "item.extend": ("args.days is no whole number", ("days", 1.5)),
    "item.delivered": ("args.via is the locker", ("via", "locker")), "code.reissue": ("args.code is a number", ("code", 60417285)),
    "delegate.grant": ("args.phone_tail has five digits", ("phone_tail", "77889")),
    "compartment.block": ("args.note has two lines", ("note", "bent\nhinge")),
    "staff.upsert": ("args.pin_hash is a PIN", ("pin_hash", "135724")), "events.replay": ("args.from is 0", ("from", 0)),
    "status.get": ("args.all is not a field of this command", ("all", True)),
}


def wrong_command(name, message):
    if name in WRONG_ARGS:
        why, (key, value) = WRONG_ARGS[name]
        return why, with_other(message, value, "args", key)
    key = next(iter(message["args"]))
    return f"args.{key} is missing", without(message, "args", key)


def invalid(page):
    """Schema name -> {"why", "message"}: one thing is wrong with the message."""
    made = {}
    for name, message in valid(page).items():
        if name.startswith("event."):
            why, wrong = wrong_event(page, name[len("event."):], message)
        elif name.startswith("command."):
            why, wrong = wrong_command(name[len("command."):], message)
        else:
            why, wrong = {
                "presence": lambda m: ("state is no state", with_other(m, "gone", "state")),
                "compartments": lambda m: ("a compartment without use", without(m, "compartments", 0, "use")),
                "health": lambda m: ("acked is negative", with_other(m, -1, "acked")),
                "answer": lambda m: ("result is no result", with_other(m, "maybe", "result")),
                "ack": lambda m: ("epoch is missing", without(m, "epoch")),
                "replay": lambda m: ("replayFrom is a text", with_other(m, "17", "replayFrom")),
                "command-header": lambda m: ("alg is not ES256", with_other(m, "none", "alg")),
            }[name](message)
        made[name] = {"why": why, "message": wrong}
    return made
