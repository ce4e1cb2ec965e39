// Between what is proven and what is known to be wrong lies doubt. Each kind has a name, with which a
// person or a runtime can consent to it.

export const DOUBTS = [
  'newer',
  'older',
  'mismatch',
  'elsewhere',
  'gone',
  'unseen',
  'undated',
  'shared',
  'unlogged',
] as const

export type Doubt = (typeof DOUBTS)[number]

/** The doubts that the caller has consented to. */
export type Consent = ReadonlySet<Doubt>

export const isDoubt = (word: string): word is Doubt => (DOUBTS as readonly string[]).includes(word)
