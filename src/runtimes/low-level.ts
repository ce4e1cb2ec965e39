// runc, crun and youki by the id of a container.
import type { Container, Runtime } from './container.js'
import { containerIn } from './bundle.js'
import { readSpec } from './spec.js'
import { CRUN, readState, RUNC, YOUKI, type StateForm } from './state.js'

const lowLevel = (name: string, form: StateForm, places: readonly string[]): Runtime => ({
  name,
  places,
  find: (place, id): Container[] => {
    const state = readState(form, place, id)
    if (state?.bundle === undefined) return []
    const spec = readSpec(state.bundle)
    return [containerIn(state.bundle, { runtime: name, id, state, spec })]
  },
})

export const LOW_LEVEL: readonly Runtime[] = [
  lowLevel('runc', RUNC, ['/run/runc']),
  lowLevel('crun', CRUN, ['/run/crun']),
  lowLevel('youki', YOUKI, ['/run/youki']),
]
