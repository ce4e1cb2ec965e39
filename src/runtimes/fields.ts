// Fields of JSON that somebody else wrote: what is not of the expected type is as none.
import { GcError } from '../errors.js'

export type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** @throws GcError refused where it is no object of JSON. */
export const parseFields = (json: string, where: string): Fields => {
  const value = parse(json, where)
  if (isFields(value)) return value
  throw notJson(where)
}

/** The same of an array of objects. */
export const parseList = (json: string, where: string): Fields[] => {
  const value = parse(json, where)
  if (Array.isArray(value)) return value.filter(isFields)
  throw notJson(where)
}

const parse = (json: string, where: string): unknown => {
  try {
    return JSON.parse(json) as unknown
  } catch (cause) {
    throw notJson(where, cause)
  }
}

const notJson = (where: string, cause?: unknown): GcError =>
  new GcError('refused', 'it is not what a runtime writes there: no JSON of that form', {
    where,
    next: 'nothing was touched; give --root and --external in place of --bundle or --container',
    cause,
  })

export const object = (value: unknown): Fields => (isFields(value) ? value : {})

export const list = (value: unknown): Fields[] =>
  Array.isArray(value) ? value.filter(isFields) : []

export const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []

/** Undefined for an empty one, too, and for one that no path can be. */
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && !value.includes('\0') ? value : undefined

export const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined
