// The schemas of docs/schema/, which everything that servers and clients send must satisfy.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import Ajv2020 from "ajv/dist/2020.js";

const folder = fileURLToPath(new URL("../../docs/schema/", import.meta.url));
const ajv = new Ajv2020.default({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true });
export const schemas = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
for (const schema of schemas) ajv.addSchema(schema);

const SERVER = "pairvoice:/schema/server.json#/$defs/";
const CLIENT = "pairvoice:/schema/client.json#/$defs/";

/** Throws when what a server sent does not satisfy its schema. */
export const validate = (name, body) => check(`${SERVER}${name}`, body);

/** Throws when what a client sent does not satisfy its schema. */
export const validateClient = (name, body) => check(`${CLIENT}${name}`, body);

/** Throws when what a client sent in band does not satisfy its schema. */
export const validateInBand = (body) => check("pairvoice:/schema/in-band.json#/$defs/message", body);

function check(id, body) {
  const valid = ajv.getSchema(id);
  if (!valid) throw new Error(`docs/schema has no ${id}`);
  if (!valid(body)) throw new Error(`${id}: ${ajv.errorsText(valid.errors)}\n${JSON.stringify(body)}`);
}
