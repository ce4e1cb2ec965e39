import fs from 'node:fs'
import { openNotes, readNotes } from '../../../src/host/notes.js'
import { asRoot as test } from '../support/check.js'

test('of very many files those that were written first are removed', (t) => {
  const place = `${t.testdir({})}/criu-gc`
  for (let i = 0; i < 999; i++) {
    const fd = openNotes(`run-${i}`, place)
    if (fd === undefined) throw new Error(`run-${i} cannot be written`)
    fs.writeSync(fd, `gone ${i} x\n`)
    fs.closeSync(fd)
    fs.utimesSync(`${place}/run-${i}`, 1000 + i, 1000 + i)
  }
  t.equal([...readNotes(place)].length, 999)
  fs.closeSync(openNotes('run-999', place) ?? -1)
  t.equal(fs.readdirSync(place).length, 1000, 'as many as there may be')
  fs.closeSync(openNotes('run-1000', place) ?? -1)
  const left = fs.readdirSync(place)
  t.equal(left.length, 501)
  t.notOk(left.includes('run-499'))
  t.ok(left.includes('run-500') && left.includes('run-999') && left.includes('run-1000'))
  t.match(Buffer.concat([...readNotes(place)]).toString(), /gone 500 x/)
})

test('what a run wrote before it was killed is followed by a line of its own', (t) => {
  const place = `${t.testdir({})}/criu-gc`
  const first = openNotes('run', place) ?? -1
  fs.writeSync(first, 'gone 1 x\ngone 2 ')
  fs.closeSync(first)
  t.notMatch([...readNotes(place)].join(''), /gone 2/, 'a part of a line says nothing')
  const second = openNotes('run', place) ?? -1
  fs.writeSync(second, 'gone 3 z\n')
  fs.closeSync(second)
  t.match([...readNotes(place)].join(''), /^boot [^\n]+\ngone 1 x\ngone 2 \ngone 3 z\n$/)
})
