// dist/program.cjs: two scripts, one after the other, and where one ends and the other begins.

/** A comment between them, which belongs to the first. */
export const MORE = '\n// What most runs do not need.\n'

/** The two, as bytes. */
export const partsOf = (program) => {
  const end = program.indexOf(MORE) + MORE.length
  return [program.subarray(0, end), program.subarray(end)]
}
