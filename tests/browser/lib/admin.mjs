// Steps that several stories share.
import { facts } from "./story.mjs";

/** Returns the address of a path of the server. */
export const at = (path) => facts.base + path;

/** Signs in with the password of the facts, and waits for the home page. */
export async function signIn(page) {
  await page.goto(at("/admin/login"));
  await page.getByLabel("Name").fill(facts.user);
  await page.getByLabel("Password").fill(facts.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(at("/admin/"));
}

/** Waits until the page has one element of this text. */
export async function sees(page, text) {
  await page.getByText(text).first().waitFor();
}

/** Returns the number above the label of a figure, as it is shown. */
export function figure(page, label) {
  return page.locator(".figures div", { has: page.getByText(label, { exact: true }) }).locator("b");
}

/** Opens a section of the admin area from its navigation. */
export async function openSection(page, name) {
  await page.getByRole("navigation", { name: "Admin area" }).getByRole("link", { name, exact: true }).click();
}
