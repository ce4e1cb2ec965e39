// What CRIU closes a network namespace with.

const RULES = ['-A CRIU -m mark --mark 0xC114 -j ACCEPT', '-A CRIU -j DROP']

/** what it feeds to iptables-restore */
export const CHAIN_LOCK = [
  ...['*filter', ':CRIU - [0:0]', '-I INPUT -j CRIU', '-I OUTPUT -j CRIU'],
  ...[...RULES, 'COMMIT', ''],
].join('\n')

/** a table of nft's, of the run 17 */
export const TABLE_LOCK = `table inet CRIU-17 {${['input', 'output']
  .map(
    (hook) =>
      `chain ${hook} { type filter hook ${hook} priority 0; policy drop; meta mark 0xC114 accept; };`,
  )
  .join('')}}\n`
