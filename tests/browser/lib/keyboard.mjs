// Work with the keyboard alone: Tab, Enter, Space, arrows and letters.
import { assert } from "./story.mjs";

/** Largest number of stops before an element. */
const MOST_STOPS = 120;

/** Presses Tab until an element has the focus. It must be visible, and show the focus. */
export async function tabTo(page, locator) {
  await locator.first().waitFor();
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

/** Types a text into the field with the focus, again if the browser lost a key of a page that it was still drawing. */
async function typeWhole(page, field, text) {
  for (let attempts = 0; attempts < 5; attempts++) {
    await page.keyboard.type(text);
    if ((await field.inputValue()) === text) return;
    await page.keyboard.press("Control+A");
  }
  throw new Error(`the field does not take ${text}`);
}

/** Enters a text into a field. */
export async function type(page, locator, text) {
  await tabTo(page, locator);
  await typeWhole(page, locator, text);
}

/** Signs in. */
export async function signInByKeyboard(page, facts) {
  await page.goto(`${facts.base}/admin/login`);
  // The field of the name gets the focus with the page.
  const name = page.getByLabel("Name");
  await page.locator("input:focus").waitFor();
  await typeWhole(page, name, facts.user);
  await page.keyboard.press("Tab");
  await typeWhole(page, page.getByLabel("Password"), facts.password);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${facts.base}/admin/`);
  await page.waitForLoadState("load");
}
