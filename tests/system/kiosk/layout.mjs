// What is wrong with how the page is laid out now: a list of sentences, empty when all is well. Checked are: nothing
// clipped, outside the screen or over the edge of its panel, no two buttons on top of each other, targets of at least
// 64x64 px, text of at least 24 px, contrast of at least 4.5 (WCAG AA; 3 from 32 px on), every button with a name.

function inPage() {
  const faults = [];
  const say = (node, what) => faults.push(`${what}: <${node.tagName.toLowerCase()}> "${node.textContent.trim().slice(0, 30)}"`);
  const visible = (node) => node.checkVisibility() && !node.closest("#announce, #wait[hidden], #toast[hidden]");
  const channel = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);

  function background(node) {
    for (let at = node; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] > 0.99) {
        return color;
      }
    }
    return [255, 255, 255];
  }

  function contrast(node) {
    const [a, b] = [luminance(parse(getComputedStyle(node).color)), luminance(background(node))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }

  function inside(box, frame) {
    return box.left >= frame.left - 1 && box.right <= frame.right + 1 && box.top >= frame.top - 1 &&
      box.bottom <= frame.bottom + 1;
  }

  const screen = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  const main = document.querySelector("main").getBoundingClientRect();
  for (const node of document.querySelectorAll("header *, main *, footer *, #banner")) {
    if (!visible(node) || node.closest("svg") || node.closest(".list > *")) {
      continue;
    }
    const box = node.getBoundingClientRect();
    if (!inside(box, node.closest("main") ? main : screen)) {
      say(node, "outside of its place");
    }
    const panel = node.parentElement.closest(".panel")?.getBoundingClientRect();
    if (panel && !inside(box, panel)) {
      say(node, "over the edge of its panel");
    }
    if (node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== "inline") {
      say(node, "wider than its box");
    }
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (text.data.trim() === "" || !visible(node) || ["SCRIPT", "NOSCRIPT"].includes(node.tagName)) {
      continue;
    }
    const size = parseFloat(getComputedStyle(node).fontSize);
    if (size < 24) {
      say(node, "text of " + size + " px");
    }
    const ratio = contrast(node);
    if (ratio < (size >= 32 ? 3 : 4.5)) {
      say(node, "contrast " + ratio.toFixed(2));
    }
  }
  const buttons = [...document.querySelectorAll("button")].filter(visible);
  for (const [i, node] of buttons.entries()) {
    const box = node.getBoundingClientRect();
    if (box.width < 63.9 || box.height < 63.9) {
      say(node, `target of ${box.width.toFixed(0)}x${box.height.toFixed(0)} px`);
    }
    if ((node.getAttribute("aria-label") ?? node.textContent).trim() === "") {
      say(node, "button without a name");
    }
    for (const other of buttons.slice(i + 1)) {
      const second = other.getBoundingClientRect();
      if (box.left < second.right && second.left < box.right && box.top < second.bottom && second.top < box.bottom &&
          !node.closest(".list") && !other.closest(".list")) {
        say(node, "on top of " + other.textContent);
      }
    }
  }
  return faults;
}

export function findFaults(page) {
  return page.evaluate(inPage);
}
