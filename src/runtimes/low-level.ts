// runc, crun and youki by the id of a container.
import path from 'node:path'
import type { Runtime } from './container.js'
import { containerIn } from './bundle.js'
import { readSpec } from './spec.js'
import { CRUN, readState, RUNC, YOUKI, type StateForm } from './state.js'
import { namesIn } from './trusted.js'

const lowLevel = (name: string, form: StateForm, places: readonly string[]): Runtime => {
  const find: Runtime['find'] = (place, id) => {
    const state = readState(form, place, id)
    if (state?.bundle === undefined) return []
    const spec = readSpec(state.bundle)
    return [containerIn(state.bundle, { runtime: name, id, state, spec })]
  }
  return {
    name,
    places,
    find,
    all: (place) =>
      namesIn(place).map((id) => ({ home: path.join(place, id), look: () => find(place, id) })),
  }
}

export const LOW_LEVEL: readonly Runtime[] = [
  lowLevel('runc', RUNC, ['/run/runc']),
  lowLevel('crun', CRUN, ['/run/crun']),
  lowLevel('youki', YOUKI, ['/run/youki']),
]
