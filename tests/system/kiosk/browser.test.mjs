// The kiosk page in Chromium against the real face: what it draws, what it posts, how it comes back.

import assert from "node:assert/strict";
import { SHAPES, openPage, show, startDemo } from "./demo.mjs";
import { findFaults } from "./layout.mjs";
import { browser, demo, done, fresh, keys, rowsThere, shown, speak, tap, test } from "./rig.mjs";
import { RECALLS, VIEWS } from "./views.mjs";

for (const shape of Object.keys(SHAPES)) {
  for (const language of ["zh", "en"]) {
    test(`every screen fits, ${shape} ${language}`, async () => {
      const page = await fresh({ screen: "home", doors_open: 9 }, shape);
      for (const [name, view] of Object.entries(VIEWS)) {
        await show(demo, page, { screen: "opening", door: "A01" });
        await show(demo, page, view);
        await speak(page, language);
        await rowsThere(page);
        assert.deepEqual(await findFaults(page), [], name);
      }
      await done(page);
    });

    test(`the pads fit, ${shape} ${language}`, async () => {
      const page = await fresh(VIEWS.home, shape);
      if (language === "en") {
        await page.tap("#language");
      }
      await tap(page, "staff", "key-1");
      assert.deepEqual(await findFaults(page), [], "staff pad");
      await tap(page, "letters");
      assert.deepEqual(await findFaults(page), [], "staff letters");
      await show(demo, page, VIEWS.scan);
      await tap(page, "manual");
      assert.deepEqual(await findFaults(page), [], "by hand");
      await done(page);
    });
  }
}

test("a code typed by finger is posted", async () => {
  const page = await fresh();
  assert.ok(await page.isDisabled('[data-id="enter"]'));
  await tap(page, ...keys("12355"), "key-退格", "key-退格", ...keys("45678"));
  assert.equal(await shown(page), "12345678");
  await tap(page, "key-9");
  assert.equal(await shown(page), "12345678", "a ninth digit is not taken");
  await tap(page, "enter");
  const act = await demo.act();
  assert.deepEqual([act.act, act.text], ["code", "12345678"]);
  assert.equal(await shown(page), "", "nothing typed stays");
  await done(page);
});

test("digits of the keypad beside the screen are dots, and none of them is posted by the page", async () => {
  const page = await fresh();
  demo.send({ keyed: 3 });
  await page.waitForFunction(() => document.querySelectorAll(".cell.filled").length === 3);
  assert.equal(await shown(page), "●●●");
  assert.ok(await page.isDisabled('[data-id="enter"]'), "the page has nothing to confirm");
  demo.send({ keyed: 0 });
  await page.waitForFunction(() => document.querySelectorAll(".cell.filled").length === 0);
  await done(page);
});

test("clear empties the code", async () => {
  const page = await fresh();
  await tap(page, ...keys("123"), "key-清空");
  assert.equal(await shown(page), "");
  await done(page);
});

test("a keyboard types a code, Enter sends it", async () => {
  const page = await fresh();
  await page.keyboard.type("87654321");
  await page.keyboard.press("Enter");
  const act = await demo.act();
  assert.deepEqual([act.act, act.text], ["code", "87654321"]);
  await done(page);
});

test("what a keyboard-wedge scanner types is posted as a scan", async () => {
  const page = await fresh();
  for (const token of ["q7Xr-_9AbCdEfGhIjKlMnO", "690123456789012"]) {
    await page.keyboard.type(token);
    await page.keyboard.press("Enter");
    const act = await demo.act();
    assert.deepEqual([act.act, act.text], ["scan", token]);
  }
  await done(page);
});

test("a barcode scanned before the last one was answered is not lost, a touch is", async () => {
  const page = await fresh(VIEWS.scan);
  demo.send({ answer: null });
  await page.keyboard.type("FIRST-1");
  await page.keyboard.press("Enter");
  assert.equal((await demo.act()).text, "FIRST-1");
  await page.keyboard.type("SECOND-2");
  await page.keyboard.press("Enter");
  await page.evaluate(() => document.querySelector('[data-id="sign_out"]').click());
  await page.waitForTimeout(200);
  assert.equal(demo.acts.length, 0, "one act at a time");
  demo.send({ answer: { result: "ok" } });
  assert.equal((await demo.act()).text, "SECOND-2");
  await page.waitForTimeout(200);
  assert.equal(demo.acts.length, 0);
  await done(page);
});

