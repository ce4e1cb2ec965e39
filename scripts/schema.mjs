// schema/criu-gc-1.schema.json from the types of src/report: what they say is what is published.
//   npm run schema [-- FILE]
// test/schema.test.ts fails where the file is older than they are.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { format, resolveConfig } from 'prettier'
import ts from 'typescript'

const PUBLISHED = 'schema/criu-gc-1.schema.json'
const SOURCE = 'src/report/document.ts'
const ROOT = 'JsonDocument'

const { config } = ts.readConfigFile('tsconfig.build.json', ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, '.')
const program = ts.createProgram([SOURCE], options)
const checker = program.getTypeChecker()

/** By name: each type that has one of its own. */
const definitions = new Map()

const documentationOf = (symbol) => {
  const text = ts.displayPartsToString(symbol?.getDocumentationComment(checker) ?? [])
  return text === '' ? {} : { description: text.replaceAll('\n', ' ') }
}

/** Pick and Omit of the language are nothing to readers; neither is what has no name. */
const nameOf = (type) => {
  const symbol = type.aliasSymbol ?? type.symbol
  const isOurs = symbol?.declarations?.some(
    (one) =>
      (ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one)) &&
      !program.isSourceFileDefaultLibrary(one.getSourceFile()),
  )
  return isOurs === true ? symbol.name : undefined
}

const isUndefined = (type) => (type.flags & ts.TypeFlags.Undefined) !== 0

const literalOf = (type) => {
  if (type.isStringLiteral() || type.isNumberLiteral()) return type.value
  if (type.flags & ts.TypeFlags.BooleanLiteral) return checker.typeToString(type) === 'true'
  return undefined
}

const unionOf = (types) => {
  const literals = types.map(literalOf)
  const booleans = literals.filter((one) => typeof one === 'boolean')
  const strings = literals.filter((one) => typeof one === 'string').sort()
  const rest = types.filter((_, at) => literals[at] === undefined)
  const found = [
    ...(booleans.length === 2 ? [{ type: 'boolean' }] : booleans.map((one) => ({ const: one }))),
    ...(strings.length === 1 ? [{ const: strings[0] }] : []),
    ...(strings.length > 1 ? [{ enum: strings }] : []),
    ...rest.map(schemaOf),
  ]
  return found.length === 1 ? found[0] : { anyOf: found }
}

const propertyOf = (symbol) => {
  const schema = schemaOf(checker.getTypeOfSymbol(symbol))
  if (symbol.name.endsWith('Base64')) (schema.items ?? schema).contentEncoding = 'base64'
  return { ...schema, ...documentationOf(symbol) }
}

const objectOf = (type) => {
  const properties = checker.getPropertiesOfType(type)
  const required = properties.filter(({ flags }) => !(flags & ts.SymbolFlags.Optional))
  return {
    type: 'object',
    properties: Object.fromEntries(properties.map((one) => [one.name, propertyOf(one)])),
    required: required.map(({ name }) => name),
    additionalProperties: false,
  }
}

const bodyOf = (type) => {
  if (checker.isArrayType(type))
    return { type: 'array', items: schemaOf(checker.getTypeArguments(type)[0]) }
  if (type.isUnion()) return unionOf(type.types.filter((one) => !isUndefined(one)))
  const literal = literalOf(type)
  if (literal !== undefined) return { const: literal }
  if (type.flags & ts.TypeFlags.String) return { type: 'string' }
  // Counts, ids and seconds: none of ours has a fraction.
  if (type.flags & ts.TypeFlags.Number) return { type: 'integer' }
  if (type.flags & ts.TypeFlags.Null) return { type: 'null' }
  if (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) return objectOf(type)
  throw new Error(`no schema for the type ${checker.typeToString(type)}`)
}

const schemaOf = (type) => {
  const name = checker.isArrayType(type) ? undefined : nameOf(type)
  if (name === undefined) return bodyOf(type)
  if (!definitions.has(name)) {
    definitions.set(name, {})
    definitions.set(name, {
      ...documentationOf(type.aliasSymbol ?? type.symbol),
      ...bodyOf(type),
    })
  }
  return { $ref: `#/$defs/${name}` }
}

const source = program.getSourceFile(SOURCE)
const root = checker
  .getExportsOfModule(checker.getSymbolAtLocation(source))
  .find(({ name }) => name === ROOT)
const { anyOf } = bodyOf(checker.getDeclaredTypeOfSymbol(root))
const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:criu-gc:1',
  $comment: 'made by "npm run schema" from src/report',
  title: 'criu-gc/1',
  description: 'What criu-gc --json prints.',
  anyOf,
  $defs: Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1))),
}

const file = resolve(process.argv[2] ?? PUBLISHED)
mkdirSync(dirname(file), { recursive: true })
const style = await resolveConfig(resolve(PUBLISHED))
writeFileSync(file, await format(JSON.stringify(schema), { ...style, parser: 'json' }))
