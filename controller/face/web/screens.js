// One renderer per screen of the daemon (enum lk_screen in controller/core/include/core/state.h). A renderer turns the
// view into elements; what a person does goes out through kiosk.act(). Nothing here decides anything.

import { button, codeField, element, hasText, icon, keyboard, numberPad, text } from "./parts.js";

// How each button of the daemon looks; its text is "<screen>.button.<name>", else "button.<name>".
const KINDS = {
  done: "primary", retry: "primary", open_again: "plain", larger: "plain", other: "plain", deposit: "primary",
  recall: "primary", back: "plain", cancel: "plain", sign_out: "quiet",
};
// From the most to the least important; size and recall_item belong to the things they are about.
const ORDER = ["retry", "deposit", "recall", "done", "open_again", "larger", "other", "cancel", "back", "sign_out"];
// Screens with other accents.
const KIND_ON = { "take.done": "quiet", "jam.done": "plain" };

function label(screen, name) {
  const own = screen + ".button." + name;
  return text(hasText(own) ? own : "button." + name);
}

function buttons(kiosk, without = []) {
  const view = kiosk.view;
  const row = element("div.buttons");
  for (const name of ORDER) {
    if (view.buttons.includes(name) && !without.includes(name)) {
      const kind = KIND_ON[view.screen + "." + name] ?? KINDS[name];
      row.append(button(name, label(view.screen, name), kind, () => kiosk.act({ act: "button", button: name })));
    }
  }
  return row;
}

function heading(key, values, mark) {
  return element("h1", {}, mark ? icon(mark) : null, text(key, values).replace(/[。.]$/, ""));
}

function paragraph(key, values) {
  return element("p", {}, text(key, values));
}

function doorSign(view, tone) {
  return element("div.door." + tone, { "aria-label": text("kiosk.door", { door: view.door }) }, view.door);
}

function itemLine(view) {
  return view.item ? element("p.item", {}, icon("barcode"), view.item) : null;
}

function panel(tone, ...children) {
  return element("section.panel." + tone, {}, ...children);
}

// A screen about one door: its big label, one heading, one or two sentences, the buttons.
function doorScreen(tone, mark) {
  return (kiosk) => {
    const view = kiosk.view;
    const name = view.screen;
    const values = { door: view.door };
    return panel(tone, doorSign(view, tone), heading(name + ".title", values, mark), paragraph(name + ".text", values),
      view.role === "system" ? null : itemLine(view), buttons(kiosk));
  };
}

function busyScreen(kiosk) {
  const values = { door: kiosk.view.door };
  const name = kiosk.view.screen;
  return panel("calm", doorSign(kiosk.view, "calm"), element("div.ring", { "aria-hidden": "true" }),
    heading(name + ".title", values), paragraph(name + ".text", values), buttons(kiosk));
}

// The door did not open. While "retry" is offered there is something to try; afterwards there is only help.
function jamScreen(kiosk) {
  const view = kiosk.view;
  const values = { door: view.door };
  const step = view.buttons.includes("retry") ? ".retry" : ".help";
  return panel("warn", doorSign(view, "warn"), heading(view.screen + ".title", values, "warning"),
    paragraph(view.screen + ".safe", values), paragraph(view.screen + step, values), kiosk.phoneLine(), buttons(kiosk));
}

function home(kiosk) {
  if (kiosk.local.staffPad) {
    return staffPad(kiosk);
  }
  if (kiosk.view.out_of_service) {
    return panel("warn", heading("home.out.title", {}, "warning"), paragraph("home.out.safe"),
      paragraph("home.out.what"), kiosk.phoneLine(), staffEntry(kiosk));
  }
  const locked = kiosk.view.locked_ms > 0;
  const left = element("section.ways", {}, locked ? null : codeCard(kiosk), qrCard(locked), staffEntry(kiosk));
  return element("div.home", {}, left, locked ? lockedCard(kiosk) : padCard(kiosk));
}

