// Runs a script on 32-bit MicroPython (its WebAssembly port) under node:
//   node mp32.mjs MODULE_FOLDER FOLDER... SCRIPT [ARGUMENT...]
// Every FOLDER is copied to the root of MicroPython's own file system first; SCRIPT lies in one of them.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

const [moduleFolder, ...rest] = process.argv.slice(2);
const scriptAt = rest.findIndex((argument) => argument.endsWith(".py"));
const folders = rest.slice(0, scriptAt);
const [script, ...scriptArguments] = rest.slice(scriptAt);

const { loadMicroPython } = await import(pathToFileURL(join(moduleFolder, "micropython.mjs")));
const micropython = await loadMicroPython({
  heapsize: 8 * 1024 * 1024,
  stdout: (line) => process.stdout.write(line + "\n"),
  linebuffer: true,
});

function copy(from, to) {
  for (const name of readdirSync(from)) {
    if (name === "__pycache__") continue;
    const source = join(from, name);
    if (statSync(source).isDirectory()) {
      micropython.FS.mkdirTree(`${to}/${name}`);
      copy(source, `${to}/${name}`);
    } else {
      micropython.FS.writeFile(`${to}/${name}`, readFileSync(source));
    }
  }
}
for (const folder of folders) copy(folder, "");

try {
  micropython.runPython(`
import sys
sys.path.insert(0, "/")
sys.argv[:] = ${JSON.stringify([basename(script), ...scriptArguments])}
`);
  micropython.runPython(readFileSync(script, "utf8"));
} catch (error) {
  process.stderr.write(`${error.message ?? error}\n`);
  process.exitCode = 1;
}
