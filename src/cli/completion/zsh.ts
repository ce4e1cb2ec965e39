// The completion script for zsh, a function of its completion system.
import { SHELLS } from './shells.js'
import { COMMANDS, COMPLETED, type Completed } from './words.js'

const action = ({ values }: Completed): string => {
  if (values === undefined || values === 'any') return ' '
  if (values === 'directories') return '_files -/'
  if (values === 'files') return '_files'
  const words = values.words.join(' ')
  return values.isList === true ? `_sequence compadd - ${words}` : `(${words})`
}

/** How the value of one may stand: "-D DIR", "-DDIR", "--images-dir=DIR"; an optional one only glued to it. */
const named = (name: string, { argument }: Completed): string => {
  if (argument === 'none') return name
  const isLong = name.startsWith('--')
  if (argument === 'optional') return isLong ? `${name}=-` : `${name}-`
  return isLong ? `${name}=` : `${name}+`
}

const spec = (one: Completed): string => {
  const names = one.names.map((name) => named(name, one))
  const either = names.length === 1 ? (names[0] ?? '') : `{${names.join(',')}}`
  const colons = one.argument === 'optional' ? '::' : ':'
  const value = one.argument === 'none' ? '' : `${colons}value:${action(one)}`
  return `    '*'${either}'[${one.what}]${value}' \\`
}

export const zshScript = (): string => `#compdef criu-gc
# zsh completion of criu-gc, as "criu-gc completion zsh" prints it

_criu_gc_rest() {
  if (( \${words[(I)scan]} )); then
    _files -/
  elif (( \${words[(I)completion]} )); then
    compadd -- ${SHELLS.join(' ')}
  else
    _message 'no more arguments'
  fi
}

_criu_gc() {
  local -a names=(
${Object.entries(COMMANDS)
  .map(([name, what]) => `    '${name}:${what}'`)
  .join('\n')}
  )
  _arguments -s -S : \\
${COMPLETED.map(spec).join('\n')}
    '1:command:{ _describe command names }' \\
    '*: :_criu_gc_rest'
}

if [[ $funcstack[1] == _criu-gc ]]; then
  _criu_gc "$@"
else
  compdef _criu_gc criu-gc
fi
`
