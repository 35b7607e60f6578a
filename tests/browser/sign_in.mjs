// A new user sets a password with the link, adds a second factor, and signs in with it.
import { at } from "./lib/admin.mjs";
import { assert, assertEqual, facts, story } from "./lib/story.mjs";
import { STEP, code } from "./lib/totp.mjs";

const PASSWORD = "Drei Boote am Kanal";
const seconds = () => Date.now() / 1000;

async function enterPassword(page, password) {
  await page.goto(at("/admin/login"));
  await page.getByLabel("Name").fill("mei");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

await story(async ({ page, watch, step }) => {
  await step("the link sets a password", async () => {
    await page.goto(facts.link);
    await page.getByText("Choose a password for the account “mei”").waitFor();
    watch.expects(422);
    await page.getByLabel("New password at least").fill(PASSWORD);
    await page.getByLabel("Repeat the new password").fill(`${PASSWORD}!`);
    await page.getByRole("button", { name: "Save password" }).click();
    await page.getByRole("alert").getByText("are not the same").waitFor();
    await page.getByLabel("New password at least").fill(PASSWORD);
    await page.getByLabel("Repeat the new password").fill(PASSWORD);
    await page.getByRole("button", { name: "Save password" }).click();
    await page.getByRole("heading", { name: "Password saved" }).waitFor();
  });
  await step("the link works once", async () => {
    watch.expects(404);
    await page.goto(facts.link);
    await page.getByText("This link does not work").first().waitFor();
  });
  let secret = "";
  await step("sign in and add a second factor", async () => {
    await enterPassword(page, PASSWORD);
    await page.waitForURL(at("/admin/"));
    await page.getByRole("link", { name: "mei" }).click();
    const form = page.locator("form", { has: page.getByRole("button", { name: "Set up a second factor" }) });
    await form.getByLabel("Present password").fill(PASSWORD);
    await form.getByRole("button").click();
    await page.getByRole("img", { name: "QR code" }).waitFor();
    secret = await page.getByText("type this key").locator("code").innerText();
    await page.getByLabel("Code", { exact: true }).fill(code(secret, seconds()));
    await page.getByRole("button", { name: "Switch on" }).click();
    await page.getByRole("heading", { name: "The second factor is on" }).waitFor();
  });
  let recovery = "";
  await step("keep the recovery codes", async () => {
    const codes = await page.locator("ol.codes code").allInnerTexts();
    assert(codes.length >= 8 && new Set(codes).size === codes.length, codes.join());
    recovery = codes[0];
    await page.getByRole("link", { name: "I have saved the codes" }).click();
    await page.getByText("The second factor is on.").waitFor();
  });
  await step("sign out", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(/\/admin\/login/);
    await page.goto(at("/admin/profile"));
    await page.waitForURL(/\/admin\/login/);
  });
  await step("the password alone opens nothing", async () => {
    await enterPassword(page, PASSWORD);
    await page.getByText("Enter the code that your authenticator app shows").waitFor();
    await page.goto(at("/admin/"));
    await page.waitForURL(/\/admin\/login/);
  });
  await step("another person can sign in instead", async () => {
    await page.getByRole("link", { name: "Sign in as somebody else" }).click();
    await page.getByLabel("Password").waitFor();
    await page.goto(at("/admin/login"));
  });
  await step("sign in with a code", async () => {
    await page.getByText("Enter the code that your authenticator app shows").waitFor();
    // A code works once; the server also accepts the next one.
    await page.getByLabel("Code", { exact: true }).fill(code(secret, seconds() + STEP));
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(at("/admin/"));
  });
  await step("a recovery code signs in once", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await enterPassword(page, PASSWORD);
    await page.getByLabel("Code", { exact: true }).fill(recovery);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(at("/admin/"));
    await page.getByRole("link", { name: "mei" }).click();
    await page.getByText("9 recovery codes are left").waitFor();
    assertEqual(await page.getByText("(this browser)").count(), 1, "present sessions");
  });
});
