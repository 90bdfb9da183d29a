// The clerk's work at the window: scan an item, do what its custody allows, hand it over against a proof.

import { text } from "./parts.js";
import { buttons, heading, hoursLine, itemAndName, padScreen, panel, paragraph, scanScreen } from "./panels.js";

const TAIL = 4; // digits of a phone number that are asked for

export function windowScan(kiosk) {
  return scanScreen(kiosk, { more: kiosk.local.manual ? [] : [hoursLine(kiosk.view)] });
}

export function windowItem(kiosk) {
  const view = kiosk.view;
  const where = view.custody === "none" ? null
    : paragraph("window_item.where", { where: text("window_item.at." + view.custody) });
  const work = view.buttons.some((name) => !["back", "sign_out"].includes(name));
  return panel("calm", heading("window_item.title"), itemAndName(view), where,
    work ? null : paragraph("window_item.none"), buttons(kiosk));
}

// The code as long as the site's codes are; the phone tail where the daemon takes it.
export function handOver(kiosk) {
  const view = kiosk.view;
  return padScreen(kiosk, view.tail ? [TAIL, kiosk.digits] : [kiosk.digits], itemAndName(view));
}
