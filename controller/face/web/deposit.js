// A courier or clerk puts an item in.

import { button, element, text } from "./parts.js";
import { buttons, doorSign, heading, itemAndName, itemLine, panel, paragraph, scanScreen, sizeChoice } from "./panels.js";

export function scan(kiosk) {
  return scanScreen(kiosk);
}

export function ask(kiosk) {
  return panel("warn", heading("ask.title", {}, "warning"), itemLine(kiosk.view), paragraph("ask.text"), buttons(kiosk));
}

export function size(kiosk) {
  const view = kiosk.view;
  const press = () => kiosk.act({ act: "button", button: "join" });
  const join = view.buttons.includes("join")
    ? button("join", text("size.join", { door: view.join }), "primary", press)
    : null;
  return panel("calm", heading("size.title"), itemAndName(view), join, sizeChoice(kiosk), buttons(kiosk));
}

export function putBack(kiosk) {
  const view = kiosk.view;
  const why = view.reason !== "none" ? element("p", {}, text("reason." + view.reason)) : null;
  return panel("warn", doorSign(view, "warn"), heading("put_back.title", { door: view.door }, "back"), why,
    paragraph("put_back.text"), itemLine(view), buttons(kiosk));
}

export function check(kiosk) {
  return scanScreen(kiosk, { tone: "warn", more: [itemLine(kiosk.view)] });
}
