// feedsmith reads every feed that changed; what it read stays in a file, by id, as in a reader that is built on it.
//
// Usage: ask_feedsmith.cjs FOLDER URL...
const fs = require('node:fs');
const { parseFeed } = require('feedsmith');

const [folder, ...urls] = process.argv.slice(2);
const file = `${folder}/feedsmith.json`;
const kept = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)) : {};

const told = {
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
    const before = kept[url] ?? { items: {} };
    const answer = await fetch(url, before.etag ? { headers: { 'If-None-Match': before.etag } } : {});
    if (answer.status === 304) continue;
    const { format, feed } = parseFeed(await answer.text());
    for (const item of (feed.items ?? feed.entries).map(told[format])) before.items[item.id] = item;
    kept[url] = { etag: answer.headers.get('etag'), items: before.items };
  }
  fs.writeFileSync(file, JSON.stringify(kept));
  console.log(JSON.stringify(urls.map((url) => Object.values(kept[url].items))));
}

main();
