// All documents of the schema "criu-gc/1". `npm run schema` makes the published JSON Schema of them.
import type { JsonError } from './error-schema.js'
import type { JsonLinks } from './links-schema.js'
import type { JsonList } from './list-schema.js'
import type { JsonNetworkScan } from './network-schema.js'
import type { JsonScan } from './scan-schema.js'
import type { JsonReport } from './schema.js'

export type JsonDocument =
  JsonReport | JsonLinks | JsonScan | JsonNetworkScan | JsonList | JsonError
