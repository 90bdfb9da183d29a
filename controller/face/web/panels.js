// What the screens have in common: buttons, headings, panels about one door, pads to type on, lists. A renderer turns the
// view into elements; what a person does goes out through kiosk.act(). Nothing here decides anything.

import { button, codeField, element, hasText, icon, keyboard, numberPad, text } from "./parts.js";

// How each button of the daemon looks; its text is "<screen>.button.<name>.<reason>",
// else "<screen>.button.<name>", else "button.<name>".
const KINDS = {
  done: "primary", retry: "primary", open_again: "plain", larger: "plain", smaller: "plain", other: "plain",
  deposit: "primary", recall: "primary", round: "primary", window: "primary", receipt: "plain", back: "plain",
  cancel: "plain", sign_out: "quiet", next: "primary", confirm: "primary", not_empty: "plain", receive: "primary",
  hand_over: "primary", send_post: "plain", return_item: "primary", recall_post: "plain", join: "primary",
  refuse: "quiet", not_mine: "quiet", nothing_inside: "quiet", still_inside: "quiet",
};
// From the most to the least important; size, recall_item, rate and what the home page offers stand in places of their own.
const ORDER = ["retry", "next", "confirm", "deposit", "recall", "round", "window", "receive", "hand_over", "return_item",
  "done", "open_again", "send_post", "larger", "smaller", "other", "not_empty", "recall_post", "receipt", "still_inside",
  "not_mine", "nothing_inside", "refuse", "cancel", "back", "sign_out"];
// What a recipient presses when something is wrong.
export const TROUBLE = ["still_inside", "not_mine", "nothing_inside", "refuse"];
// Screens with other accents.
const KIND_ON = { "take.done": "quiet", "give_back.done": "quiet", "jam.done": "plain", "drop_jam.done": "plain", "recall_taken.next": "primary",
  "refuse_ask.back": "primary", "refuse_ask.confirm": "plain" };
// The best mark is the first: whoever touches without reading praises nobody's fault.
const RATINGS = [5, 4, 3, 2, 1];

function label(view, name) {
  const own = view.screen + ".button." + name;
  return text([own + "." + view.reason, own].find(hasText) ?? "button." + name);
}

function pressable(kiosk, name) {
  const view = kiosk.view;
  const kind = KIND_ON[view.screen + "." + name] ?? KINDS[name];
  // While something more important is offered there is only one thing that stands out.
  const accent = name === "done" && view.buttons.includes("next") ? "plain" : kind;
  return button(name, label(view, name), accent, () => kiosk.act({ act: "button", button: name }));
}

export function buttons(kiosk, without = []) {
  const names = ORDER.filter((name) => kiosk.view.buttons.includes(name) && !without.includes(name));
  return element("div.buttons", {}, ...names.map((name) => pressable(kiosk, name)));
}

export function troubles(kiosk) {
  const names = TROUBLE.filter((name) => kiosk.view.buttons.includes(name));
  return names.length === 0 ? null : element("div.trouble", { role: "group", "aria-label": text("taken.trouble") },
    element("p.caption", {}, text("taken.trouble")),
    element("div.some", {}, ...names.map((name) => pressable(kiosk, name))));
}

export function rating(kiosk) {
  if (!kiosk.view.buttons.includes("rate")) {
    return null;
  }
  const mark = (value) => {
    const press = () => kiosk.act({ act: "button", button: "rate", rating: value }, "rate.thanks");
    const box = button("rate-" + value, "", "mark", press);
    box.append(icon("face" + value), element("span", {}, text("rate.mark." + value)));
    return box;
  };
  return element("div.rating", { role: "group", "aria-label": text("rate.title") },
    element("p.caption", {}, text("rate.title")), element("div.marks", {}, ...RATINGS.map(mark)));
}

export function heading(key, values, mark) {
  return element("h1", {}, mark ? icon(mark) : null, text(key, values).replace(/[。.]$/, ""));
}

export function paragraph(key, values) {
  return element("p", {}, text(key, values));
}

export function doorSign(view, tone) {
  return element("div.door." + tone, { "aria-label": text("kiosk.door", { door: view.door }) }, view.door);
}

export function itemLine(view) {
  return view.item ? element("p.item", {}, icon("barcode"), view.item) : null;
}

// Which item, and whose.
export function itemAndName(view) {
  const name = view.name ? element("p.item", {}, icon("person"), text("kiosk.for", { name: view.name })) : null;
  return view.item || view.name ? element("div.facts", {}, itemLine(view), name) : null;
}

export function panel(tone, ...children) {
  return element("section.panel." + tone, {}, ...children);
}

// "<screen>.<reason>" where the daemon gave a reason and there are words for it, else null.
export function reasonLine(view) {
  const key = view.screen + "." + view.reason;
  return view.reason !== "none" && hasText(key) ? element("p.why", {}, text(key, { door: view.door })) : null;
}

// A screen about one door: its big label, one heading, one or two sentences, the buttons.
export function doorScreen(usual, mark) {
  return (kiosk) => {
    const view = kiosk.view;
    const name = view.screen;
    const tone = view.reason === "misload" ? "warn" : usual; // the wrong item was scanned: not to be overlooked
    const values = { door: view.door };
    return panel(tone, doorSign(view, tone), heading(name + ".title", values, mark),
      reasonLine(view) ?? paragraph(name + ".text", values), view.role === "system" ? null : itemLine(view),
      buttons(kiosk));
  };
}