function codeCard(kiosk) {
  const digits = kiosk.typed === "" ? "●".repeat(kiosk.view.keyed) : kiosk.isCode() ? kiosk.typed : "";
  return element("div.card", {}, heading("home.title"), paragraph("home.text", { digits: kiosk.digits }),
    codeField(digits, kiosk.digits));
}

function qrCard(only) {
  return element("div.card.hint", {}, icon("qr"),
    element("div", {}, element("h2", {}, text(only ? "home.qr.only" : "home.qr.title")), element("p", {}, text("home.qr.text"))));
}

function staffEntry(kiosk) {
  return button("staff", text("home.staff"), "quiet", () => kiosk.openStaffPad());
}

function padCard(kiosk) {
  const ready = kiosk.isCode() && kiosk.typed.length === kiosk.digits;
  return element("div.padcard", {}, numberPad(kiosk.keys),
    button("confirm", text("home.confirm"), "primary", () => kiosk.enter(), { disabled: !ready }));
}

function lockedCard() {
  return element("div.padcard.locked", {}, icon("clock"), element("h2", {}, text("reason.locked_out")),
    element("p.count", { "data-countdown": "locked" }), element("p", {}, text("help.locked_out")));
}

// Staff number and PIN; letters by the keyboard of the second kind.
function staffPad(kiosk) {
  const local = kiosk.local;
  const field = (name, shown) => {
    const box = button("field-" + name, "", "field", () => kiosk.pickField(name),
      { "aria-pressed": String(local.field === name) });
    box.append(element("span.name", {}, text("sign_in." + name)), element("span.value", {}, shown));
    return box;
  };
  const ready = local.staff !== "" && local.pin !== "";
  const wide = local.letters && local.field === "staff";
  const keys = wide ? keyboard(kiosk.keys) : numberPad(kiosk.keys);
  const letters = button("letters", text(local.letters ? "sign_in.digits" : "sign_in.letters"), "plain",
    () => kiosk.toggleLetters(), { disabled: local.field !== "staff" });
  const entry = element("section.ways", {}, heading("sign_in.title", {}, "person"), paragraph("sign_in.text"),
    field("staff", local.staff), field("pin", "●".repeat(local.pin.length)));
  const actions = element("div.buttons", {}, button("sign-in", text("sign_in.confirm"), "primary", () => kiosk.signIn(),
    { disabled: !ready }), letters, button("leave", text("button.back"), "plain", () => kiosk.closeStaffPad()));
  return element(wide ? "div.home.staffpad.wide" : "div.home.staffpad", {}, entry, element("div.padcard", {}, keys, actions));
}

const GOOD_NEWS = ["signed_out", "cancelled_by_person"];

function helpKey(view) {
  const prefix = view.role === "system" ? "help." : "help.staff.";
  return hasText(prefix + view.reason) ? prefix + view.reason : prefix + "general";
}

function notice(kiosk) {
  const view = kiosk.view;
  const calm = GOOD_NEWS.includes(view.reason);
  const tries = view.reason === "wrong_code" && view.tries_left > 0;
  return panel(calm ? "calm" : "warn", view.door ? doorSign(view, "warn") : null,
    heading("reason." + view.reason, {}, calm ? "check" : "warning"), element("p", {}, text(helpKey(view))),
    tries ? paragraph("notice.tries", { tries: view.tries_left }) : null,
    view.reason === "locked_out" ? element("p.count", { "data-countdown": "locked" }) : null,
    kiosk.phoneLine(), buttons(kiosk, view.buttons.includes("done") ? ["back"] : []));
}

function taken(kiosk) {
  const again = kiosk.view.buttons.includes("open_again");
  const staff = kiosk.view.role !== "system";
  const name = kiosk.view.screen;
  return panel("good", doorSign(kiosk.view, "good"), heading(name + ".title", { door: kiosk.view.door }, "check"),
    staff ? itemLine(kiosk.view) : null, paragraph(name + ".text", { door: kiosk.view.door }),
    again ? paragraph(name + ".again") : null, buttons(kiosk));
}

function staffMenu(kiosk) {
  const view = kiosk.view;
  const row = buttons(kiosk);
  row.classList.add("menu");
  return panel("calm", heading("staff_menu.title", { staff: view.staff }, "person"),
    paragraph("staff_menu.text", { role: text("role." + view.role) }),
    view.doors_open > 0 ? paragraph("staff_menu.open", { count: view.doors_open }) : null, row);
}

function scan(kiosk) {
  const manual = kiosk.local.manual;
  const typed = element("div.typed", { "aria-label": text("scan.field") }, kiosk.typed || " ");
  const confirm = () => button("confirm", text("scan.confirm"), "primary", () => kiosk.enter(),
    { disabled: kiosk.typed === "" });
  const byHand = manual
    ? element("div.byhand", {}, element("div.line", {}, typed, confirm()), keyboard(kiosk.keys))
    : button("manual", text("scan.manual"), "plain", () => kiosk.openManual());
  return panel("calm", manual ? null : element("div.scanmark", { "aria-hidden": "true" }, icon("barcode")),
    heading(manual ? "scan.by_hand" : "scan.title"), manual ? null : paragraph("scan.text"), byHand, buttons(kiosk));
}

function size(kiosk) {
  const view = kiosk.view;
  const choice = element("div.sizes");
  for (const [name, free] of Object.entries(view.free)) {
    const press = () => kiosk.act({ act: "button", button: "size", size: name });
    const box = button("size-" + name, "", "size", press, { disabled: free === 0 || !view.buttons.includes("size") });
    box.append(element("span.letter", {}, text("size.name." + name.toLowerCase())),
      element("span.free", {}, free > 0 ? text("size.free", { count: free }) : text("size.none")));
    choice.append(box);
  }
  return panel("calm", heading("size.title"), itemLine(view), choice, buttons(kiosk));
}

function putBack(kiosk) {
  const view = kiosk.view;
  const why = view.reason !== "none" ? element("p", {}, text("reason." + view.reason)) : null;
  return panel("warn", doorSign(view, "warn"), heading("put_back.title", { door: view.door }, "back"), why,
    paragraph("put_back.text"), itemLine(view), buttons(kiosk));
}

function recallRow(kiosk, item) {
  const press = () => kiosk.act({ act: "button", button: "recall_item", item: item.item });
  const row = button("recall-" + item.item, "", "recall", press);
  const tags = element("span.tags");
  if (item.overdue) {
    tags.append(element("span.tag.late", {}, text("recall.overdue")));
  }
  if (item.cancelled) {
    tags.append(element("span.tag", {}, text("recall.cancelled")));
  }
  row.append(element("span.label", {}, item.door), element("span.id", {}, item.item), tags);
  return row;
}

function recallList(kiosk) {
  const list = element("div.list", { tabindex: "0", "aria-label": text("recall_list.title") });
  const recalls = kiosk.recalls;
  if (recalls === null) {
    list.append(element("p.empty", {}, text("recall.loading")));
  } else if (recalls.failed) {
    list.append(element("p.empty", {}, text("recall.failed")));
  } else if (recalls.items.length === 0) {
    list.append(element("p.empty", {}, text("recall.empty")));
  } else {
    list.append(...recalls.items.map((item) => recallRow(kiosk, item)));
    if (recalls.more) {
      list.append(element("p.empty", {}, text("recall.more")));
    }
  }
  return element("section.panel.calm.listing", {}, heading("recall_list.title"), paragraph("recall_list.text"), list,
    buttons(kiosk));
}

export const SCREENS = {
  home,
  notice,
  opening: busyScreen,
  take: doorScreen("good", "open"),
  taken,
  jam: jamScreen,
  staff_menu: staffMenu,
  scan,
  size,
  put_opening: busyScreen,
  put: doorScreen("good", "put"),
  put_back: putBack,
  placed: taken,
  put_jam: jamScreen,
  recall_list: recallList,
  recall_opening: busyScreen,
  recall_take: doorScreen("good", "open"),
  recall_taken: taken,
  recall_jam: jamScreen,
};
