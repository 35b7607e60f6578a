// Work with the keyboard alone: Tab, Enter, Space, arrows and letters.
import { assert } from "./story.mjs";

/** Largest number of stops before an element. */
const MOST_STOPS = 120;

/** Waits until the page is drawn. Chromium drops the keys that are pressed before. */
export async function drawn(page) {
  await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
}

/** Presses Tab until an element has the focus. It must be visible, and show the focus. */
export async function tabTo(page, locator) {
  await locator.first().waitFor();
  await drawn(page);
  for (let stops = 0; stops < MOST_STOPS; stops++) {
    await page.keyboard.press("Tab");
    if (await locator.first().evaluate((element) => element === document.activeElement)) {
      const style = await locator.first().evaluate((element) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
        return { outline: outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0, shadow: boxShadow !== "none" };
      });
      assert(style.outline || style.shadow, `the focus is invisible: ${locator}`);
      assert(await locator.first().isVisible(), `the focus is on a hidden element: ${locator}`);
      return;
    }
  }
  throw new Error(`Tab does not reach ${locator}`);
}

/** Follows a link or presses a button. */
export async function press(page, locator, key = "Enter") {
  await tabTo(page, locator);
  await page.keyboard.press(key);
}

/** Enters a text into a field. */
export async function type(page, locator, text) {
  await tabTo(page, locator);
  await page.keyboard.type(text);
}

/** Signs in. */
export async function signInByKeyboard(page, facts) {
  await page.goto(`${facts.base}/admin/login`);
  // The field of the name gets the focus with the page.
  await page.locator("input:focus").waitFor();
  await drawn(page);
  await page.keyboard.type(facts.user);
  await page.keyboard.press("Tab");
  await page.keyboard.type(facts.password);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${facts.base}/admin/`);
  await page.waitForLoadState("load");
  await drawn(page);
}
