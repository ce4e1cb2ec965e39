import fs from 'node:fs'
import path from 'node:path'
import { Log } from '../../../src/cli/output.js'
import { refuses, test } from '../support/check.js'

test('messages go to a file of ours in the work directory', (t) => {
  const workDir = t.testdir({ 'old.log': 'what was there before, and longer' })
  for (const logFile of ['new.log', 'old.log']) {
    const log = new Log({ logFile, workDir })
    log.line('one')
    log.text('two\nthree\n')
    t.equal(
      fs.readFileSync(path.join(workDir, logFile), 'utf8'),
      'criu-gc: one\ncriu-gc: two\ncriu-gc: three\n',
    )
  }
  t.equal(fs.statSync(path.join(workDir, 'new.log')).mode & 0o777, 0o600)
})

test('an absolute name is itself', (t) => {
  const dir = t.testdir({})
  new Log({ logFile: path.join(dir, 'x.log'), workDir: '/nowhere' }).line('one')
  t.equal(fs.readFileSync(path.join(dir, 'x.log'), 'utf8'), 'criu-gc: one\n')
})

test('no link is followed, and nothing of somebody else’s emptied', (t) => {
  const workDir = t.testdir({ victim: 'precious', folder: {} })
  const at = (name: string): string => path.join(workDir, name)
  fs.symlinkSync('victim', at('symlink'))
  fs.linkSync(at('victim'), at('hard'))
  fs.symlinkSync('nowhere', at('dangling'))
  for (const logFile of ['symlink', 'hard', 'dangling', 'folder', 'nowhere/x'])
    refuses(t, () => new Log({ logFile, workDir }), 'usage', /the log file/, logFile)
  t.equal(fs.readFileSync(at('victim'), 'utf8'), 'precious')
  t.notOk(fs.existsSync(at('nowhere')))
})
