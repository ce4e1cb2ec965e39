// The report of `list`, and of --all, as one document, schema "criu-gc/1".
import { commandLine } from '../escape.js'
import { toIso } from '../time.js'
import type { ListedCheckpoint, ListedContainer } from '../prepare-list.js'
import { exit, List, SCHEMA, type Json } from './json.js'
import { actionOf, listExit, listTotals, wordsFor, type ListReport } from './list.js'

export const listToJson = (report: ListReport): Json => ({
  schema: SCHEMA,
  command: report.command,
  exit: exit(listExit(report), report.interrupted),
  containers: new List(report.containers, (listed) => containerJson(listed, report)),
  totals: listTotals(report),
  unread: report.unlooked,
})

const containerJson = (listed: ListedContainer, report: ListReport): Json => {
  const { container, state, checkpoints } = listed
  const { runtime, id, name, home, process } = container
  return {
    runtime,
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    home,
    state,
    ...(process === undefined ? {} : { pid: process.pid }),
    checkpoints: checkpoints.map((one) => checkpointJson(one, listed, report)),
  }
}

const checkpointJson = (
  one: ListedCheckpoint,
  listed: ListedContainer,
  { command, runs }: ListReport,
): Json => {
  const { images, dump, complete, written, links, problem, isSelected } = one
  const action = actionOf(listed, one)
  const words = wordsFor(action === 'clean' ? 'clean' : 'show', listed, one)
  const run = runs.get(one)
  return {
    name: images.name,
    imagesDir: images.path,
    ...(dump === undefined ? {} : { dump }),
    complete,
    ...(written === undefined ? {} : { writtenAt: toIso(written) }),
    links,
    ...(problem === undefined ? {} : { problem }),
    action,
    next: commandLine(['criu-gc', ...words]),
    selected: isSelected,
    ...(command === 'list' || run === undefined ? {} : { report: run }),
  }
}
