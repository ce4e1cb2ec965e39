// A battery says every few seconds how far it is, so that a person sees that it is alive.

/** In ms. */
const EVERY = 10_000

/** To be called as often as one likes. On standard error, which nobody holds back until the end. */
export const progress = (what: string): ((done: number, all?: number) => void) => {
  let last = Date.now()
  return (done, all) => {
    if (Date.now() - last < EVERY) return
    last = Date.now()
    process.stderr.write(`${what}: ${done}${all === undefined ? '' : ` of ${all}`}\n`)
  }
}
