// Lays out Lua files as .stylua.toml says, with the npm package of stylua: format.mjs PACKAGE [--check] FILE...
// With --check, the script only names the unformatted files, and exits 1 if it finds any. stylua compares each result
// with the original program before the result is written, so a fault of stylua cannot change a program.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [directory, ...rest] = process.argv.slice(2);
const check = rest[0] === "--check";
const files = check ? rest.slice(1) : rest;
const stylua = createRequire(import.meta.url)(resolve(directory));

const ENUMS = {
  line_endings: stylua.LineEndings,
  indent_type: stylua.IndentType,
  quote_style: stylua.QuoteStyle,
  call_parentheses: stylua.CallParenType,
  collapse_simple_statement: stylua.CollapseSimpleStatement,
};

const settings = readFileSync(".stylua.toml", "utf8")
  .split("\n")
  .filter((line) => line.includes("="))
  .map((line) => {
    const [, name, word, number] = line.match(/^(\w+) = (?:"(\w+)"|(\d+))$/);
    return [name, word ? ENUMS[name][word] : Number(number)];
  });

// formatCode consumes its configuration, so each file needs a new one.
function config() {
  const made = stylua.Config.new();
  for (const [name, value] of settings) made[name] = value;
  return made;
}

let unformatted = 0;
for (const file of files) {
  const before = readFileSync(file, "utf8");
  const after = stylua.formatCode(before, config(), undefined, stylua.OutputVerification.Full);
  if (before === after) continue;
  unformatted++;
  console.log(check ? `${file}: not formatted (make format)` : file);
  if (!check) writeFileSync(file, after);
}
process.exit(check && unformatted ? 1 : 0);
