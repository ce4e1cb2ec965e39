// Rows of trials as a table for SECURITY.md: a line for each way, a column for each runtime.
import type { Row } from './trial.js'

const cell = ({ links, removed = 0, exit, byHint = false, wrong }: Row): string => {
  if (wrong.length > 0) return 'FAILED'
  if (links === undefined) return '-'
  return links === 0 ? `none, exit ${exit}` : `${removed} of ${links}${byHint ? ' by hint' : ''}`
}

export const table = (rows: readonly Row[]): string => {
  const engines = [...new Set(rows.map(({ engine }) => engine))]
  const aborts = [...new Set(rows.map(({ abort }) => abort))]
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const of = (abort: string, engine: string): string => {
    const row = rows.find((one) => one.abort === abort && one.engine === engine)
    return row === undefined ? '-' : cell(row)
  }
  return [
    line(['', ...engines]),
    line(['---', ...engines.map(() => '---')]),
    ...aborts.map((abort) => line([abort, ...engines.map((engine) => of(abort, engine))])),
  ].join('\n')
}
