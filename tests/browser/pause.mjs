// An edition pauses at once, stays paused, and sends the rest after it is resumed.
import { at, figure, openSection, signIn } from "./lib/admin.mjs";
import { TIMEOUT, ask, assert, assertEqual, facts, story } from "./lib/story.mjs";

await story(async ({ page, step }) => {
  const number = async (label) => Number((await figure(page, label).innerText()).replaceAll(",", ""));
  const reloadUntil = async (label, holds) => {
    const until = Date.now() + TIMEOUT;
    while (!holds(await number(label))) {
      assert(Date.now() < until, `the number of “${label}” does not change`);
      await page.reload();
    }
  };
  await step("open the edition that is being sent", async () => {
    await signIn(page);
    await openSection(page, "Editions");
    await page.getByRole("link", { name: "The week" }).click();
    await reloadUntil("Sent", (sent) => sent > 0);
  });
  await step("pause it within a second", async () => {
    await ask("pausing");
    await Promise.all([
      page.waitForResponse((response) => response.request().method() === "POST"),
      page.getByRole("button", { name: "Pause" }).click(),
    ]);
    await ask("paused");
    await page.getByText("The edition is paused.").waitFor();
    await page.locator(".title-row .state", { hasText: "Paused" }).waitFor();
  });
  await step("nothing is sent while it is paused", async () => {
    await page.goto(at("/admin/"));
    await page.getByText("is paused").first().waitFor();
    await page.goto(at("/admin/editions/1"));
    assertEqual(await number("Sent"), Number(await ask("mails")), "sent messages");
    assertEqual((await number("Sent")) + (await number("Waiting")), facts.recipients, "messages");
  });
  await step("resume it", async () => {
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByText("The edition is being sent again.").waitFor();
    await reloadUntil("Waiting", (waiting) => waiting === 0);
    assertEqual(await number("Sent"), facts.recipients, "sent messages");
    const until = Date.now() + TIMEOUT;
    while ((await page.locator(".title-row .state").innerText()) !== "Sent") {
      assert(Date.now() < until, "the edition does not end");
      await page.reload();
    }
    assertEqual(await page.getByRole("button", { name: "Pause" }).count(), 0, "buttons to pause");
  });
});