test("Enter after a scan does not press the focused button", async () => {
  const page = await fresh(VIEWS.placed);
  await page.focus('[data-id="done"]');
  await page.keyboard.type("YL-2026-000124");
  await page.keyboard.press("Enter");
  const act = await demo.act();
  assert.deepEqual([act.act, act.text], ["scan", "YL-2026-000124"]);
  await done(page);
});

test("digits at work are a barcode, not a code", async () => {
  const page = await fresh(VIEWS.scan);
  await page.keyboard.type("12345678");
  await page.keyboard.press("Enter");
  assert.equal((await demo.act()).act, "scan");
  await done(page);
});

test("everything works by keyboard alone, with a visible focus", async () => {
  const page = await fresh();
  const wanted = { "taken-all": ["open_again", "rate-3", "nothing_inside"], refuse_ask: ["confirm"], "home-all": ["drop_off"],
    "size-join": ["join", "size-M"], window_item: ["hand_over", "refuse"] };
  for (const [name, ids] of Object.entries(wanted)) {
    for (const id of ids) {
      await show(demo, page, VIEWS.opening);
      await show(demo, page, VIEWS[name]);
      const focused = () => page.evaluate(() => document.activeElement.dataset.id);
      for (let i = 0; i < 20 && await focused() !== id; i++) {
        await page.keyboard.press("Tab");
      }
      assert.equal(await focused(), id, "reached with the Tab key");
      const width = await page.evaluate(() => parseFloat(getComputedStyle(document.activeElement).outlineWidth));
      assert.ok(width >= 3, "focus is drawn");
      await page.keyboard.press("Enter");
      assert.equal((await demo.act()).button, id.replace(/-.*/, ""));
    }
  }
  await done(page);
});

// Buttons that say more than their name have tests of their own.
const SAYS_MORE = ["size", "recall_item", "rate"];

test("each button of each screen posts its own name", async () => {
  const page = await fresh();
  const pressed = new Set();
  for (const view of Object.values(VIEWS)) {
    const names = (view.buttons ?? []).filter((name) => !SAYS_MORE.includes(name) &&
      !(view.screen === "notice" && name === "back") && !pressed.has(view.screen + name));
    for (const name of names) {
      await show(demo, page, { screen: "opening", door: "A01" });
      await show(demo, page, view);
      await tap(page, name);
      const act = await demo.act();
      assert.deepEqual([act.act, act.button, act.item], ["button", name, ""]);
      pressed.add(view.screen + name);
    }
  }
  assert.ok(pressed.size > 60, `${pressed.size} pairs of screen and button`);
  await done(page);
});

test("a size is chosen, a full one cannot be", async () => {
  const page = await fresh(VIEWS.size);
  assert.ok(await page.isDisabled('[data-id="size-L"]'));
  await tap(page, "size-M");
  const act = await demo.act();
  assert.deepEqual([act.button, act.size], ["size", "M"]);
  await done(page);
});

test("the recall list shows every item and opens the touched one", async () => {
  const page = await fresh(VIEWS.recall_list);
  await page.waitForSelector(".recall");
  assert.equal(await page.locator(".recall").count(), RECALLS.length);
  await page.locator('[data-id="recall-YL-2026-000020"]').tap();
  const act = await demo.act();
  assert.deepEqual([act.button, act.item], ["recall_item", "YL-2026-000020"]);
  await done(page);
});

test("staff sign in by number and PIN, and the PIN is never on the page", async () => {
  const page = await fresh();
  await tap(page, "staff", "letters", "key-C", "letters", ...keys("1001"), "field-pin", ...keys("2468"));
  const html = await page.content();
  assert.ok(html.includes("C1001") && !html.includes("2468"));
  await tap(page, "sign-in");
  const act = await demo.act();
  assert.deepEqual([act.act, act.staff, act.pin], ["sign_in", "C1001", "2468"]);
  await done(page);
});

test("a barcode that cannot be scanned is typed by hand", async () => {
  const page = await fresh(VIEWS.scan);
  await tap(page, "manual", ...keys("YL-20"), "enter");
  const act = await demo.act();
  assert.deepEqual([act.act, act.text], ["scan", "YL-20"]);
  await done(page);
});

