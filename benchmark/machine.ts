// Where a figure was taken. Without this a figure means nothing.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json. */
export const PROJECT = fileURLToPath(new URL('..', import.meta.url))

/** Where npm puts the peers, which are no dependencies of the package. */
export const PEERS = join(PROJECT, 'benchmark/peers')

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly fileSystem: string
  readonly node: string
  readonly rust: string
  readonly sutra: string
  readonly peers: Record<string, string>
  /** Mean number of processes that wanted to run before we did; above 0.5 figures are noise. */
  readonly loadBefore: number
}

export function describeMachine(folder: string): Machine {
  const processors = cpus()
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    fileSystem: fileSystemOf(folder),
    node: process.versions.node,
    rust: said('rustc', ['--version']).split(' ')[1] ?? 'unknown',
    sutra: versionIn(PROJECT),
    peers: peerVersions(),
    loadBefore: loadavg()[0] ?? 0,
  }
}

function peerVersions(): Record<string, string> {
  const { dependencies } = JSON.parse(readFileSync(join(PEERS, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const installed = Object.keys(dependencies).filter((name) => existsSync(peerFolder(name)))
  return Object.fromEntries(installed.map((name) => [name, versionIn(peerFolder(name))]))
}

function peerFolder(name: string): string {
  return join(PEERS, 'node_modules', name)
}

function versionIn(folder: string): string {
  const manifest = readFileSync(join(folder, 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** Whether every peer that package.json names is installed. */
export function hasPeers(): boolean {
  return Object.keys(peerVersions()).length > 0
}

/** On tmpfs a sync does nothing, so the reader has to know. */
function fileSystemOf(folder: string): string {
  const lines = said('df', ['--output=fstype', folder]).split('\n')
  return lines[1]?.trim() ?? 'unknown'
}

function said(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return ''
  }
}
