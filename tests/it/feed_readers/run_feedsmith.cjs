// Parses every changed feed with feedsmith and keeps the items in a file by id, as a reader based on it would.
//
// Usage: run_feedsmith.cjs DIRECTORY URL...
const fs = require('node:fs');
const { parseFeed } = require('feedsmith');

const [directory, ...urls] = process.argv.slice(2);
const file = `${directory}/feedsmith.json`;
const stored = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)) : {};

const toItem = {
  rss: (item) => ({
    id: item.guid.value,
    title: item.title,
    link: item.link,
    date: Date.parse(item.pubDate) / 1000,
    authors: item.dc.creators,
    tags: item.categories.map((category) => category.name),
    content: item.content.encoded,
    files: (item.enclosures ?? []).map((e) => [e.url, e.type, e.length]),
    image: item.media?.contents[0].url ?? null,
  }),
  atom: (entry) => ({
    id: entry.id,
    title: entry.title.value,
    link: entry.links.find((link) => link.rel === 'alternate').href,
    date: Date.parse(entry.published) / 1000,
    authors: entry.authors.map((author) => author.name),
    tags: entry.categories.map((category) => category.term),
    content: entry.content.value,
    files: entry.links.filter((link) => link.rel === 'enclosure').map((e) => [e.href, e.type, e.length]),
    image: entry.media?.contents[0].url ?? null,
  }),
  json: (item) => ({
    id: item.id,
    title: item.title,
    link: item.url,
    date: Date.parse(item.date_published) / 1000,
    authors: item.authors.map((author) => author.name),
    tags: item.tags,
    content: item.content_html,
    files: (item.attachments ?? []).map((e) => [e.url, e.mime_type, e.size_in_bytes]),
    image: item.image ?? null,
  }),
};

async function main() {
  for (const url of urls) {
    const before = stored[url] ?? { items: {} };
    const response = await fetch(url, before.etag ? { headers: { 'If-None-Match': before.etag } } : {});
    if (response.status === 304) continue;
    const { format, feed } = parseFeed(await response.text());
    for (const item of (feed.items ?? feed.entries).map(toItem[format])) before.items[item.id] = item;
    stored[url] = { etag: response.headers.get('etag'), items: before.items };
  }
  fs.writeFileSync(file, JSON.stringify(stored));
  console.log(JSON.stringify(urls.map((url) => Object.values(stored[url].items))));
}

main();
