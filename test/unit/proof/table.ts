// A truth table as data, and the walk over every combination of its facts.
import type { Test } from '../support/check.js'

/** What each fact may be for the row to apply; a fact that is not named may be anything. */
export type Row<F, V> = readonly [when: { readonly [K in keyof F]?: readonly F[K][] }, is: V]

type Values = Readonly<Record<string, readonly unknown[]>>
type One<T extends Values> = { readonly [K in keyof T]: T[K][number] }

/** Every combination of these values. */
export const product = <const T extends Values>(values: T): One<T>[] =>
  Object.entries(values).reduce<Record<string, unknown>[]>(
    (found, [name, some]) =>
      found.flatMap((one) => some.map((value) => ({ ...one, [name]: value }))),
    [{}],
  ) as One<T>[]

const applies = <F, V>([when]: Row<F, V>, facts: F): boolean =>
  (Object.keys(when) as (keyof F)[]).every((name) => when[name]?.includes(facts[name]) ?? true)

/** The first row that applies. */
export const rowFor = <F, V>(rows: readonly Row<F, V>[], facts: F): Row<F, V> => {
  const row = rows.find((one) => applies(one, facts))
  if (row === undefined) throw new Error(`no row for ${JSON.stringify(facts)}`)
  return row
}

/** Each combination is what the first row says that applies to it, and no row is idle. */
export const walk = <F, V>(
  t: Test,
  rows: readonly Row<F, V>[],
  all: readonly F[],
  judge: (facts: F) => V,
): void => {
  const seen = new Map(rows.map((row) => [row, { count: 0, wrong: [] as unknown[] }]))
  for (const facts of all) {
    const row = rowFor(rows, facts)
    const found = seen.get(row)!
    found.count++
    const is = judge(facts)
    if (JSON.stringify(is) !== JSON.stringify(row[1])) found.wrong.push({ facts, is })
  }
  for (const [[when, is], { count, wrong }] of seen) {
    t.ok(count > 0, `a combination for ${JSON.stringify(when)}`)
    t.strictSame(wrong.slice(0, 3), [], `${JSON.stringify(when)}: ${JSON.stringify(is)}`)
  }
}
