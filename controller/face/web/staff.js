// Signing in, the menu of staff, and what a courier put in.

import { button, element, keyboard, numberPad, text } from "./parts.js";
import { buttons, heading, listing, panel, paragraph } from "./panels.js";

export function staffEntry(kiosk) {
  return button("staff", text("home.staff"), "quiet", () => kiosk.openStaffPad());
}

// Staff number and PIN; letters by the keyboard of the second kind.
export function staffPad(kiosk) {
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

export function staffMenu(kiosk) {
  const view = kiosk.view;
  const row = buttons(kiosk);
  row.classList.add("menu");
  const facts = [view.placed > 0 ? text("staff_menu.placed", { count: view.placed }) : "",
    view.doors_open > 0 ? text("staff_menu.open", { count: view.doors_open }) : ""].filter((fact) => fact !== "");
  return panel("calm", heading("staff_menu.title", { staff: view.staff }, "person"),
    paragraph("staff_menu.text", { role: text("role." + view.role) }),
    facts.length > 0 ? element("p", {}, facts.join("  ")) : null, row);
}

function receiptRow(row) {
  return element("div.row", {}, element("span.label", {}, row.door), element("span.id", {}, row.item),
    element("span.tag", {}, text("size.name." + row.size.toLowerCase())));
}

export function receipt(kiosk) {
  const list = listing(kiosk.rows, "receipt", receiptRow, "receipt.empty");
  return element("section.panel.calm.listing", {}, heading("receipt.title"),
    paragraph("receipt.text", { count: kiosk.view.placed }), list, buttons(kiosk));
}
