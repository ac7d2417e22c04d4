// Signals while a server stops, and while the program closes what it has beside it.
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { closeOnSignals } from '../../src/server/index.js'
import { SAME_SIGNAL_MS, type SignalSource } from '../../src/server/http/signals.js'

/** A process that notes what it is ended with. */
class Source extends EventEmitter {
  readonly exits: (string | number | null | undefined)[] = []
  exit(code?: string | number | null): never {
    this.exits.push(code)
    return undefined as never
  }
}

test('a signal that comes twice does not end the process while the store is being closed', async (t) => {
  const source = new Source()
  let closed = 0
  const close = async (): Promise<void> => void closed++
  const server = { url: '', host: '', port: 0, close }
  const stopped = closeOnSignals(server, undefined, source as unknown as SignalSource)
  source.emit('SIGINT', 'SIGINT')
  await stopped
  t.is(closed, 1)
  // Without anybody who listens, the system ends the process.
  t.true(source.emit('SIGINT', 'SIGINT'))
  t.deepEqual(source.exits, [])
  await sleep(SAME_SIGNAL_MS + 50)
  source.emit('SIGTERM', 'SIGTERM')
  t.deepEqual(source.exits, [143])
})
