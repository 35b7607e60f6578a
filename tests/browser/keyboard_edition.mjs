// An edition is found with the palette, and created, without a pointer.
import { drawn, press, pressUntil, signInByKeyboard, tabTo } from "./lib/keyboard.mjs";
import { facts, story } from "./lib/story.mjs";

await story(async ({ page, step }) => {
  const palette = page.getByRole("dialog", { name: "Find" });
  await step("open what was typed before its results are shown", async () => {
    await signInByKeyboard(page, facts);
    await pressUntil(page, ["/"], (within) => palette.waitFor(within));
    await palette.getByRole("link").first().waitFor();
    await page.keyboard.type("audit");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/admin\/audit$/);
    await drawn(page);
  });
  await step("find the digest with the palette", async () => {
    await pressUntil(page, ["/"], (within) => palette.waitFor(within));
    await page.keyboard.type("month");
    await page.keyboard.press("Escape");
    await palette.waitFor({ state: "hidden" });
    await pressUntil(page, ["/"], (within) => palette.waitFor(within));
    await page.keyboard.type("week");
    await palette.getByRole("link", { name: "The week" }).first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/admin\/digests\/weekly$/);
  });
  await step("skip the navigation", async () => {
    await drawn(page);
    // The first stop of the page.
    await pressUntil(page, ["Tab"], (within) => page.locator(".skip-link:focus").waitFor(within));
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
