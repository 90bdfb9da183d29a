// The screens of whoever comes without signing in: the home page, the pickup, refusing it, more time, notices.

import { button, codeField, element, hasText, icon, numberPad, text } from "./parts.js";
import { TROUBLE, buttons, doorSign, heading, hoursLine, itemLine, padScreen, panel, paragraph, rating, reasonLine, troubles }
  from "./panels.js";
import { staffEntry, staffPad } from "./staff.js";

const TAIL = 4; // digits of a phone number that are asked for

// --- home -------------------------------------------------------------------------------------------------------------

export function home(kiosk) {
  if (kiosk.local.staffPad) {
    return staffPad(kiosk);
  }
  if (kiosk.view.out_of_service) {
    return panel("warn", heading("home.out.title", {}, "warning"), paragraph("home.out.safe"),
      paragraph("home.out.what"), hoursLine(kiosk.view), kiosk.phoneLine(), staffEntry(kiosk));
  }
  const locked = kiosk.view.locked_ms > 0;
  const left = element("section.ways", {}, locked ? null : codeCard(kiosk), qrCard(locked), hoursLine(kiosk.view),
    offers(kiosk));
  return element("div.home", {}, left, locked ? lockedCard() : padCard(kiosk));
}

function codeCard(kiosk) {
  return element("div.card", {}, heading("home.title"), paragraph("home.text", { digits: kiosk.digits }),
    codeField(kiosk.shownDigits(), kiosk.digits, text("home.code_field")));
}

function qrCard(only) {
  return element("div.card.hint", {}, icon("qr"),
    element("div", {}, element("h2", {}, text(only ? "home.qr.only" : "home.qr.title")), element("p", {}, text("home.qr.text"))));
}

// What else can be done here, less loudly than the pickup.
function offers(kiosk) {
  const names = ["more_time", "drop_off"].filter((name) => kiosk.view.buttons.includes(name));
  const press = (name) => kiosk.act({ act: "button", button: name });
  return element("div.offers", {}, ...names.map((name) => button(name, text("button." + name), "plain", () => press(name))),
    staffEntry(kiosk));
}

function padCard(kiosk) {
  const ready = kiosk.isCode() && kiosk.typed.length === kiosk.digits;
  return element("div.padcard", {}, numberPad(kiosk.keys),
    button("enter", text("home.enter"), "primary", () => kiosk.enter(), { disabled: !ready }));
}

function lockedCard() {
  return element("div.padcard.locked", {}, icon("clock"), element("h2", {}, text("reason.locked_out")),
    element("p.count", { "data-countdown": "locked" }), element("p", {}, text("help.locked_out")));
}

// --- typing -----------------------------------------------------------------------------------------------------------

export function second(kiosk) {
  return padScreen(kiosk, [TAIL]);
}

export function extend(kiosk) {
  return padScreen(kiosk, [kiosk.digits]);
}

// --- the door ---------------------------------------------------------------------------------------------------------

function moreLine(view) {
  return !view.more ? null
    : element("p.more", {}, text(view.more === 1 ? "taken.more_one" : "taken.more", { count: view.more }));
}

// What happened, and what to do: one under the other, or side by side when there is much to press.
function twoParts(say, act) {
  const nodes = (list) => list.filter((node) => node !== null);
  const crowded = act.some((node) => node?.matches(".rating, .trouble"));
  return crowded
    ? panel("good.split", element("div.say", {}, ...nodes(say)), element("div.do", {}, ...nodes(act)))
    : panel("good", ...nodes(say), ...nodes(act));
}

export function take(kiosk) {
  const view = kiosk.view;
  const values = { door: view.door };
  return twoParts([doorSign(view, "good"), heading("take.title", values, "open"),
    reasonLine(view) ?? paragraph("take.text", values), moreLine(view)],
  [buttons(kiosk, TROUBLE), troubles(kiosk)]);
}

// After the door is shut: of a pickup, a deposit, a recall.
export function taken(kiosk) {
  const view = kiosk.view;
  const name = view.screen;
  const values = { door: view.door };
  const own = name + ".text" + (view.post ? "_post" : "");
  const staff = view.role !== "system";
  return twoParts([doorSign(view, "good"), heading(name + ".title", values, "check"), staff ? itemLine(view) : null,
    paragraph(hasText(own) ? own : name + ".text", values), staff ? null : moreLine(view),
    view.buttons.includes("open_again") ? paragraph(name + ".again") : null],
  [buttons(kiosk, TROUBLE), rating(kiosk), troubles(kiosk)]);
}

export function refuseAsk(kiosk) {
  const view = kiosk.view;
  return panel("warn", doorSign(view, "warn"), heading("refuse_ask.title", {}, "warning"), paragraph("refuse_ask.text"),
    paragraph("refuse_ask.next"), buttons(kiosk));
}

export function giveBack(kiosk) {
  const view = kiosk.view;
  return panel("warn", doorSign(view, "warn"), heading("give_back.title", { door: view.door }, "put"), reasonLine(view),
    kiosk.phoneLine(), buttons(kiosk));
}

// --- notices ----------------------------------------------------------------------------------------------------------

const GOOD_NEWS = ["signed_out", "cancelled_by_person", "rejected", "disputed", "extended", "received", "handed_over",
  "sent_by_post", "dropoff_given_up"];

// Done at the window, or found out when scanning: a plain fact for staff.
const PLAIN_FOR_STAFF = ["returned"];

function tone(view) {
  const plain = view.role !== "system" && PLAIN_FOR_STAFF.includes(view.reason);
  return GOOD_NEWS.includes(view.reason) ? "good" : plain ? "calm" : "warn";
}

function helpKey(view) {
  const prefix = view.role === "system" ? "help." : "help.staff.";
  return hasText(prefix + view.reason) ? prefix + view.reason : prefix + "general";
}

// Staff are told where an item is, recipients where theirs is.
function noticeKey(view) {
  const staff = "notice.staff." + view.reason;
  return view.role !== "system" && hasText(staff) ? staff : "reason." + view.reason;
}

export function notice(kiosk) {
  const view = kiosk.view;
  const colour = tone(view);
  const good = colour !== "warn";
  const tries = ["wrong_code", "wrong_tail"].includes(view.reason) && view.tries_left > 0;
  return panel(colour, view.door ? doorSign(view, colour) : null,
    heading(noticeKey(view), {}, good ? "check" : "warning"), element("p", {}, text(helpKey(view))),
    tries ? paragraph(view.tries_left === 1 ? "notice.last_try" : "notice.tries", { tries: view.tries_left }) : null,
    view.reason === "at_window" ? hoursLine(view) : null,
    view.reason === "locked_out" ? element("p.count", { "data-countdown": "locked" }) : null,
    good && view.role !== "system" ? null : kiosk.phoneLine(),
    buttons(kiosk, view.buttons.includes("done") ? ["back"] : []));
}
