// Writes package-lock.json of each folder named anew and leaves out who asks for donations, as no
// file here names a host.
const { execFileSync } = require("node:child_process");
const { readFileSync, writeFileSync } = require("node:fs");

for (const folder of process.argv.slice(2)) {
  execFileSync("npm", ["install", "--package-lock-only", "--loglevel=error"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const path = `${folder}/package-lock.json`;
  const lock = JSON.parse(readFileSync(path, "utf8"));
  for (const each of Object.values(lock.packages)) delete each.funding;
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
