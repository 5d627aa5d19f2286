// Has documents judged by the official TypeScript SDK of the standard, which validates by its schema.
//
//     node validate.cjs MODULES FILE...      MODULES: the folder node_modules that holds the SDK
//
// Prints "ok FILE" or "bad FILE: why" for each. What is judged is the file as it is read, and what the
// SDK makes of it.
const fs = require("fs");
const path = require("path");

const [modules, ...files] = process.argv.slice(2);
const sdk = require(path.join(modules, "@serverlessworkflow/sdk"));
const yaml = require(path.join(modules, "yaml"));

for (const file of files) {
  try {
    const text = fs.readFileSync(file, "utf8");
    sdk.validate("Workflow", yaml.parse(text));
    sdk.Classes.Workflow.deserialize(text).validate();
    console.log(`ok ${file}`);
  } catch (error) {
    console.log(`bad ${file}: ${String(error.message).replaceAll("\n", " ")}`);
  }
}
