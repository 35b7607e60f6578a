// Work with the keyboard alone: Tab, Enter, Space, arrows and letters. Chromium drops keys of a page that it has not
// drawn yet, and on a busy machine some of those after that, which a person would press again.
import { assert, TIMEOUT } from "./story.mjs";

/** Largest number of stops before an element. */
const MOST_STOPS = 120;

/** Number of times that keys are pressed without an effect. */
const MOST_ATTEMPTS = 5;
/** Time in milliseconds after which keys without an effect are pressed again. */
const RETRY_AFTER = 10_000;

/** Waits until the page is drawn, but not for ever: Chromium does not always tell. */
export async function drawn(page) {
  const isDrawn = () => performance.getEntriesByName("first-contentful-paint").length > 0;
  await page.waitForFunction(isDrawn, undefined, { timeout: RETRY_AFTER }).catch(() => {});
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

/** Presses keys until `happens`, which waits for their effect within a time, succeeds. */
export async function pressUntil(page, keys, happens) {
  for (let attempt = 1; ; attempt++) {
    for (const key of keys) await page.keyboard.press(key);
    const isLast = attempt === MOST_ATTEMPTS;
    try {
      return await happens({ timeout: isLast ? TIMEOUT : RETRY_AFTER });
    } catch (error) {
      if (isLast) throw error;
    }
  }
}

/** Types a text into the field with the focus, again if a key was lost. */
async function typeWhole(page, field, text) {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
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
  await page.locator("input:focus").waitFor();
  await drawn(page);
  await typeWhole(page, page.getByLabel("Name"), facts.user);
  await page.keyboard.press("Tab");
  await typeWhole(page, page.getByLabel("Password"), facts.password);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${facts.base}/admin/`);
  await page.waitForLoadState("load");
  await drawn(page);
}