test("English by one touch, Chinese again for the next person", async () => {
  const page = await fresh();
  assert.match(await page.locator("h1").innerText(), /取件码/);
  await page.tap("#language");
  assert.match(await page.locator("h1").innerText(), /pickup code/);
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await show(demo, page, VIEWS.take);
  assert.match(await page.locator("h1").innerText(), /is open/);
  await show(demo, page, VIEWS.home);
  assert.match(await page.locator("h1").innerText(), /取件码/);
  assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
  await done(page);
});

test("a lockout hides the keypad, counts down, and leaves the QR way open", async () => {
  const page = await fresh(VIEWS["home-locked"]);
  assert.equal(await page.locator(".pad").count(), 0);
  assert.match(await page.locator(".count").innerText(), /5[678] 秒/);
  await page.keyboard.type("q7Xr-_9AbCdEfGhIjKlMnO");
  await page.keyboard.press("Enter");
  assert.equal((await demo.act()).act, "scan");
  await done(page);
});

test("what a screen says is announced to a screen reader", async () => {
  const page = await fresh();
  await show(demo, page, VIEWS.take);
  const said = page.locator("#announce[aria-live=polite]");
  assert.match(await said.innerText(), /A07 号柜门已打开.*请取出您的文件/s);
  await done(page);
});

test("a refusal that has no screen of its own is said all the same", async () => {
  const page = await fresh(VIEWS.put);
  demo.send({ answer: { result: "refused", reason: "not_now" } });
  await tap(page, "larger");
  await page.waitForSelector("#toast:not([hidden])");
  assert.match(await page.locator("#toast").innerText(), /现在不能做这一步/);
  await demo.act();
  await done(page);
});

test("two quick touches post one act", async () => {
  const page = await fresh(VIEWS.taken);
  demo.send({ answer: null });
  await page.evaluate(() => {
    document.querySelector('[data-id="open_again"]').click();
    document.querySelector('[data-id="open_again"]').click();
  });
  await demo.act();
  await page.waitForTimeout(200);
  assert.equal(demo.acts.length, 0);
  await done(page);
});

test("a half-typed code does not wait for the next person", async () => {
  const own = await startDemo("--tick", "50");
  const page = await openPage(browser, own, "portrait", /^$/, (fake) => fake.clock.install());
  await page.waitForSelector(".home, .panel");
  await show(own, page, VIEWS.home);
  await tap(page, ...keys("123"));
  for (const expected of ["123", "123", "123", ""]) {
    assert.equal(await shown(page), expected);
    await page.clock.runFor(11000); // below the watchdog's 15 s
    await page.waitForTimeout(200); // real ticks feed it meanwhile
  }
  assert.ok(await page.isHidden("#wait"));
  await done(page);
  await own.stop();
});

test("the daemon restarts: one moment, then a fresh page that works", async () => {
  let own = await startDemo();
  own.show({ screen: "take", door: "A07" });
  const page = await openPage(browser, own, "portrait", /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_EMPTY|Failed to load/);
  const before = await page.getAttribute('meta[name="locker-token"]', "content");
  await own.stop();
  await page.waitForSelector("#wait:not([hidden])");
  assert.match(await page.locator("#wait").innerText(), /请稍等.*One moment/s);
  own = await startDemo("--port", own.port);
  own.show({ screen: "home" });
  await page.waitForSelector("#wait[hidden]", { state: "attached", timeout: 15000 });
  await page.waitForSelector('main[data-screen="home"]');
  assert.notEqual(await page.getAttribute('meta[name="locker-token"]', "content"), before);
  await page.keyboard.type("11112222");
  await page.keyboard.press("Enter");
  assert.equal((await own.act()).text, "11112222");
  await done(page);
  await own.stop();
});

test("a stream that has gone quiet is given up after 15 s", async () => {
  const quiet = await startDemo("--tick", "900000");
  const page = await openPage(browser, quiet, "portrait", /^$/, (fake) => fake.clock.install());
  await page.clock.runFor(14000);
  assert.ok(await page.isHidden("#wait"));
  await page.clock.runFor(2000);
  await page.waitForSelector("#wait:not([hidden])");
  const reloaded = page.waitForEvent("load");
  await page.clock.runFor(3000);
  await reloaded;
  await page.waitForSelector("#wait[hidden]", { state: "attached" });
  await done(page);
  await quiet.stop();
});
