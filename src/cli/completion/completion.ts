// `completion SHELL`: its script, made of the table of options.
import { bashScript } from './bash.js'
import { fishScript } from './fish.js'
import type { Shell } from './shells.js'
import { zshScript } from './zsh.js'

const SCRIPTS: Readonly<Record<Shell, () => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

export const completionScript = (shell: Shell): string => SCRIPTS[shell]()
