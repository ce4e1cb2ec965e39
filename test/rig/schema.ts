// The published JSON Schema: each document that a test gets from the command has to be one of it.
import { readFileSync } from 'node:fs'
import { Ajv2020, type AnySchemaObject, type ValidateFunction } from 'ajv/dist/2020.js'
import type { JsonDocument } from '../../src/report/document.js'
import { inRepo } from './repo.js'

export const SCHEMA_FILE = inRepo('schema', 'criu-gc-1.schema.json')

let compiled: ValidateFunction<JsonDocument> | undefined

const validator = (): ValidateFunction<JsonDocument> => {
  if (compiled !== undefined) return compiled
  const schema = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')) as AnySchemaObject
  // Strict: a word of the schema that means nothing is an error.
  compiled = new Ajv2020({ strict: true }).compile<JsonDocument>(schema)
  return compiled
}

/** what is wrong with it, the likeliest first; undefined for a document of the schema */
export const schemaProblem = (document: unknown): string | undefined => {
  const validate = validator()
  if (validate(document)) return undefined
  // Each kind of document has its errors: the one that it was meant to be got the farthest.
  const errors = [...(validate.errors ?? [])].sort(
    (a, b) => b.instancePath.length - a.instancePath.length,
  )
  return errors
    .slice(0, 5)
    .map(
      ({ instancePath, message = '', params }) =>
        `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
    )
    .join('; ')
}
