// The small parts every screen is built from: elements, texts in two languages, icons, keypads. No state but the language.

const SVG = "http://www.w3.org/2000/svg";

let messages = {};
let language = "zh";

export function setMessages(value) {
  messages = value;
}

export function getLanguage() {
  return language;
}

export function setLanguage(value) {
  language = value;
  document.documentElement.lang = value === "zh" ? "zh-CN" : "en";
}

export function hasText(key) {
  return key in messages;
}

// The text of a key with its {placeholders} filled in.
export function text(key, values = {}) {
  const entry = messages[key];
  if (!entry) {
    console.error("catalogue: no text for " + key);
    return key;
  }
  return entry[language].replace(/\{([^{}]*)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// element("div.big", {onclick: f, "aria-label": "x"}, child, "text", ...)
export function element(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElement(name);
  node.classList.add(...classes);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) {
      node.addEventListener(key.slice(2), value);
    } else if (value === true) {
      node.setAttribute(key, "");
    } else if (value !== false && value !== undefined) {
      node.setAttribute(key, value);
    }
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const FACE = "M12 2.5a9.5 9.5 0 1 1 0 19 9.5 9.5 0 0 1 0-19z M8.5 10v.01 M15.5 10v.01";
const ICONS = {
  qr: "M3 3h7v7H3z M14 3h7v7h-7z M3 14h7v7H3z M6.5 6.5v.01 M17.5 6.5v.01 M6.5 17.5v.01 M14 14v.01 M17.5 14v3.5 M21 14v.01 M14 17.5v3.5 M21 17.5v3.5h-3.5",
  check: "M4 13l5 5L20 6",
  warning: "M12 3L2.5 20.5h19z M12 9v6 M12 17.5v.8",
  open: "M4 3h16v18H4z M4 3l7 3v15l-7 0z M9 13v1.5 M14 12h5 M17 10l2 2-2 2",
  person: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8z M4 21c0-5 4-7 8-7s8 2 8 7",
  put: "M4 11v9h16v-9 M12 3v11 M8 10l4 4 4-4",
  back: "M4 11v9h16v-9 M12 14V3 M8 7l4-4 4 4",
  erase: "M9 5h12v14H9l-6-7z M12 9l6 6 M18 9l-6 6",
  barcode: "M3 5v14 M6 5v14 M8 5v14 M12 5v14 M15 5v14 M17 5v14 M21 5v14",
  face5: FACE + " M7.5 13.5c1.5 5 7.5 5 9 0z",
  face4: FACE + " M8 14.5c2 2.5 6 2.5 8 0",
  face3: FACE + " M8 15.5h8",
  face2: FACE + " M8 16.5c2-2.5 6-2.5 8 0",
  face1: FACE + " M7.5 17c1.5-4 7.5-4 9 0 M7 8l3 1.5 M17 8l-3 1.5",
  clock: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z M12 7v5l4 2",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

// A large button. kind: "primary", "plain", "quiet" or "danger".
export function button(id, label, kind, onclick, more = {}) {
  return element("button." + kind, { type: "button", "data-id": id, onclick, ...more }, label);
}

// The digits of a code in groups of four: typed ones, and a mark for each that is still missing.
export function codeField(digits, length, name) {
  const field = element("div.code", { role: "textbox", "aria-readonly": "true", "aria-label": name });
  for (let i = 0; i < length; i++) {
    const cell = element("span.cell", {}, digits[i] ?? "");
    cell.classList.toggle("filled", i < digits.length);
    cell.classList.toggle("next", i === digits.length);
    cell.classList.toggle("gap", i % 4 === 3 && i < length - 1);
    field.append(cell);
  }
  return field;
}

function key(label, onclick, name, extra = "") {
  return element("button.key" + extra, { type: "button", onclick, "aria-label": name, "data-id": "key-" + name }, label);
}

// Digits with "clear" and "backspace". press(character), erase(), clear() are the caller's.
export function numberPad({ press, erase, clear }) {
  const pad = element("div.pad");
  for (const digit of "123456789") {
    pad.append(key(digit, () => press(digit), digit));
  }
  pad.append(
    key(text("key.clear"), clear, text("key.clear"), ".word"),
    key("0", () => press("0"), "0"),
    key(icon("erase"), erase, text("key.erase"), ".word"),
  );
  return pad;
}

const ROWS = ["1234567890", "QWERTYUIOP", "ASDFGHJKL-", "ZXCVBNM_."];

// Letters, digits and what else an id may hold.
export function keyboard({ press, erase }) {
  const board = element("div.board");
  for (const row of ROWS) {
    const line = element("div.row");
    for (const character of row) {
      line.append(key(character, () => press(character), character));
    }
    if (row === ROWS[ROWS.length - 1]) {
      line.append(key(icon("erase"), erase, text("key.erase"), ".wide"));
    }
    board.append(line);
  }
  return board;
}

// Minutes and seconds for a person.
export function duration(ms) {
  const seconds = Math.ceil(ms / 1000);
  if (seconds <= 60) {
    return text("kiosk.seconds", { seconds });
  }
  return text("kiosk.minutes", { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
}
