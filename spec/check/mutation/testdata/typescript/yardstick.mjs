// node yardstick.mjs DIR: makes types of DIR/documents/*.json, checks DIR/programs/*.ts in one program of
// the compiler, and prints {"documents": {file: why it could not be read}, "programs": {file: [what is wrong]}}.
import fs from "node:fs";
import path from "node:path";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const dir = process.argv[2];
const documents = {};
for (const name of fs.readdirSync(path.join(dir, "documents"))) {
  if (!name.endsWith(".json")) continue;
  const file = path.join(dir, "documents", name);
  try {
    const ast = await openapiTS(JSON.parse(fs.readFileSync(file, "utf8")), { silent: true });
    fs.writeFileSync(file.replace(/\.json$/, ".d.ts"), astToString(ast));
  } catch (e) {
    documents[name] = String(e.message ?? e).slice(0, 300);
  }
}

const files = fs.readdirSync(path.join(dir, "programs")).map((name) => path.join(dir, "programs", name));
const program = ts.createProgram([...files, path.join(dir, "prelude.d.ts")], {
  strict: true, noEmit: true, skipLibCheck: true,
  target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"], types: [],
});
const programs = {};
for (const file of files) {
  const source = program.getSourceFile(file);
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  programs[path.basename(file)] = found.map((d) => {
    const { line } = source.getLineAndCharacterOfPosition(d.start);
    return `${line + 1}: TS${d.code}: ${ts.flattenDiagnosticMessageText(d.messageText, " ")}`;
  });
}
console.log(JSON.stringify({ documents, programs }));
