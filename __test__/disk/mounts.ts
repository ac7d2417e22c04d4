// Real file systems for tests, small and of their own. Mounting takes root on Linux; where it is
// not permitted, tests that need it are skipped with the reason.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why nothing can be mounted here; `undefined` if it can. */
export function mountingProblem(): string | undefined {
  if (process.platform !== 'linux') return 'mounting needs Linux'
  if (process.getuid?.() !== 0) return 'mounting needs root'
  const folder = newFolder()
  const { status, stderr } = spawnSync('mount', tmpfs(1, folder), { encoding: 'utf8' })
  if (status === 0) unmount(folder)
  rmdirSync(folder)
  return status === 0 ? undefined : `mounting is not permitted: ${stderr?.trim()}`
}

/** Mounts an empty file system in memory that holds so many megabytes; gives its folder. */
export function mountTmpfs(megabytes: number): string {
  const folder = newFolder()
  execFileSync('mount', tmpfs(megabytes, folder))
  return folder
}

/** From now on nothing on the file system can be written. */
export function makeReadOnly(folder: string): void {
  execFileSync('mount', ['-o', 'remount,ro', folder])
}

/** Takes a file system away, whether or not something in it is open still. */
export function unmount(folder: string): void {
  execFileSync('umount', ['--lazy', folder])
}

/** An empty folder to mount on. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sutra-mount-'))
}

function tmpfs(megabytes: number, folder: string): string[] {
  return ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'sutra-test', folder]
}
