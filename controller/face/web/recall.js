// Staff take items out: the list, a round over what is due, and the waybill of what goes to the post.

import { button, element, text } from "./parts.js";
import { buttons, heading, itemAndName, listing, scanScreen } from "./panels.js";

// The marks of a row, and whether one is a warning.
const TAGS = [["overdue", ".late"], ["cancelled", ""], ["rejected", ""], ["dropoff", ".good"]];

function tags(item) {
  const found = TAGS.filter(([name]) => item[name]);
  // Due for a reason that has no mark of its own, such as a transfer that upstream asked for.
  const shown = found.length === 0 && item.due ? [["due", ""]] : found;
  return element("span.tags", {}, ...shown.map(([name, tone]) => element("span.tag" + tone, {}, text("recall." + name))));
}

function row(kiosk, item) {
  const press = () => kiosk.act({ act: "button", button: "recall_item", item: item.item });
  const box = button("recall-" + item.item, "", "recall", press);
  const who = item.name ? element("span.who", {}, item.name) : null;
  box.append(element("span.label", {}, item.door),
    element("span.about", {}, element("span.id", {}, item.item), who, tags(item)));
  return box;
}

// Where what is taken out goes; the unusual way is marked.
function target(view) {
  return view.post ? element("strong.post", {}, text("recall_list.to_post"))
    : view.buttons.includes("recall_post") ? text("recall_list.to_window") : null;
}

export function recallList(kiosk) {
  const view = kiosk.view;
  const title = view.round ? "recall_list.round" : "recall_list.title";
  const list = listing(kiosk.rows, "recall_list", (item) => row(kiosk, item),
    view.round ? "recall.empty_round" : "recall.empty");
  const bottom = buttons(kiosk);
  if (view.post) {
    bottom.querySelector('[data-id="recall_post"]')?.replaceChildren(text("recall_list.post_off"));
  }
  return element("section.panel.calm.listing", {}, heading(title),
    element("p", {}, text(view.round ? "recall_list.round_text" : "recall_list.text"), " ", target(view)), list, bottom);
}

export function waybill(kiosk) {
  return scanScreen(kiosk, { more: [itemAndName(kiosk.view)] });
}
