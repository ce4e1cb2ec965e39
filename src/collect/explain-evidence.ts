// The same for a link that no image lists, of a file that the living container holds.
import type { Held } from '../checkpoint/model.js'
import { escapeText } from '../escape.js'
import type { EvidenceVerdict } from '../proof/evidence.js'
import type { Span } from '../proof/window.js'
import type { Stat } from '../sys/stat.js'
import { toIso } from '../time.js'
import { doubted, kept, type Outcome } from './outcome.js'

export const explainEvidence = (
  verdict: Exclude<EvidenceVerdict, { is: 'own' }>,
  { ctime }: Pick<Stat, 'ctime'>,
  { by, keptFor }: Held,
  spans: readonly Span[],
): Outcome => {
  if (verdict.is === 'known')
    return verdict.why === 'wanted'
      ? kept('wanted', `the images in ${escapeText(keptFor ?? '')} list it, and are to be kept`)
      : kept(
          'inode',
          `it is not the file that ${by} is any more`,
          'run the same command again to see whose it is',
        )
  const when = toIso(ctime)
  switch (verdict.doubt) {
    case 'shared':
      return doubted(
        'shared',
        'shared',
        `its file has more than one name of this form, and no image says which of them is this dump's`,
        'is there another checkpoint of a container that shares the file? then name its images with --keep; if not, --accept shared removes all',
      )
    case 'undated':
      return doubted(
        'undated',
        'undated',
        `nothing says when the dump was; it was changed ${when}`,
        'give the images with -D, the log with -L, or --since TIME, after which the dump began; --accept undated removes it',
      )
    case 'unlogged':
      return doubted(
        'unlogged',
        'unlogged',
        `it was changed (${when}) while this dump ran, whose log names each file that it came to, and not this one: another dump made it at the same time`,
        'whose dump was that? if its checkpoint is wanted, name its images with --keep; if it was given up, clean up after that one, or --accept unlogged removes it',
      )
    case 'older':
      return doubted(
        'older',
        'older',
        `it was changed (${when}) before the dump began (${toIso(spans[0]?.from ?? ctime)}): another dump made it`,
        'was there an earlier one that was given up? then say --since TIME; if its checkpoint is wanted, name it with --keep',
      )
    default:
      return doubted(
        'newer',
        'newer',
        `it was changed (${when}) when no image was being written (last: ${toIso(spans.at(-1)?.to ?? ctime)}): another dump may have made it, or the container writes to it`,
        'is there no other checkpoint of a container that shares the file? then --accept newer removes it; if there is, name it with --keep',
      )
  }
}
