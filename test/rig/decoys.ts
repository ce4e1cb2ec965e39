// Files beside a link that look like it and are none of this dump's: a clean-up that goes by names
// takes them too.
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'

/** a number that no dump of the rig reaches */
const foreign = 77777

/** the paths of what was put into dir; `survivor` is a file there with another name of a link */
export function putDecoys(dir: string, survivor?: string): string[] {
  const at = (name: string): string => `${dir}/${name}`
  const files = [
    `link_remap.${foreign}`,
    'link_remap.abc',
    'link_remap.',
    'link_remap',
    'link_remap.4.bak',
    'link_remap.04',
    'link_remap.4 ',
    'Link_remap.4',
    'xlink_remap.4',
    '.link_remap.4',
    'orig (deleted)',
    'old.cr_link',
    'old.cr.1.ghost',
  ]
  for (const name of files) writeFileSync(at(name), `decoy ${name}\n`)
  // names that a careless walk would follow or enter
  symlinkSync('/etc/hostname', at(`link_remap.${foreign + 1}`))
  mkdirSync(at(`link_remap.${foreign + 2}`))
  writeFileSync(at(`link_remap.${foreign + 2}/file`), '')
  const put = [...files, ...[1, 2].map((more) => `link_remap.${foreign + more}`)]
  if (survivor === undefined) return put.map(at)
  // as a dump of another program that has the same file open would leave it: same inode, same size
  linkSync(survivor, at(`link_remap.${foreign + 3}`))
  return [...put, `link_remap.${foreign + 3}`].map(at)
}
