// An edition goes out live; one recipient fails, is found with the reply of the relay, and is retried.
import { at, figure, openSection, signIn } from "./lib/admin.mjs";
import { ask, assert, assertEqual, facts, story } from "./lib/story.mjs";

/** Waits until a figure of the edition has this number, without a reload. */
async function shows(page, label, number) {
  await figure(page, label).getByText(String(number), { exact: true }).waitFor();
}

await story(async ({ page, step }) => {
  await step("sign in and open the preview", async () => {
    await signIn(page);
    await openSection(page, "Digests");
    await page.getByRole("link", { name: "The week" }).click();
    await page.getByRole("link", { name: "Preview", exact: true }).click();
    const mail = page.frameLocator("iframe");
    await mail.getByRole("link", { name: "Title of a2" }).first().waitFor();
  });
  let loads = 0;
  await step("create the edition after the number of people", async () => {
    await page.getByRole("button", { name: "Create and send" }).click();
    assert(page.url().includes("/preview"), "an unconfirmed number sends nothing");
    await page.getByLabel("Send to 40 people").check();
    await page.getByRole("button", { name: "Create and send" }).click();
    await page.waitForURL(/\/admin\/editions\/1\?done=/);
    page.on("load", () => loads++);
  });
  await step("the numbers grow while it is sent", async () => {
    await shows(page, "Sent", 10);
    await page.locator(".title-row .state", { hasText: "Sending" }).waitFor();
    await ask("continue");
    await shows(page, "Sent", 39);
    await shows(page, "Failed", 1);
    await page.locator(".title-row .state", { hasText: "Sent" }).waitFor();
    assertEqual(loads, 0, "reloads of the page");
  });
  await step("find the failed recipient with the reply", async () => {
    await page.locator("#recipients").getByRole("link", { name: /^Failed/ }).click();
    const rows = page.locator("#recipients tbody tr");
    await rows.filter({ hasText: "r7@example.org" }).waitFor();
    assertEqual(await rows.count(), 1, "failed recipients");
    const reply = await rows.locator(".answer").innerText();
    assert(reply.includes(facts.reply), reply);
  });
  await step("send the failed message again", async () => {
    await ask("accept everything");
    await page.getByRole("button", { name: "Send the failed ones again" }).click();
    await page.getByText("are queued again").waitFor();
    await page.goto(at("/admin/editions/1"));
    await shows(page, "Sent", 40);
    await shows(page, "Failed", 0);
    // The edition ends after its last message.
    await page.locator(".title-row .state", { hasText: "Sent" }).waitFor();
  });
  await step("a reload repeats nothing", async () => {
    await page.reload();
    await shows(page, "Sent", 40);
  });
});
