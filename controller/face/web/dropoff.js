// A citizen leaves documents for the office: the case number, a size, the door, the receipt number.

import { element, text } from "./parts.js";
import { buttons, doorSign, heading, panel, paragraph, reasonLine, scanScreen, sizeChoice } from "./panels.js";

export function dropCase(kiosk) {
  return scanScreen(kiosk, { typing: true });
}

export function dropSize(kiosk) {
  return panel("calm", heading("drop_size.title"), paragraph("drop_size.text"), sizeChoice(kiosk), buttons(kiosk));
}

export function dropBack(kiosk) {
  const view = kiosk.view;
  const why = view.reason !== "none" ? element("p.why", {}, text("reason." + view.reason)) : null;
  return panel("warn", doorSign(view, "warn"), heading("drop_back.title", { door: view.door }, "back"),
    reasonLine(view) ?? why, paragraph("drop_back.text"), buttons(kiosk));
}

export function dropPlaced(kiosk) {
  const view = kiosk.view;
  return panel("good", heading("drop_placed.title", { door: view.door }, "check"), paragraph("drop_placed.receipt"),
    element("p.receipt", { "data-id": "receipt-number" }, view.receipt), paragraph("drop_placed.text"),
    view.buttons.includes("open_again") ? paragraph("drop_placed.again") : null, kiosk.phoneLine(), buttons(kiosk));
}
