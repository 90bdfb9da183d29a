// docs/contract judged by the public validators: @asyncapi/parser on the document, ajv on every schema and every example.
// Usage: node validators.mjs CONTRACT_FOLDER VALID_EXAMPLES_JSON
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(path.join(process.cwd(), 'package.json'));
const { Parser, fromFile } = require('@asyncapi/parser');
const Ajv = require('ajv').default;
const [folder, validFile] = process.argv.slice(2);

const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

async function document() {
  const { document, diagnostics } = await fromFile(new Parser(), path.join(folder, 'asyncapi.yaml')).parse();
  const faults = diagnostics.filter((one) => one.severity === 0);
  assert.deepEqual(faults.map((one) => `${one.path.join('.')}: ${one.message}`), []);
  const messages = document.allMessages().all();
  const actions = document.allOperations().all().map((one) => one.action());
  assert.equal(document.version(), '3.0.0');
  assert.ok(actions.includes('send') && actions.includes('receive'));
  for (const one of messages) {
    assert.ok(one.hasPayload(), `${one.id()} has no payload`);
  }
  return { messages: messages.length, warnings: diagnostics.length };
}

function schemas() {
  const ajv = new Ajv({ strict: false, allErrors: true });
  const valid = read(validFile);
  let count = 0;
  for (const file of fs.readdirSync(path.join(folder, 'schemas')).sort()) {
    const name = file.replace(/\.json$/, '');
    const check = ajv.compile(read(path.join(folder, 'schemas', file)));
    assert.ok(check(valid[name]), `${name}: the valid example: ${ajv.errorsText(check.errors)}`);
    const wrong = read(path.join(folder, 'examples', 'invalid', file));
    assert.ok(!check(wrong.message), `${name}: the invalid example passes (${wrong.why})`);
    count += 1;
  }
  assert.equal(count, Object.keys(valid).length);
  return count;
}

const { messages, warnings } = await document();
console.log(`asyncapi.yaml: ${messages} messages, ${warnings} remarks; ${schemas()} schemas with a valid and an invalid example each`);
