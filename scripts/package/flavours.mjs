// The one description of the system packages, from which both .deb and .rpm are made.
import { join } from 'node:path'

const HOME = '/usr/lib/criu-gc'

const SUMMARY = 'removes the link_remap.N files of aborted CRIU checkpoints'
const DESCRIPTION = [
  'criu dump --link-remap gives deleted files that a process still has open an extra hard link.',
  'When the checkpoint is given up, these links stay behind. criu-gc reads the images of the dump,',
  'constructs the mount namespaces that its processes had, and removes exactly these links.',
]

/** Which Node goes along, as the npm package node-linux-ARCH has it, with the SHA-512 of that tarball. */
export const NODE = {
  version: '22.23.3',
  integrity: {
    x64: 'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
    arm64:
      'sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==',
  },
}

/** `node`: in the first line of the command. Names of libraries are Debian's; rpm finds them by itself. */
export const FLAVOURS = [
  {
    name: 'criu-gc',
    other: 'criu-gc-node',
    provides: [],
    summary: SUMMARY,
    description: DESCRIPTION,
    node: '/usr/bin/node',
    ownNode: false,
    deb: ['nodejs (>= 20.17)', 'libc6 (>= 2.28)', 'libstdc++6 (>= 5.2)'],
    // Fedora's and RHEL's nodejs has the epoch 1.
    rpm: ['nodejs >= 1:20.17', '/usr/bin/node'],
    license: 'Apache-2.0 AND BSD-3-Clause AND MIT',
  },
  {
    name: 'criu-gc-node',
    other: 'criu-gc',
    provides: ['criu-gc'],
    summary: `${SUMMARY}, with its own Node.js`,
    description: [
      ...DESCRIPTION,
      `This package has Node.js ${NODE.version} for itself, for systems that have none or an older one.`,
    ],
    node: join(HOME, 'node'),
    ownNode: true,
    deb: ['libc6 (>= 2.28)', 'libstdc++6 (>= 5.2)', 'libgcc-s1'],
    rpm: [],
    license:
      'Apache-2.0 AND BSD-3-Clause AND MIT AND BSD-2-Clause AND ISC AND Unicode-3.0 AND Zlib',
  },
]

/** Names as each tool expects them. */
export const debName = ({ name }, platform, version) => `${name}_${version}_${platform.deb}.deb`
export const rpmName = ({ name }, platform, version) => `${name}-${version}-1.${platform.rpm}.rpm`

/**
 * What lies where. `from` is a path of the clone or of what was built for the package; `text` is written
 * as it is; `only` for one kind of package. Programs are 0755, all else 0644, everything root's.
 */
export const contentsOf = (flavour, { repo, prebuilds, arch, node, cache, texts }) => {
  const doc = join('/usr/share/doc', flavour.name)
  return [
    { to: join(HOME, 'dist/criu-gc.cjs'), text: texts.command, program: true },
    { to: join(HOME, 'dist/program.cjs'), from: join(repo, 'dist', 'program.cjs') },
    // The system's Node may be any: what another has made is of no use to it.
    ...(cache === undefined ? [] : [{ to: join(HOME, 'dist/program.cache'), from: cache }]),
    {
      to: join(HOME, `prebuilds/linux-${arch}/syscalls.node`),
      from: join(prebuilds, `linux-${arch}/syscalls.node`),
    },
    ...(flavour.ownNode ? [{ to: join(HOME, 'node'), from: node, program: true }] : []),
    { to: '/usr/sbin/criu-gc', link: '../lib/criu-gc/dist/criu-gc.cjs' },
    { to: '/usr/share/man/man8/criu-gc.8.gz', text: texts.manual, doc: true },
    { to: '/usr/share/bash-completion/completions/criu-gc', text: texts.completions.bash },
    { to: '/usr/share/fish/vendor_completions.d/criu-gc.fish', text: texts.completions.fish },
    // Each where that system's zsh looks for it.
    { to: '/usr/share/zsh/vendor-completions/_criu-gc', text: texts.completions.zsh, only: 'deb' },
    { to: '/usr/share/zsh/site-functions/_criu-gc', text: texts.completions.zsh, only: 'rpm' },
    {
      to: '/usr/share/criu-gc/criu-gc-1.schema.json',
      from: join(repo, 'schema/criu-gc-1.schema.json'),
    },
    { to: join(doc, 'README.md'), from: join(repo, 'README.md'), doc: true },
    { to: join(doc, 'SECURITY.md'), from: join(repo, 'SECURITY.md'), doc: true },
    { to: join(doc, 'changelog.gz'), text: texts.changelog, doc: true },
    { to: join(doc, 'copyright'), text: texts.copyright, doc: true },
  ]
}
