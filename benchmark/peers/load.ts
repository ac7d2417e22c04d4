// Peers are no dependencies of the package: they are looked for where `npm run bench` puts them,
// and one that is not there, or was not compiled, is left out.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { PEERS } from '../machine.js'

/** The module, or undefined with a line that says why not. */
export function loadPeer<Module>(name: string): Module | undefined {
  try {
    return createRequire(join(PEERS, 'package.json'))(name) as Module
  } catch (error) {
    const [reason] = String((error as Error).message).split('\n')
    process.stderr.write(`warning: without ${name}: ${reason}\n`)
    return undefined
  }
}
