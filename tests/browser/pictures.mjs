// Takes the pictures of docs/admin from a running demo: each page in English and Chinese, on a wide window and a phone.
//
//   COURANT_TEST_BROWSER=DIR node tests/browser/pictures.mjs http://127.0.0.1:8080 docs/admin
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BROWSER, PAGES, pathOf, signIn } from "./lib/demo.mjs";
import { require } from "./lib/modules.mjs";

const { chromium } = require("playwright-core");

const [base, folder] = process.argv.slice(2);
const LANGUAGES = ["en", "zh"];
const WINDOWS = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
/** Longest page in a picture, in pixels. */
const MAX_HEIGHT = 2400;
/** Stores the page as WebP, from its top to its end. */
async function take(page, file) {
  const { width, height } = page.viewportSize();
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  // In a window of this height, no bar at its lower edge covers the page.
  const window = { width, height: Math.min(Math.max(whole, height), MAX_HEIGHT) };
  await page.setViewportSize(window);
  const session = await page.context().newCDPSession(page);
  const clip = { x: 0, y: 0, ...window, scale: 1 };
  const options = { format: "webp", quality: 60, captureBeyondViewport: true, clip };
  const { data } = await session.send("Page.captureScreenshot", options);
  await session.detach();
  writeFileSync(file, Buffer.from(data, "base64"));
}

const browser = await chromium.launch(BROWSER);
mkdirSync(folder, { recursive: true });
for (const language of LANGUAGES) {
  const page = await browser.newPage({ viewport: WINDOWS.wide, reducedMotion: "reduce" });
  await signIn(page, base);
  const chosen = await page.locator("html").getAttribute("lang");
  if (chosen !== language) {
    await page.locator(`form.languages button[value="${language}"]`).click();
    await page.locator(`html[lang="${language}" i]`).waitFor();
  }
  for (const [name, place] of Object.entries(PAGES)) {
    const path = await pathOf(page, base, place);
    for (const [window, size] of Object.entries(WINDOWS)) {
      await page.setViewportSize(size);
      await page.goto(base + path);
      await page.evaluate(() => document.fonts.ready);
      await take(page, join(folder, `${name}-${language}-${window}.webp`));
    }
    await page.setViewportSize(WINDOWS.wide);
  }
  await page.close();
}
await browser.close();
