// Sends the mails that the harness describes in a file of JSON through nodemailer's pool, as its manual tells: a new mail
// whenever the pool is idle. Prints how many the server took; `size` prints the bytes of one mail instead.
import { readFileSync } from "node:fs";
import { createTransport } from "nodemailer";

const job = JSON.parse(readFileSync(process.argv[2], "utf8"));

const personal = (text, i) => text.replaceAll(job.placeholder, `Reader Number ${i}`);

const mail = (i) => ({
    from: job.from,
    to: { name: `Reader Number ${i}`, address: `reader${i}@partner${i % job.domains}.example` },
    subject: job.subject,
    text: personal(job.text, i),
    html: personal(job.html, i),
    headers: job.headers,
});

const dkim = job.dkim ? { ...job.dkim, privateKey: readFileSync(job.dkim.privateKey, "utf8") } : undefined;

async function size() {
    const composer = createTransport({ streamTransport: true, buffer: true, newline: "windows", dkim });
    console.log((await composer.sendMail(mail(1))).message.length);
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
    const ended = (error) => {
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
    const feed = () => {
        while (next < job.messages && pool.isIdle()) pool.sendMail(mail(next++), ended);
    };
    pool.on("idle", feed);
    feed();
}

await (process.argv[3] === "size" ? size() : send());
