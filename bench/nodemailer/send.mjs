// Sends the messages that a JSON file of the harness describes through nodemailer's pool, as its
// manual recommends: a new message whenever the pool is idle. Prints the number of accepted
// messages; with `size`, prints the size of one message in bytes instead.
import { readFileSync } from "node:fs";
import { createTransport } from "nodemailer";

const job = JSON.parse(readFileSync(process.argv[2], "utf8"));

const personalize = (text, i) => text.replaceAll(job.placeholder, `Reader Number ${i}`);

const message = (i) => ({
    from: job.from,
    to: { name: `Reader Number ${i}`, address: `reader${i}@partner${i % job.domains}.example` },
    subject: job.subject,
    text: personalize(job.text, i),
    html: personalize(job.html, i),
    headers: job.headers,
});

const dkim = job.dkim ? { ...job.dkim, privateKey: readFileSync(job.dkim.privateKey, "utf8") } : undefined;

async function size() {
    const composer = createTransport({ streamTransport: true, buffer: true, newline: "windows", dkim });
    console.log((await composer.sendMail(message(1))).message.length);
}

function send() {
    const pool = createTransport({
        pool: true,
        host: job.host,
        port: job.port,
        ignoreTLS: true,
        maxConnections: job.connections,
        maxMessages: 500,
        dkim,
    });
    let next = 0;
    let sent = 0;
    let failed = 0;
    const onResult = (error) => {
        if (error) {
            failed += 1;
            console.error(error.message);
        } else {
            sent += 1;
        }
        if (sent + failed === job.messages) {
            pool.close();
            console.log(sent);
        }
    };
    const fillPool = () => {
        while (next < job.messages && pool.isIdle()) pool.sendMail(message(next++), onResult);
    };
    pool.on("idle", fillPool);
    fillPool();
}

await (process.argv[3] === "size" ? size() : send());
