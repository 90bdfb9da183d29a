// Pictures of every screen in both languages and both shapes, for looking at. usage: screenshots.mjs FOLDER [NAME...]

import process from "node:process";
import { mkdirSync } from "node:fs";
import { SHAPES, openPage, show, startBrowser, startDemo } from "./demo.mjs";
import { RECALLS, RECEIPT, VIEWS } from "./views.mjs";

const [folder, ...only] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const demo = await startDemo();
const browser = await startBrowser();
demo.send({ recalls: RECALLS, receipt: RECEIPT });

async function shoot(page, shape, name, language) {
  await page.evaluate(() => document.getAnimations().forEach((a) => a.pause()));
  await page.screenshot({ path: `${folder}/${name}-${shape}-${language}.png` });
}

async function local(page, shape, language, name, clicks) {
  if (only.length > 0 && !only.includes(name)) {
    return;
  }
  for (const id of clicks) {
    await page.click(`[data-id="${id}"]`);
  }
  await shoot(page, shape, name, language);
}

for (const shape of Object.keys(SHAPES)) {
  for (const language of ["zh", "en"]) {
    const page = await openPage(browser, demo, shape);
    await show(demo, page, { screen: "home", doors_open: 9 });
    if (language === "en") {
      await page.click("#language");
    }
    for (const [name, view] of Object.entries(VIEWS)) {
      if (only.length > 0 && !only.includes(name)) {
        continue;
      }
      await show(demo, page, view);
      if (await page.locator(".list").count() > 0) {
        await page.waitForSelector(".list > :not(.empty)");
      }
      await shoot(page, shape, name, language);
    }
    await show(demo, page, { screen: "opening", door: "A01" });
    await show(demo, page, { screen: "home" });
    if (language === "en") {
      await page.click("#language");
    }
    await local(page, shape, language, "home-typed", ["key-1", "key-2", "key-3", "key-4", "key-5"]);
    await local(page, shape, language, "staffpad", ["staff", "key-1", "key-0", "field-pin", "key-7"]);
    await local(page, shape, language, "staffpad-letters", ["field-staff", "letters"]);
    await show(demo, page, VIEWS.scan);
    await local(page, shape, language, "scan-by-hand", ["manual"]);
    console.log(shape, language, page.complaints);
    await page.context().close();
  }
}
await browser.close();
await demo.stop();
