// How the kernel finds a path in a mount namespace, written again from its rules and not from the
// program's: a table of what is attached where, filled in the order of attaching. A lookup begins at
// the root that it was given, and crosses into a mount after each name.

export interface Place {
  readonly mount: number
  /** In that mount; "" for its root. */
  readonly path: string
}

export class MountTable {
  private readonly root: number
  private readonly attached = new Map<string, number>()

  constructor(root: number) {
    this.root = root
  }

  resolve(path: string): Place {
    let place: Place = { mount: this.root, path: '' }
    for (const name of path.split('/').filter((part) => part !== '')) {
      place = { mount: place.mount, path: `${place.path}/${name}` }
      for (let over; (over = this.over(place)) !== undefined;) place = { mount: over, path: '' }
    }
    return place
  }

  /** Attaches where a lookup of `path` leads, and answers on which mount that is. */
  attach(mount: number, path: string): number {
    const place = this.resolve(path)
    this.attached.set(`${place.mount}:${place.path}`, mount)
    return place.mount
  }

  private over({ mount, path }: Place): number | undefined {
    return this.attached.get(`${mount}:${path}`)
  }
}
