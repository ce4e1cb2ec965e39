// Did the file system of a link die with the container? Only one in memory can. It lives as long as any
// mount namespace has it mounted, whatever keeps that: a process, a thread, an fd, a bind.
//
// | where its device number is mounted now | all namespaces were seen | it is |
// |---|---|---|
// | nowhere, or without the link in it (numbers are given again) | yes | dead |
// | | no | not known |
// | somewhere, with the link in it | any | alive |
// | somewhere, and nobody can look; from the recorded source | any | alive |
// | somewhere, and nobody can look; from another source | as in the first rows | |

/** What a look at one mount with that number and type told. */
export interface Sighting {
  readonly link: 'there' | 'missing' | 'unseen'
  readonly isSameSource: boolean
}

export type Death = 'dead' | 'alive' | 'unknown'

export const isAlive = ({ link, isSameSource }: Sighting): boolean =>
  link === 'there' || (link === 'unseen' && isSameSource)

export const judgeDeath = (sightings: readonly Sighting[], allSeen: boolean): Death => {
  if (sightings.some(isAlive)) return 'alive'
  return allSeen ? 'dead' : 'unknown'
}
