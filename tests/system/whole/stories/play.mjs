// Plays one story in a real browser, in Chinese and then in English. usage: play.mjs STORY
//
// What happens away from the screen is done by the parent process: this prints one JSON line per wish and reads one line
// when it is done. A story is a file with one function of a Story; see pickup.mjs.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import process from "node:process";
import { openPage, startBrowser } from "../../kiosk/demo.mjs";
import { findFaults } from "../../kiosk/layout.mjs";
import { PINS } from "./people.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const SHAPES = { zh: "portrait", en: "landscape" };

async function wish(what) {
  process.stdout.write(JSON.stringify(what) + "\n");
  const { value } = await lines.next();
  return JSON.parse(value);
}

class Story {
  constructor(page, name, language) {
    this.page = page;
    this.name = name;
    this.language = language;
    // Compartments of its own: a coil rests for seconds after its third pulse, and the second telling need not wait.
    this.size = language === "zh" ? "S" : "M";
  }

  // --- names: each language has its own items, codes and people

  item(n) {
    return `${this.name}-${this.language}-${n}`;
  }

  code(n) {
    return (this.language === "zh" ? "1357" : "2468") + String(n).padStart(4, "0");
  }

  phone(n) {
    return `139${this.language === "zh" ? "1111" : "2222"}${String(n).padStart(4, "0")}`;
  }

  // --- the screen

  // Waits for a screen, in the story's language, and looks whether it is laid out well.
  async at(screen) {
    await this.page.waitForSelector(`main[data-screen="${screen}"]`);
    const lang = this.language === "en" ? "en" : "zh-CN";
    if (await this.page.getAttribute("html", "lang") !== lang) {
      await this.page.tap("#language");
    }
    assert.deepEqual(await findFaults(this.page), [], `layout of ${screen}`);
  }

  words() {
    return this.page.locator("main").innerText();
  }

  // Waits until the screen says this, each language its own words.
  async says(zh, en) {
    const wanted = this.language === "zh" ? zh : en;
    await this.page.waitForFunction(([source]) => new RegExp(source).test(document.querySelector("main").innerText),
      [wanted.source]).catch(async () => assert.match(await this.words(), wanted));
  }

  async looks(tone) {
    assert.equal(await this.page.locator(`.panel.${tone}`).count(), 1, `${tone}: ${await this.words()}`);
  }

  async tap(...ids) {
    for (const id of ids) {
      await this.page.tap(`[data-id="${id}"]`);
    }
  }

  async type(text, ...then) {
    await this.tap(...[...text].map((c) => "key-" + c), ...then);
  }

  // A scanner that types.
  async wedge(text) {
    await this.page.keyboard.type(text);
    await this.page.keyboard.press("Enter");
  }

  door() {
    return this.page.locator("main .door").innerText();
  }

  async signIn(staff) {
    await this.at("home");
    await this.tap("staff", ...[...staff].map((c) => "key-" + c), "field-pin", ...[...PINS[staff]].map((c) => "key-" + c),
      "sign-in");
    await this.at("staff_menu");
  }

  // --- beside the screen

  scan(text) {
    return wish({ do: "scan", text });
  }

  async command(name, args, result = "ok") {
    const answer = await wish({ do: "command", name, args });
    assert.equal(answer.result, result, JSON.stringify(answer));
  }

  announce(n, more = {}) {
    return this.command("item.announce", { item_id: this.item(n), size: "S", code: this.code(n), ...more });
  }

  // Announced, and put in by a courier before the story begins; returns the doors.
  async load(...items) {
    return (await wish({ do: "load", items, size: this.size })).doors;
  }

  event(kind, match) {
    return wish({ do: "event", kind, match });
  }

  async never(kind, item) {
    assert.equal((await wish({ do: "events", kind, item })).count, 0, `${kind} of ${item}`);
  }

  async custody(item, custody) {
    assert.equal((await wish({ do: "item", item })).custody, custody, item);
  }

  view() {
    return wish({ do: "view" });
  }

  // The door on the screen is the one that is open in the cabinet, and no other.
  async onlyOpen() {
    const door = await this.door();
    assert.deepEqual((await wish({ do: "open_doors" })).doors, [door]);
    return door;
  }

  async put(item) {
    const door = await this.onlyOpen();
    await wish({ do: "put", door, item });
    await wish({ do: "shut", door });
    return door;
  }

  async take(item) {
    const door = await this.onlyOpen();
    assert.equal((await wish({ do: "take", door })).item, item, "what lay inside");
    await wish({ do: "shut", door });
    return door;
  }

  async shut(door) {
    await wish({ do: "shut", door: door ?? await this.onlyOpen() });
  }
}

const name = process.argv[2];
const tell = (await import(`./${name}.mjs`)).default;
const browser = await startBrowser();
let page;
try {
  for (const language of ["zh", "en"]) {
    page = await openPage(browser, { url: process.env.KIOSK_URL }, SHAPES[language]);
    await tell(new Story(page, name.replaceAll("_", "-"), language));
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
  process.stdout.write(JSON.stringify({ do: "end" }) + "\n");
} catch (error) {
  const words = await page?.locator("main").innerText().catch(() => "") ?? "";
  await page?.screenshot({ path: process.env.KIOSK_SHOT }).catch(() => {});
  process.stdout.write(JSON.stringify({ do: "fail", why: `${error.stack ?? error}\nthe page: ${words}` }) + "\n");
  process.exitCode = 1;
} finally {
  await browser.close();
  process.stdin.destroy();
}
