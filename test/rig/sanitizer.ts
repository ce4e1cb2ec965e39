// A run that a sanitizer ended is no run, whatever the test expected of it: see test/sanitize.

/** @throws where it did. Without sanitizers nothing prints these words. */
export const refuseReport = (...said: readonly string[]): void => {
  const text = said.join('\n')
  if (/ERROR: \w+Sanitizer|: runtime error: |Sanitizer: CHECK failed/.test(text))
    throw new Error(`a sanitizer ended the command: ${text}`)
}
