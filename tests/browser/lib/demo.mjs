// Pages of the admin area of a running demo, and its button that signs in.

/** Browser of Debian, and its arguments. */
export const BROWSER = {
  executablePath: "/usr/bin/chromium",
  args: process.getuid() === 0 ? ["--no-sandbox"] : [],
};

/** Pages by name; a page that starts with `first` is the first row of a list. */
export const PAGES = {
  home: "/admin/",
  articles: "/admin/articles",
  article: { first: "/admin/articles" },
  feeds: "/admin/feeds",
  feed: { first: "/admin/feeds" },
  "feed-new": "/admin/feeds/new",
  digests: "/admin/digests",
  digest: { first: "/admin/digests" },
  "digest-new": "/admin/digests/new",
  preview: { first: "/admin/digests", then: "/preview" },
  editions: "/admin/editions",
  edition: { first: "/admin/editions" },
  subscribers: "/admin/subscribers",
  person: { first: "/admin/subscribers" },
  imports: "/admin/subscribers/import",
  segments: "/admin/segments",
  suppressions: "/admin/suppressions",
  sources: "/admin/sources",
  source: { first: "/admin/sources" },
  transports: "/admin/transports",
  transport: { first: "/admin/transports" },
  webhooks: "/admin/webhooks",
  users: "/admin/users",
  tokens: "/admin/tokens",
  audit: "/admin/audit",
  settings: "/admin/settings",
  find: "/admin/find?q=a",
  profile: "/admin/profile",
};

/** Returns the path of a page, which may be that of the first row of a list. */
export async function pathOf(page, base, place) {
  if (typeof place === "string") return place;
  await page.goto(base + place.first);
  const link = page.locator(`main tbody a[href*="${place.first}/"], main .card a[href*="${place.first}/"]`).first();
  const path = new URL(await link.getAttribute("href"), base).pathname;
  return path + (place.then ?? "");
}

/** Signs in with the button of the demo. */
export async function signIn(page, base) {
  await page.goto(`${base}/admin/login`);
  await page.locator('form[action$="/demo/sign-in"] button').click();
  await page.waitForURL("**/admin/");
}