export function busyScreen(kiosk) {
  const values = { door: kiosk.view.door };
  const name = kiosk.view.screen;
  return panel("calm", doorSign(kiosk.view, "calm"), element("div.ring", { "aria-hidden": "true" }),
    heading(name + ".title", values), paragraph(name + ".text", values), buttons(kiosk));
}

// The door did not open. While "retry" is offered there is something to try; afterwards there is only help.
export function jamScreen(kiosk) {
  const view = kiosk.view;
  const values = { door: view.door };
  const step = view.buttons.includes("retry") ? ".retry" : ".help";
  return panel("warn", doorSign(view, "warn"), heading(view.screen + ".title", values, "warning"),
    paragraph(view.screen + ".safe", values), paragraph(view.screen + step, values), kiosk.phoneLine(), buttons(kiosk));
}

// A screen that waits for digits: what is asked, a field of that many cells, a pad. `lengths`: what may be confirmed.
export function padScreen(kiosk, lengths, ...more) {
  const name = kiosk.view.screen;
  const most = Math.max(...lengths);
  const ready = kiosk.isCode() && lengths.includes(kiosk.typed.length);
  const left = element("section.ways", {}, element("div.card", {}, heading(name + ".title"),
    reasonLine(kiosk.view) ?? paragraph(name + ".text"), ...more, codeField(kiosk.shownDigits(), most, text(name + ".field"))),
  buttons(kiosk));
  const right = element("div.padcard", {}, numberPad(kiosk.keys),
    button("enter", text(name + ".enter"), "primary", () => kiosk.enter(), { disabled: !ready }));
  return element("div.home.asking", {}, left, right);
}

// What was typed of a barcode, with the keyboard to type it.
function byHand(kiosk) {
  const name = kiosk.view.screen;
  const own = hasText(name + ".field") ? name : "scan";
  const typed = element("div.typed", { "aria-label": text(own + ".field") }, kiosk.typed || " ");
  const enter = button("enter", text("scan.enter"), "primary", () => kiosk.enter(), { disabled: kiosk.typed === "" });
  return element("div.byhand", {}, element("div.line", {}, typed, enter), keyboard(kiosk.keys));
}

// A screen that waits for a barcode; typed by hand when it cannot be read, or from the start where `typing` says so.
export function scanScreen(kiosk, { tone = "calm", typing = false, more = [] } = {}) {
  const view = kiosk.view;
  const name = view.screen;
  const manual = typing || kiosk.local.manual;
  const values = { door: view.door };
  const title = manual && hasText(name + ".by_hand") ? name + ".by_hand" : name + ".title";
  const way = manual ? byHand(kiosk) : button("manual", text("scan.manual"), "plain", () => kiosk.openManual());
  const sign = view.door ? doorSign(view, tone) : element("div.scanmark", { "aria-hidden": "true" }, icon("barcode"));
  return panel(tone + (manual ? ".typing" : ".scanning"), manual ? null : sign, heading(title, values), manual ? null : reasonLine(view),
    manual && !typing ? null : paragraph(name + ".text", values), ...more, way, buttons(kiosk));
}

// Sizes with how many compartments of each are free.
export function sizeChoice(kiosk) {
  const view = kiosk.view;
  const choice = element("div.sizes");
  for (const [name, free] of Object.entries(view.free)) {
    const press = () => kiosk.act({ act: "button", button: "size", size: name });
    const box = button("size-" + name, "", "size", press, { disabled: free === 0 || !view.buttons.includes("size") });
    box.append(element("span.letter", {}, text("size.name." + name.toLowerCase())),
      element("span.free", {}, free > 0 ? text("size.free", { count: free }) : text("size.none")));
    choice.append(box);
  }
  return choice;
}

// Rows that the daemon was asked for: null while it is, .failed when it could not say.
export function listing(rows, name, each, empty) {
  const list = element("div.list", { tabindex: "0", "aria-label": text(name + ".title") });
  if (rows === null) {
    list.append(element("p.empty", {}, text("recall.loading")));
  } else if (rows.failed) {
    list.append(element("p.empty", {}, text("recall.failed")));
  } else if (rows.items.length === 0) {
    list.append(element("p.empty", {}, text(empty)));
  } else {
    list.append(...rows.items.map(each));
    if (rows.more) {
      list.append(element("p.empty", {}, text(name + ".more")));
    }
  }
  return list;
}

// "Friday 27 November" of "2026-11-27", in the page's language.
function dayName(day) {
  const [year, month, date] = day.split("-").map(Number);
  const locale = document.documentElement.lang === "en" ? "en-GB" : "zh-CN";
  return new Intl.DateTimeFormat(locale, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" })
    .format(new Date(Date.UTC(year, month - 1, date)));
}

// When the window is open, as the daemon knows it; null where it has none.
export function hoursLine(view) {
  const hours = view.window;
  if (!hours) {
    return null;
  }
  const key = "hours." + hours.state + (hours.state !== "closed" || hours.day === "" ? ""
    : hours.day === "today" ? "_today" : "_day");
  const values = { name: hours.name, at: hours.at, day: key === "hours.closed_day" ? dayName(hours.day) : "" };
  return element("p.hours", {}, icon("clock"), text(key, values));
}
