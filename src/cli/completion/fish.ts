// The completion script for fish.
import { SHELLS } from './shells.js'
import { COMMANDS, COMPLETED, type Completed } from './words.js'

const valuesOf = ({ argument, values }: Completed): string => {
  // An optional value is glued to its option: what follows is a word of its own.
  if (argument !== 'required' || values === undefined) return ''
  if (values === 'files') return ' -r -F'
  if (values === 'directories') return " -x -a '(__fish_complete_directories)'"
  if (values === 'any') return ' -x'
  const words = values.words.join(' ')
  return values.isList === true ? ` -x -a '(__fish_append , ${words})'` : ` -x -a '${words}'`
}

const line = (one: Completed): string => {
  const short = one.short === undefined ? '' : ` -s ${one.short}`
  return `complete -c criu-gc${short} -l ${one.long}${valuesOf(one)} -d '${one.what}'`
}

/** The value of an option before it is none: fish's own __fish_use_subcommand takes it for one. */
const NO_COMMAND = `not __fish_seen_subcommand_from ${Object.keys(COMMANDS).join(' ')}`

export const fishScript =
  (): string => `# fish completion of criu-gc, as "criu-gc completion fish" prints it

complete -c criu-gc -f
${Object.entries(COMMANDS)
  .map(([name, what]) => `complete -c criu-gc -n '${NO_COMMAND}' -a ${name} -d '${what}'`)
  .join('\n')}
complete -c criu-gc -n '__fish_seen_subcommand_from scan' -a '(__fish_complete_directories)'
complete -c criu-gc -n '__fish_seen_subcommand_from completion' -a '${SHELLS.join(' ')}'
${COMPLETED.map(line).join('\n')}
`
