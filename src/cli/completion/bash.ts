// The completion script for bash. It needs nothing of the package bash-completion.
import { SHELLS } from './shells.js'
import { COMMANDS, COMPLETED, type Completed } from './words.js'

const call = ({ values = 'any' }: Completed): string => {
  if (values === 'any') return 'return'
  if (values === 'directories') return '_criu_gc_paths -d; return'
  if (values === 'files') return '_criu_gc_paths -f; return'
  return `_criu_gc_${values.isList === true ? 'list' : 'words'} '${values.words.join(' ')}'; return`
}

const withValue = COMPLETED.filter(({ argument }) => argument === 'required')

export const bashScript =
  (): string => `# bash completion of criu-gc, as "criu-gc completion bash" prints it

_criu_gc_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# some of them, with commas between
_criu_gc_list() {
  local before=''
  [[ $cur == *,* ]] && before=\${cur%,*},
  mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "\${cur##*,}")
}

_criu_gc_paths() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

_criu_gc() {
  local cur=\${COMP_WORDS[COMP_CWORD]} option=\${COMP_WORDS[COMP_CWORD - 1]} command='' i
  COMPREPLY=()
  # the sign in --option=value is a word of its own
  if [[ $cur == = ]]; then
    cur=
  elif [[ $option == = ]]; then
    option=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $option in
${withValue.map((one) => `    ${one.names.join(' | ')}) ${call(one)} ;;`).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    _criu_gc_words '${COMPLETED.flatMap(({ names }) => names).join(' ')}'
    return
  fi
  # the first word that is neither an option nor the value of one
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${withValue.flatMap(({ names }) => names).join(' | ')})
        [[ \${COMP_WORDS[i + 1]} == = ]] && i=$((i + 1))
        i=$((i + 1))
        ;;
      -*) ;;
      *)
        command=\${COMP_WORDS[i]}
        break
        ;;
    esac
  done
  case $command in
    '') _criu_gc_words '${Object.keys(COMMANDS).join(' ')}' ;;
    scan) _criu_gc_paths -d ;;
    completion) _criu_gc_words '${SHELLS.join(' ')}' ;;
  esac
}

complete -F _criu_gc criu-gc
`
