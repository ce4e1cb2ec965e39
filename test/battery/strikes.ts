// What somebody may do to a tree between two calls of a run over it. Whatever is put in the place of a link, or of its
// directory, is his, and has "victim" in it.
import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { mount } from '../rig/namespace.js'
import { must } from '../rig/command.js'
import { later } from '../rig/hand-made.js'
import { settledEnd } from './struck.js'
import type { Scene } from './scene.js'

type Cover = () => () => void

export interface Strike {
  readonly name: string
  /** What it does last, where the tree cannot be looked at after it: that answers with what takes it back. */
  readonly strike: (scene: Scene) => Cover | undefined
  /** Something of his lies where the link was: a deletion that is on its way hits it, and has to be an alarm. */
  readonly isInPlace?: true
  /** Links are gone by his hand. */
  readonly removes?: true
  /** Only where there is a process that holds the files. */
  readonly needsHolder?: true
}

const left = ({ made }: Scene): string[] =>
  made.map(({ link }) => link).filter((link) => fs.existsSync(link))

const directories = (scene: Scene): string[] => [
  ...new Set(scene.made.map(({ link }) => dirname(link))),
]

/** Links stay what they are, under another name. */
const aside = (link: string): void => {
  fs.renameSync(link, join(dirname(link), `moved ${basename(link)}`))
}

const victims = (directory: string, scene: Scene, of: string): void => {
  fs.mkdirSync(directory, { recursive: true })
  for (const { link } of scene.made)
    if (dirname(link) === of) fs.writeFileSync(join(directory, basename(link)), 'victim')
}

/** With a link that is removed from another namespace goes what was mounted on it. */
const unbind = (words: readonly string[], on: string): void => {
  if (fs.existsSync(on)) must('umount', [...words, on])
}

/** In the mount namespace that the run looks into. */
const bind = (scene: Scene, from: string, on: string): (() => void) => {
  if (!scene.isLiving) {
    mount('--bind', from, on)
    return () => {
      unbind([], on)
    }
  }
  const inside = ['--namespace', String(scene.pid)]
  mount(...inside, '--bind', from, on)
  return () => {
    unbind(inside, on)
  }
}

const bindAll = (scene: Scene, all: readonly (readonly [from: string, on: string])[]): Cover => {
  return () => {
    const undo = all.map(([from, on]) => bind(scene, from, on))
    return () => {
      for (const one of undo.reverse()) one()
    }
  }
}

export const STRIKES: readonly Strike[] = [
  {
    name: 'another file has the name of each link',
    isInPlace: true,
    strike: (scene) => {
      for (const link of left(scene)) {
        aside(link)
        fs.writeFileSync(link, 'victim')
      }
      return undefined
    },
  },
  {
    name: 'a symbolic link has the name of each link',
    isInPlace: true,
    strike: (scene) => {
      const victim = join(scene.dir('host'), 'victim')
      fs.writeFileSync(victim, 'victim')
      for (const link of left(scene)) {
        aside(link)
        fs.symlinkSync(victim, link)
      }
      return undefined
    },
  },
  {
    name: 'a directory has the name of each link',
    strike: (scene) => {
      for (const link of left(scene)) {
        aside(link)
        fs.mkdirSync(link)
      }
      return undefined
    },
  },
  {
    name: 'another directory has the name of each directory',
    strike: (scene) => {
      for (const directory of directories(scene)) {
        fs.renameSync(directory, `${directory} moved`)
        victims(directory, scene, directory)
      }
      return undefined
    },
  },
  {
    name: 'each directory is moved away',
    strike: (scene) => {
      for (const directory of directories(scene)) fs.renameSync(directory, `${directory} moved`)
      return undefined
    },
  },
  {
    name: 'each directory is a symbolic link that leads elsewhere',
    strike: (scene) => {
      for (const [index, directory] of directories(scene).entries()) {
        const elsewhere = scene.dir('host', String(index))
        victims(elsewhere, scene, directory)
        fs.renameSync(directory, `${directory} moved`)
        fs.symlinkSync(elsewhere, directory)
      }
      return undefined
    },
  },
  {
    name: 'another directory is mounted over each directory',
    strike: (scene) =>
      bindAll(
        scene,
        directories(scene).map((directory, index) => {
          const elsewhere = scene.dir('host', String(index))
          victims(elsewhere, scene, directory)
          return [elsewhere, directory]
        }),
      ),
  },
  {
    name: 'another file is mounted on each link',
    strike: (scene) => {
      const victim = join(scene.dir('host'), 'victim')
      fs.writeFileSync(victim, 'victim')
      return bindAll(
        scene,
        left(scene).map((link) => [victim, link]),
      )
    },
  },
  {
    name: 'somebody removes all links',
    removes: true,
    strike: (scene) => {
      for (const link of left(scene)) fs.unlinkSync(link)
      return undefined
    },
  },
  {
    name: 'the tree ends',
    needsHolder: true,
    strike: (scene) => {
      settledEnd(scene.pid)
      later()
      return undefined
    },
  },
]
