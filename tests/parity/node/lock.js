// Writes package-lock.json anew and leaves out who asks for donations, as no file here names a host.
const { execFileSync } = require("node:child_process");
const { readFileSync, writeFileSync } = require("node:fs");

execFileSync("npm", ["install", "--package-lock-only", "--loglevel=error"], {
  cwd: __dirname,
  stdio: ["ignore", "ignore", "inherit"],
});
const path = `${__dirname}/package-lock.json`;
const lock = JSON.parse(readFileSync(path, "utf8"));
for (const each of Object.values(lock.packages)) delete each.funding;
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
