// Numbers that anybody can have again: input INDEX of seed SEED is the same everywhere and alone.

export class Random {
  private a: number
  private b: number
  private c: number
  private count = 1

  constructor(seed: number, index: number) {
    this.a = seed | 0
    this.b = index | 0
    this.c = (index / 0x100000000) | 0
    for (let i = 0; i < 12; i++) this.next()
  }

  /** 32 bits (sfc32). */
  next(): number {
    const sum = (this.a + this.b + this.count++) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** 0 … limit-1. */
  below(limit: number): number {
    return this.next() % limit
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  /** The same from what may be empty. */
  maybe<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : this.pick(list)
  }

  /** 1, half as often 2, and so on. */
  few(most: number): number {
    let count = 1
    while (count < most && this.once(2)) count += 1
    return count
  }
}
