// What the files of browser tests share: one browser and one face-demo for a file, a fresh page for each test.

import assert from "node:assert/strict";
import { after, afterEach, before, test as nodeTest } from "node:test";
import { openPage, show, startBrowser, startDemo, stopDemos } from "./demo.mjs";
import { RECALLS, RECEIPT, VIEWS } from "./views.mjs";

const TEST_MS = 40000; // a page that hangs fails its own test, and not the clock of the whole run
const CLOSE_MS = 5000;

export const test = (name, body) => nodeTest(name, { timeout: TEST_MS }, body);

export let browser;
export let demo;

before(async () => {
  browser = await startBrowser();
  demo = await startDemo();
  demo.send({ recalls: RECALLS, receipt: RECEIPT });
});

after(async () => {
  await browser?.close();
  await stopDemos();
});

// Whatever a failed test left open must neither slow the next one down nor take its acts.
afterEach(async () => {
  demo.forget();
  await Promise.race([
    Promise.all(browser.contexts().map((context) => context.close())),
    new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref()),
  ]);
});

export async function fresh(view = VIEWS.home, shape = "portrait") {
  demo.send({ answer: { result: "ok" } });
  demo.show({ screen: "home", doors_open: 77 });
  const page = await openPage(browser, demo, shape);
  await show(demo, page, view);
  return page;
}

export async function done(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

export async function tap(page, ...ids) {
  for (const id of ids) {
    await page.tap(`[data-id="${id}"]`);
  }
}

export async function speak(page, language) {
  const wanted = language === "en" ? "en" : "zh-CN";
  if (await page.getAttribute("html", "lang") !== wanted) {
    await page.tap("#language");
    assert.equal(await page.getAttribute("html", "lang"), wanted);
  }
}

// A list is fetched after its screen is drawn.
export async function rowsThere(page) {
  if (await page.locator(".list").count() > 0) {
    await page.waitForSelector(".list > :not(.empty)");
  }
}

export const keys = (text) => [...text].map((c) => "key-" + c);
export const shown = (page) => page.locator(".code").innerText().then((t) => t.replace(/\s/g, ""));
