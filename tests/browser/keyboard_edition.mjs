// An edition is found with the palette, and created, without a pointer.
import { drawn, press, signInByKeyboard, tabTo } from "./lib/keyboard.mjs";
import { assert, facts, story } from "./lib/story.mjs";

await story(async ({ page, step }) => {
  await step("find the digest with the palette", async () => {
    await signInByKeyboard(page, facts);
    const palette = page.getByRole("dialog", { name: "Find" });
    await page.keyboard.press("/");
    await palette.waitFor();
    await page.keyboard.type("month");
    await page.keyboard.press("Escape");
    await palette.waitFor({ state: "hidden" });
    await page.keyboard.press("/");
    await palette.waitFor();
    await page.keyboard.type("week");
    await palette.getByRole("link", { name: "The week" }).first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/admin\/digests\/weekly$/);
  });
  await step("skip the navigation", async () => {
    await drawn(page);
    await page.keyboard.press("Tab");
    const skip = page.locator(".skip-link");
    assert(await skip.evaluate((link) => link === document.activeElement), "the first stop skips the navigation");
    await page.keyboard.press("Enter");
    await press(page, page.getByRole("link", { name: "Preview", exact: true }));
    await page.waitForURL(/\/preview$/);
  });
  await step("create the edition", async () => {
    await tabTo(page, page.getByLabel("Send to 3 people"));
    await page.keyboard.press("Space");
    await press(page, page.getByRole("button", { name: "Create and send" }));
    await page.waitForURL(/\/admin\/editions\/1\?/);
    await page.locator(".title-row .state", { hasText: "Sent" }).waitFor();
  });
});
