// Verifies the valid vectors with the published JavaScript library, at the time that each names; prints their names.
const { readFileSync } = require("node:fs");
const { Webhook } = require("standardwebhooks");

const { valid } = JSON.parse(readFileSync(process.argv[2], "utf8"));
for (const { name, secrets, now, headers, body_base64 } of valid) {
  Date.now = () => now * 1000;
  for (const secret of secrets) new Webhook(secret).verify(Buffer.from(body_base64, "base64").toString(), headers);
  console.log(name);
}
